"""The private cache: the same question on the same bytes is answered without computing, and on no other bytes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from MDAnalysisTests.datafiles import DCD2

from fomrepo.catalog import open_catalog
from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.errors import NoReplicaError
from fomrepo.model.files import ReplicaState
from fomrepo.site.administration import open_administration
from fomrepo.testing import LocalFederation
from tests.federation.methods import SLOW, publish
from tests.federation.records import (
    TOPOLOGY,
    TRAJECTORY,
    blobs,
    deposit_adk,
    object_path,
    replicate,
    runs,
    spoil,
    until,
)

Stored = tuple[Repository, Record]


@pytest.fixture
def stored(fragile: LocalFederation, user: str) -> Iterator[Stored]:
    """Return a new user's client at site-a, and a record of his at site-b alone."""
    with fragile.connect(user, site="site-a") as repo:
        with fragile.connect(user, site="site-b") as at_b:
            record = deposit_adk(at_b)
        yield repo, repo[record.accession]


@pytest.fixture(scope="module")
def slow(own_federation: LocalFederation) -> None:
    """Publish a method that takes as long as it is told to."""
    publish(own_federation, SLOW)


def digest(record: Record, name: str = TRAJECTORY) -> str:
    return record[name].sha256


def adk_again(folder: Path, federation: LocalFederation, record: Record) -> list[Path]:
    """Write the files of a record of site-b to this disk."""
    return [
        shutil.copy(object_path(federation, "site-b", one.sha256), folder / one.name)
        for one in (record[TOPOLOGY], record[TRAJECTORY])
    ]


def good_at(federation: LocalFederation, content: str) -> list[str]:
    """Sites whose copy the catalog takes for good."""
    with open_administration(federation.home) as administration:
        found = {name: administration.catalog.replicas.get(name, content) for name in federation.sites}
    return [name for name, one in found.items() if one is not None and one.state is ReplicaState.GOOD]


# --- hits -------------------------------------------------------------------------------------------------------------


def test_the_second_time_nothing_is_computed_at_whatever_site(fragile: LocalFederation, stored: Stored) -> None:
    repo, record = stored
    first = record[TRAJECTORY].radius_of_gyration(stop=5)
    before = runs(fragile)
    again = [record[TRAJECTORY].radius_of_gyration(stop=5)]
    for site in ("site-b", "site-c"):
        with fragile.connect(repo.whoami().name, site=site) as other:
            again.append(other[record.accession][TRAJECTORY].radius_of_gyration(stop=5))
    assert runs(fragile) == before
    assert not first.cached
    assert [one.cached for one in again] == [True, True, True]
    assert {one.site for one in again} == {"site-b"}
    for one in again:
        np.testing.assert_array_equal(one.radius_of_gyration, first.radius_of_gyration)


def test_what_is_asked_otherwise_is_computed_and_what_means_the_same_is_not(
    fragile: LocalFederation, stored: Stored
) -> None:
    traj = stored[1][TRAJECTORY]
    traj.rmsd(select="name CA", stop=4)
    before = runs(fragile)
    assert traj.rmsd(select="  name   CA ", stop=4, ref_frame=0).cached
    assert runs(fragile) == before
    assert not traj.rmsd(select="name CA", stop=5).cached
    assert not traj.rmsd(select="name CB", stop=4).cached
    assert runs(fragile) == before + 2


def test_a_second_member_s_first_answer_reads_as_fresh(fragile: LocalFederation, user: str, stranger: str) -> None:
    fragile.token(user), fragile.token(stranger)
    with open_administration(fragile.home) as administration:
        administration.catalog.people.add_project(f"p-{user}", members=[user, stranger])
    with fragile.connect(user) as mine, fragile.connect(stranger) as theirs:
        record = deposit_adk(mine, project=f"p-{user}")
        first = mine[record.accession][TRAJECTORY].radius_of_gyration(stop=3)
        before = runs(fragile)
        second = theirs[record.accession][TRAJECTORY].radius_of_gyration(stop=3)
        third = theirs[record.accession][TRAJECTORY].radius_of_gyration(stop=3)
    assert runs(fragile) == before
    assert not second.cached
    assert third.cached
    assert second.operation != first.operation
    assert second.provenance.computed > first.provenance.computed
    assert "cached" not in repr(second).lower()


