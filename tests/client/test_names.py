"""Records as arguments: by name, or as the object that one has in hand."""

from __future__ import annotations

import pytest

from fomrepo.client.repository import Repository
from fomrepo.errors import ArgumentError
from fomrepo.wire.v1 import files_pb2, metadata_pb2
from tests.client.scripted_site import ScriptedSite


def test_a_record_is_asked_for_in_the_version_that_it_describes(repo: Repository, site: ScriptedSite) -> None:
    site.answers["GetMetadata"] = lambda _: metadata_pb2.MetadataReply()
    site.answers["GetQuality"] = lambda _: metadata_pb2.QualityReply()
    site.answers["ListReplicas"] = lambda _: files_pb2.ListReplicasReply()
    record = repo["FOM-402917"]
    for ask, rpc in (
        (repo.metadata.of, "GetMetadata"),
        (repo.quality.of, "GetQuality"),
        (repo.replicas, "ListReplicas"),
    ):
        ask(record)
        ask("FOM-402917")
        assert [one.record for one in site.requests(rpc)] == ["FOM-402917.v1", "FOM-402917"]


@pytest.mark.parametrize("wrong", ["nothing", 402917, None])
def test_what_names_no_record_is_said_before_anything_is_sent(
    repo: Repository, site: ScriptedSite, wrong: object
) -> None:
    with pytest.raises(ArgumentError, match="names no record"):
        repo.metadata.of(wrong)  # type: ignore[arg-type]  # as a caller errs
    assert not site.requests("GetMetadata")


def test_methods_of_an_older_version_are_looked_for_there(repo: Repository, site: ScriptedSite) -> None:
    for name in ("FOM-402917.v1", "FOM-402917"):
        list(repo[name]["adk_dims.dcd"].methods)
    asked = [one.file for one in site.requests("ListAttached")]
    assert [(one.record, one.name) for one in asked] == [
        ("FOM-402917.v1", "adk_dims.dcd"),
        ("FOM-402917", "adk_dims.dcd"),
    ]
