"""A site that is gone, before a call and amid one: the next one answers, and the same thing is asked."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

import fomrepo
from fomrepo.client.download import read_range
from fomrepo.client.repository import Repository
from fomrepo.errors import IdentityError, NotAuthenticatedError, SiteUnreachableError
from fomrepo.site.certificates import new_authority
from fomrepo.wire.v1 import files_pb2
from tests.client.scripted_site import AUTHORITY, TOKEN, ScriptedSite, reply, rmsd_container

Two = tuple[ScriptedSite, ScriptedSite]


def connect(*sites: ScriptedSite, token: str = TOKEN) -> Repository:
    return fomrepo.connect([one.address for one in sites], token=token, ca=AUTHORITY.certificate.decode())


def test_a_site_that_is_down_is_passed_over(sites: Two) -> None:
    first, second = sites
    first.stop()
    with connect(first, second) as repo:
        assert repo.whoami().site == "site-b"
        assert repo["FOM-402917"]["adk_dims.dcd"].rmsd().rmsd.shape == (3,)
    assert second.counted["Call"] == 1


def test_other_sites_are_learned(sites: Two) -> None:
    first, second = sites
    with connect(first) as repo:
        traj = repo["FOM-402917"]["adk_dims.dcd"]
        first.stop()
        assert traj.rmsd().rmsd.shape == (3,)
    assert second.counted["Call"] == 1


def test_a_call_goes_on_when_its_site_dies(sites: Two) -> None:
    first, second = sites
    first.answers["Call"] = lambda _: reply("running", operation="op-5")
    first.answers["Wait"] = lambda _: (time.sleep(0.5), reply("running", operation="op-5"))[1]
    second.answers["Wait"] = lambda _: reply(operation="op-5")
    with connect(first) as repo:
        future = repo["FOM-402917"]["adk_dims.dcd"].submit.rmsd()
        first.stop()
        assert future.result(timeout=30).operation == "op-5"
    assert [one.operation for one in second.requests("Wait")] == ["op-5"]


def test_a_call_that_was_not_answered_is_sent_under_the_same_key(sites: Two) -> None:
    first, second = sites
    first.answers["Call"] = lambda _: (first._server.stop(None), time.sleep(2))[1]
    with connect(first) as repo:
        repo["FOM-402917"]["adk_dims.dcd"].rmsd()
    keys = {one.idempotency_key for site in sites for one in site.requests("Call")}
    assert len(keys) == 1
    assert (first.counted["Call"], second.counted["Call"]) == (1, 1)


def test_a_stream_that_breaks_goes_on_at_another_site(sites: Two) -> None:
    first, second = sites
    data = rmsd_container(200_000)
    announced = reply()
    announced.result, announced.result_size = b"", len(data)

    def half(request: object) -> object:
        yield files_pb2.Chunk(data=data[: 2**20])
        first._server.stop(None)
        time.sleep(1)

    first.answers["Call"] = lambda _: announced
    first.answers["ReadResult"] = half
    second.answers["ReadResult"] = lambda request: (
        files_pb2.Chunk(data=data[start : start + 2**20]) for start in range(request.offset, len(data), 2**20)
    )
    with connect(first) as repo:
        result = repo["FOM-402917"]["adk_dims.dcd"].rmsd()
    np.testing.assert_array_equal(result.rmsd, np.linspace(0, 1, 200_000))
    assert second.requests("ReadResult")[0].offset == 2**20


def test_a_stream_that_never_begins_ends() -> None:
    for _ in range(100):  # gRPC's default way to receive waited forever after one in some hundreds
        site = ScriptedSite()
        with connect(site) as repo:
            file = repo["FOM-402917"]["adk.psf"]
            site.stop()
            with pytest.raises(SiteUnreachableError):
                read_range(file, repo._connection, 0, 10)


def test_if_no_site_answers_all_are_named(sites: Two) -> None:
    first, second = sites
    first.stop()
    second.stop()
    with pytest.raises(SiteUnreachableError) as caught:
        connect(first, second)
    assert first.address in caught.value.message
    assert second.address in caught.value.message
    assert caught.value.remedy


def test_a_site_that_says_no_is_believed(sites: Two) -> None:
    first, second = sites
    with pytest.raises(NotAuthenticatedError, match="token is not known"):
        connect(first, second, token=TOKEN.replace("a", "c"))
    assert not second.received


def test_a_stranger_with_another_authority_gets_no_token(tmp_path: Path) -> None:
    stranger = ScriptedSite(authority=new_authority("stranger"))
    try:
        with pytest.raises(IdentityError, match="not of this federation"):
            connect(stranger)
        assert not stranger.received
    finally:
        stranger.stop()