def test_nobody_outside_the_project_shares_its_results(
    fragile: LocalFederation, stored: Stored, stranger: str, tmp_path: Path
) -> None:
    _, record = stored
    record[TRAJECTORY].radius_of_gyration(stop=3)
    with fragile.connect(stranger, site="site-b") as theirs:
        same_bytes = theirs.deposit(*adk_again(tmp_path, fragile, record), title="The same bytes")
        assert digest(same_bytes) == digest(record)
        before = runs(fragile)
        assert not same_bytes[TRAJECTORY].radius_of_gyration(stop=3).cached
        assert runs(fragile) == before + 1


def test_a_new_version_is_computed_and_the_old_one_still_answers(fragile: LocalFederation, stored: Stored) -> None:
    repo, record = stored
    old = record[TRAJECTORY].radius_of_gyration()
    with fragile.connect(repo.whoami().name, site="site-c") as at_c:
        deposit_adk(at_c, path=DCD2, title="Another path", new_version_of=record.accession)
    new = repo[record.accession][TRAJECTORY].radius_of_gyration()
    pinned = repo[f"{record.accession}.v1"][TRAJECTORY].radius_of_gyration()
    assert (new.cached, new.site, len(new.radius_of_gyration)) == (False, "site-c", 102)
    assert (pinned.cached, pinned.site, len(pinned.radius_of_gyration)) == (True, "site-b", 98)
    np.testing.assert_array_equal(pinned.radius_of_gyration, old.radius_of_gyration)
    assert new.provenance.inputs[0][0] == f"{record.accession}.v2"
    # A file object that was fetched before follows its record.
    assert record[TRAJECTORY].radius_of_gyration().provenance.inputs[0][0] == f"{record.accession}.v2"


# --- bytes that changed behind our back -------------------------------------------------------------------------------


def test_a_changed_file_gives_no_old_answer_and_a_copy_mends_it(fragile: LocalFederation, stored: Stored) -> None:
    repo, record = stored
    traj, content = record[TRAJECTORY], digest(record)
    answer = traj.radius_of_gyration(stop=7)
    replicate(repo, record.accession, "site-c")
    spoil(object_path(fragile, "site-b", content))
    before = runs(fragile)
    again = traj.radius_of_gyration(stop=7)
    assert runs(fragile) == before + 1
    assert again.site == "site-c"
    assert not again.cached
    np.testing.assert_array_equal(again.radius_of_gyration, answer.radius_of_gyration)
    assert good_at(fragile, content) == ["site-c"]

    spoil(object_path(fragile, "site-c", content))
    with pytest.raises(NoReplicaError, match="no site can run") as caught:
        traj.radius_of_gyration(stop=7)
    assert record.accession in str(caught.value.remedy)
    assert "fomrepo replicate" in str(caught.value.remedy)
    assert good_at(fragile, content) == []


def test_a_replica_is_mended_by_replicating_again(fragile: LocalFederation, stored: Stored) -> None:
    repo, record = stored
    replicate(repo, record.accession, "site-c")
    spoil(object_path(fragile, "site-b", digest(record)))
    assert record[TRAJECTORY].radius_of_gyration(stop=2).site == "site-c"
    fragile["site-c"].kill()
    with pytest.raises(NoReplicaError, match="site-c"):
        record[TRAJECTORY].radius_of_gyration(stop=3)
    fragile.start("site-c")
    replicate(repo, record.accession, "site-b")
    assert good_at(fragile, digest(record)) == ["site-b", "site-c"]
    fragile["site-c"].stop()
    assert record[TRAJECTORY].radius_of_gyration(stop=3).site == "site-b"


