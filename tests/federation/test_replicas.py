"""Copies at other sites: verified, continued after a kill, and as good as what they were made of."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from MDAnalysisTests.datafiles import DCD2, GRO, XTC

from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.errors import FomrepoError, NoReplicaError, NotFoundError
from fomrepo.testing import LocalFederation
from tests.federation.records import (
    TOPOLOGY,
    TRAJECTORY,
    bytes_on_their_way,
    deposit_adk,
    object_path,
    replicate,
    spoil,
    until,
)


@pytest.fixture(scope="module")
def own_federation(bubblewrap: Path, open_folder: Callable[[], Path]) -> Iterator[LocalFederation]:
    """Three sites with a gateway before each, which counts and can stop what passes."""
    with LocalFederation(open_folder(), slots=2, tapped=True) as started:
        yield started


@pytest.fixture
def repo(fragile: LocalFederation, user: str) -> Iterator[Repository]:
    """Return the new user's client at site-a."""
    with fragile.connect(user, site="site-a") as connected:
        yield connected


@pytest.fixture
def record(repo: Repository) -> Record:
    """Return a record that site-a holds."""
    return deposit_adk(repo)


def digest_at(federation: LocalFederation, site: str, record: Record, name: str = TRAJECTORY) -> str:
    return hashlib.sha256(object_path(federation, site, record[name].sha256).read_bytes()).hexdigest()


def test_a_copy_is_the_same_bytes_and_answers_alone(fragile: LocalFederation, repo: Repository) -> None:
    record = repo.deposit(GRO, XTC, title="With water")
    replicate(repo, record.accession, "site-b")
    for file in record:
        assert digest_at(fragile, "site-b", record, file.name) == file.sha256
    assert {(one.file, one.site, one.state) for one in repo.replicas(record.accession)} == {
        (file.name, site, "good") for file in record for site in ("site-a", "site-b")
    }
    fragile["site-a"].stop()
    with fragile.connect(record.owner, site="site-c") as at_c:
        answer = at_c[record.accession][Path(XTC).name].radius_of_gyration(select="protein", stop=3)
    assert answer.site == "site-b"


def test_copying_again_moves_nothing(fragile: LocalFederation, repo: Repository, record: Record) -> None:
    replicate(repo, record.accession, "site-b")
    before = fragile.taps["site-a"].passed_bytes
    done = repo.replicate(record.accession, "site-b")
    assert (done.done, done.copied) == (True, done.total)
    assert fragile.taps["site-a"].passed_bytes - before < 20_000


