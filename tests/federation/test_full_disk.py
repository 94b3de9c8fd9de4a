"""A full disk: one clear error that names it, nothing left on it, and everything goes on when there is room."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fomrepo.errors import FomrepoError, StorageError
from fomrepo.isolation.launch import start_program
from fomrepo.model.deposit_plan import Creator, DepositPlan, PlannedFile
from fomrepo.testing import LocalFederation
from tests.federation.records import TRAJECTORY, adk_files, bytes_on_their_way, deposit_adk

NEEDS_MOUNTS = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk; the other test needs none")


@pytest.fixture
def lone_site(bubblewrap: Path, open_folder: Callable[[], Path]) -> Iterator[LocalFederation]:
    """Return a federation of one site, which is not started yet."""
    federation = LocalFederation(open_folder(), sites=("site-a",), slots=2)
    yield federation
    federation.stop()


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Mount a disk of that size on a folder."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def used(folder: Path) -> int:
    """Bytes of files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@NEEDS_MOUNTS
def test_a_vault_without_room_takes_nothing_and_keeps_nothing(lone_site: LocalFederation, tmp_path: Path) -> None:
    vault = lone_site.home / "vault"
    with small_disk(vault, "3m"):
        lone_site.start("site-a")
        with lone_site.connect() as repo:
            paths = adk_files(tmp_path)
            plan = DepositPlan((PlannedFile(TRAJECTORY),), "A folder", (Creator("Ada"),), "CC0-1.0", ("test",))
            (tmp_path / "fomrepo.toml").write_text(plan.to_text())
            folder = repo.deposit_folder(tmp_path, patience_s=0.0)
            for deposit in (folder.push, lambda: repo.deposit(*paths, title="Too large")):
                with pytest.raises(StorageError, match="is full") as caught:
                    deposit()
                assert str(vault) in caught.value.message
                assert "free some space" in str(caught.value.remedy)
            assert used(vault) <= paths[0].stat().st_size  # the other file waits for the next attempt
            assert list(repo.records()) == []
            subprocess.run(["mount", "-o", "remount,size=20m", vault], check=True)
            with folder:
                assert folder.push().sent == (TRAJECTORY,)
            assert repo.deposit(*paths, title="Too large")[TRAJECTORY].info().n_frames == 98
        lone_site.stop()


@NEEDS_MOUNTS
def test_a_cache_without_room_says_so_and_keeps_nothing(lone_site: LocalFederation) -> None:
    cache = lone_site.home / "cache"
    with small_disk(cache, "40k"):
        lone_site.start("site-a")
        with lone_site.connect() as repo:
            traj = deposit_adk(repo)[TRAJECTORY]
            assert traj.radius_of_gyration(stop=2).cached is False
            for _ in range(2):
                with pytest.raises(FomrepoError, match=f"the disk of {cache}.* is full"):
                    traj.average_structure(select="all")
            assert bytes_on_their_way(lone_site, "site-a") == []
            assert traj.radius_of_gyration(stop=2).cached
        lone_site.stop()


def test_a_file_that_may_not_grow_is_refused_alike(
    lone_site: LocalFederation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fomrepo.testing.federation.start_program", start_program)  # from here, and not forked
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 * 2**20, hard))
    try:
        lone_site["site-a"].begin_start()  # which inherits the limit
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    lone_site["site-a"].wait_until_ready()
    paths = adk_files(tmp_path)
    with lone_site.connect() as repo:
        with pytest.raises(StorageError, match="is full"):
            repo.deposit(*paths, title="Too large")
        assert list(repo.records()) == []
        assert used(lone_site.home / "vault") <= paths[0].stat().st_size
    lone_site["site-a"].stop()
    lone_site.start("site-a")
    with lone_site.connect() as repo:
        assert repo.deposit(*paths, title="Too large").version == 1
