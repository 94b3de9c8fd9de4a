"""Files of published methods, fetched to be read: only those that were published are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from fomrepo.client.bundle_folder import read_folder
from fomrepo.client.repository import Repository
from fomrepo.errors import MethodNotTrustedError
from fomrepo.wire.methods import bundle_to_wire, schema_to_wire
from fomrepo.wire.v1 import methods_pb2
from tests.client.scripted_site import ScriptedSite

RMSF = read_folder(Path(__file__).parents[2] / "methods" / "rmsf")


@pytest.fixture(autouse=True)
def published(site: ScriptedSite) -> None:
    """The site lists the method, and reads it out."""
    schema = schema_to_wire(RMSF.schema)
    listed = methods_pb2.Method(digest=RMSF.digest, schema_json=schema, state="published")
    site.answers["ListMethods"] = lambda _: methods_pb2.ListMethodsReply(snapshot=1, methods=[listed])
    signer = methods_pb2.MethodSigner(reviewer="grace", key_id="k1", signed=1_790_000_000)
    site.answers["ReadMethod"] = lambda _: methods_pb2.ReadMethodReply(
        bundle=bundle_to_wire(RMSF.files), author="ada", signers=[signer]
    )


def test_the_papers_of_a_method_are_its_files_and_who_stands_for_them(repo: Repository) -> None:
    papers = repo.method_papers("rmsf")
    assert papers.bundle == RMSF
    assert papers.readme.startswith("# rmsf")
    assert (papers.author, [one.reviewer for one in papers.signers]) == ("ada", ["grace"])


@pytest.mark.parametrize("path", ["README.md", "method.toml", "rmsf.py"])
def test_files_that_were_not_published_are_not_shown(repo: Repository, site: ScriptedSite, path: str) -> None:
    files = {**RMSF.files, path: RMSF.files[path] + b"\n# and more\n"}
    site.answers["ReadMethod"] = lambda _: methods_pb2.ReadMethodReply(bundle=bundle_to_wire(files))
    with pytest.raises(MethodNotTrustedError, match="other files than those of rmsf"):
        repo.method_papers("rmsf")


def test_a_bundle_that_is_none_is_not_shown(repo: Repository, site: ScriptedSite) -> None:
    site.answers["ReadMethod"] = lambda _: methods_pb2.ReadMethodReply()
    with pytest.raises(MethodNotTrustedError, match=r"no method\.toml"):
        repo.method_papers("rmsf")