def test_a_copy_goes_on_after_its_site_was_killed(fragile: LocalFederation, repo: Repository, record: Record) -> None:
    size, tap = record[TRAJECTORY].size, fragile.taps["site-a"]
    tap.hold_after(record[TOPOLOGY].size + size // 2)
    part = fragile["site-b"].home / "vault" / "incoming" / f"{record[TRAJECTORY].sha256}.replica"
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(repo.replicate, record.accession, "site-b")
        until(lambda: part.exists() and part.stat().st_size >= 2**20)
        assert (TRAJECTORY, "site-b", "intermediate") in {
            (one.file, one.site, one.state) for one in repo.replicas(record.accession)
        }
        fragile["site-b"].kill()
        tap.release()
        assert isinstance(asking.exception(), FomrepoError) or not asking.result().done
    received, before = part.stat().st_size, tap.passed_bytes
    fragile.start("site-b")
    replicate(repo, record.accession, "site-b")
    assert tap.passed_bytes - before < size - received + 200_000
    assert digest_at(fragile, "site-b", record) == record[TRAJECTORY].sha256
    assert bytes_on_their_way(fragile, "site-b") == []


def test_a_copy_goes_on_at_another_source(fragile: LocalFederation, repo: Repository, record: Record) -> None:
    replicate(repo, record.accession, "site-b")
    for tap in (fragile.taps["site-a"], fragile.taps["site-b"]):
        tap.hold_after(record[TOPOLOGY].size + record[TRAJECTORY].size // 2)
    part = fragile["site-c"].home / "vault" / "incoming" / f"{record[TRAJECTORY].sha256}.replica"
    with fragile.connect(record.owner, site="site-c") as at_c, ThreadPoolExecutor(1) as pool:
        asking = pool.submit(replicate, at_c, record.accession, "site-c")
        until(lambda: part.exists() and part.stat().st_size >= 2**20)
        fragile["site-a"].kill()
        for tap in (fragile.taps["site-a"], fragile.taps["site-b"]):
            tap.release()
        asking.result(timeout=60)
    assert digest_at(fragile, "site-c", record) == record[TRAJECTORY].sha256


def test_a_part_with_wrong_bytes_is_not_built_upon(fragile: LocalFederation, repo: Repository, record: Record) -> None:
    part = fragile["site-b"].home / "vault" / "incoming" / f"{record[TRAJECTORY].sha256}.replica"
    part.write_bytes(b"x" * 1000)
    part.chmod(0o666)
    with pytest.raises(FomrepoError, match="not the bytes that were sent"):
        replicate(repo, record.accession, "site-b")
    assert not part.exists()
    replicate(repo, record.accession, "site-b")
    assert digest_at(fragile, "site-b", record) == record[TRAJECTORY].sha256


def test_a_bad_copy_is_never_copied(fragile: LocalFederation, repo: Repository, record: Record) -> None:
    replicate(repo, record.accession, "site-b")
    spoil(object_path(fragile, "site-a", record[TRAJECTORY].sha256))
    spoil(object_path(fragile, "site-b", record[TRAJECTORY].sha256))
    for _ in range(2):
        with pytest.raises(FomrepoError):
            replicate(repo, record.accession, "site-c")
        assert not object_path(fragile, "site-c", record[TRAJECTORY].sha256).exists()
    assert bytes_on_their_way(fragile, "site-c") == []
    with pytest.raises(NoReplicaError):
        record[TRAJECTORY].radius_of_gyration(stop=1)


def test_two_versions_that_share_a_file_are_copied_at_once(fragile: LocalFederation, repo: Repository) -> None:
    first = deposit_adk(repo, title="Shared topology")
    psf = object_path(fragile, "site-a", first[TOPOLOGY].sha256)
    folder = fragile.folder / first.accession
    folder.mkdir()
    (folder / TOPOLOGY).write_bytes(psf.read_bytes())
    (folder / TRAJECTORY).write_bytes(Path(DCD2).read_bytes())
    repo.deposit(folder / TOPOLOGY, folder / TRAJECTORY, title="Again", new_version_of=first.accession)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(replicate, repo, f"{first.accession}.v{n}", "site-b") for n in (1, 2, 1, 2)]
        for one in asked:
            one.result(timeout=60)
    for version in (repo[f"{first.accession}.v1"], repo[f"{first.accession}.v2"]):
        for file in version:
            assert digest_at(fragile, "site-b", version, file.name) == file.sha256
    assert bytes_on_their_way(fragile, "site-b") == []


def test_a_site_that_nobody_knows_is_named(repo: Repository, record: Record) -> None:
    with pytest.raises(NotFoundError, match="no site is named 'site-x'") as caught:
        repo.replicate(record.accession, "site-x")
    assert "site-a, site-b, site-c" in str(caught.value.remedy)


def test_a_site_that_is_down_is_named(fragile: LocalFederation, repo: Repository, record: Record) -> None:
    fragile["site-c"].kill()
    begun = time.monotonic()
    with pytest.raises(FomrepoError, match="no answer from site-c"):
        repo.replicate(record.accession, "site-c")
    assert time.monotonic() - begun < 20


def test_bytes_come_through_a_site_that_has_none_of_them(
    fragile: LocalFederation, repo: Repository, record: Record, tmp_path: Path
) -> None:
    with fragile.connect(record.owner, site="site-c") as at_c:
        path = at_c[record.accession][TRAJECTORY].download(tmp_path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == record[TRAJECTORY].sha256


def test_a_spoilt_copy_is_not_handed_out(
    fragile: LocalFederation, repo: Repository, record: Record, tmp_path: Path
) -> None:
    replicate(repo, record.accession, "site-b")
    spoil(object_path(fragile, "site-a", record[TRAJECTORY].sha256))
    path = record[TRAJECTORY].download(tmp_path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == record[TRAJECTORY].sha256