@pytest.mark.parametrize("name", [TOPOLOGY, TRAJECTORY])
def test_a_stored_answer_is_not_given_when_any_of_its_inputs_changed(
    fragile: LocalFederation, stored: Stored, name: str
) -> None:
    repo, record = stored
    with fragile.connect(repo.whoami().name, site="site-b") as at_b:
        traj = at_b[record.accession][TRAJECTORY]
        traj.radius_of_gyration(stop=2)
        assert traj.radius_of_gyration(stop=2).cached
        kept = blobs(fragile, "site-b")
        spoil(object_path(fragile, "site-b", digest(record, name)))
        with pytest.raises(NoReplicaError):
            traj.radius_of_gyration(stop=2)
    assert len(blobs(fragile, "site-b")) < len(kept)


def test_a_file_that_vanished_gives_no_old_answer(fragile: LocalFederation, stored: Stored) -> None:
    _, record = stored
    record[TRAJECTORY].radius_of_gyration(stop=2)
    object_path(fragile, "site-b", digest(record)).unlink()
    with pytest.raises(NoReplicaError):
        record[TRAJECTORY].radius_of_gyration(stop=2)


def test_a_touched_file_with_the_same_bytes_stays_good(fragile: LocalFederation, stored: Stored) -> None:
    _, record = stored
    record[TRAJECTORY].radius_of_gyration(stop=2)
    path = object_path(fragile, "site-b", digest(record))
    copy = path.with_suffix(".copy")
    shutil.copy2(path, copy)
    shutil.chown(copy, path.stat().st_uid, path.stat().st_gid)
    copy.rename(path)
    before = runs(fragile)
    assert record[TRAJECTORY].radius_of_gyration(stop=2).cached
    assert runs(fragile) == before
    assert good_at(fragile, digest(record)) == ["site-b"]


# --- blobs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("deed", "stop"), [(spoil, 11), (Path.unlink, 12)], ids=["changed", "deleted"])
def test_a_blob_that_is_not_what_it_was_is_a_miss(
    fragile: LocalFederation, stored: Stored, deed: Callable[[Path], None], stop: int
) -> None:
    traj = stored[1][TRAJECTORY]
    known = set(blobs(fragile, "site-b"))
    first = traj.radius_of_gyration(stop=stop)
    (blob,) = set(blobs(fragile, "site-b")) - known
    deed(blob)
    before = runs(fragile)
    again = traj.radius_of_gyration(stop=stop)
    assert runs(fragile) == before + 1
    assert not again.cached
    np.testing.assert_array_equal(again.radius_of_gyration, first.radius_of_gyration)
    assert traj.radius_of_gyration(stop=stop).cached


# --- the fence --------------------------------------------------------------------------------------------------------


def test_an_answer_is_not_kept_when_its_data_changed_meanwhile(
    fragile: LocalFederation, stored: Stored, slow: None
) -> None:
    repo, record = stored
    before = results(fragile)
    future = repo[record.accession][TRAJECTORY].submit.slow(seconds=3.0)
    until(lambda: running(repo, "site-b"))
    spoil(object_path(fragile, "site-b", digest(record)))
    with pytest.raises(NoReplicaError):
        future.result(timeout=60)
    assert results(fragile) == before
    assert good_at(fragile, digest(record)) == []


def test_a_version_that_came_meanwhile_is_what_gets_answered(
    fragile: LocalFederation, stored: Stored, slow: None
) -> None:
    repo, record = stored
    future = record[TRAJECTORY].submit.slow(seconds=4.0)
    until(lambda: running(repo, "site-b"))
    with fragile.connect(repo.whoami().name, site="site-b") as at_b:
        deposit_adk(at_b, path=DCD2, title="Another path", new_version_of=record.accession)
    assert future.result(timeout=60).provenance.inputs[0][0] == f"{record.accession}.v2"


def running(repo: Repository, site: str) -> int:
    """Runs under way at a site, as it last said."""
    return next(one.running for one in repo.sites() if one.name == site)


def results(federation: LocalFederation) -> int:
    """Rows in the index of results."""
    with open_administration(federation.home) as administration, open_catalog(administration.settings.catalog) as one:
        return int(one._database.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM results").scalar_one()))
