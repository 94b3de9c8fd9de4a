"""Bytes leave a federation: ranges, whole files, a cache, a file system, a mount, a Universe."""

from __future__ import annotations

import ctypes.util
import hashlib
import json
import mmap
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import MDAnalysis
import numpy as np
import pytest
from MDAnalysisTests import datafiles

import fomrepo
from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.errors import ArgumentError, SettingsError
from fomrepo.testing import LocalFederation
from fomrepo.wire.v1 import files_pb2
from tests.federation.conftest import OWNER

pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:MDAnalysis")

DCD = Path(datafiles.DCD).read_bytes()


@pytest.mark.parametrize("site", ["site-a", "site-c"])  # which holds the file, and which passes it on
@pytest.mark.parametrize(
    ("offset", "length"),
    [(0, 10), (1_000_000, 2_000_000), (len(DCD) - 3, 100), (len(DCD) - 3, 0), (len(DCD) + 1, 5)],
)
def test_a_range_of_a_file(federation: LocalFederation, adk: Record, site: str, offset: int, length: int) -> None:
    expected = DCD[offset : offset + length] if length else DCD[offset:]
    request = files_pb2.ReadFileRequest(record=adk.versioned, name="adk_dims.dcd", offset=offset, length=length)
    with federation.connect(OWNER, site=site) as repo:
        assert b"".join(repo._connection.receive(lambda one: one.read_file, lambda _: request)) == expected


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOMREPO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def local() -> MDAnalysis.Universe:
    """What plain MDAnalysis makes of the deposited files."""
    return MDAnalysis.Universe(datafiles.PSF, datafiles.DCD)


def test_fetched_paths_make_a_universe(owner: Repository, adk: Record, local: MDAnalysis.Universe, cache: Path) -> None:
    fetched = MDAnalysis.Universe(*fomrepo.fetch(adk.accession, repo=owner))
    assert len(fetched.trajectory) == 98
    np.testing.assert_array_equal(fetched.trajectory[50].positions, local.trajectory[50].positions)


@pytest.mark.parametrize(
    ("chosen", "frames"),
    [
        ({"step": 20}, range(0, 98, 20)),
        ({"start": 90}, range(90, 98)),
        ({"frames": [7, 3, 50]}, [7, 3, 50]),
        ({"frames": slice(None, 3)}, range(3)),
    ],
)
def test_a_reduced_universe(
    owner: Repository, adk: Record, local: MDAnalysis.Universe, cache: Path, chosen: dict[str, Any], frames: list[int]
) -> None:
    reduced = owner[adk.accession]["adk_dims.dcd"].universe("name CA", **chosen)
    atoms = local.select_atoms("name CA")
    assert len(reduced.trajectory) == len(frames)
    for here, there in zip(reduced.trajectory, (local.trajectory[one] for one in frames), strict=True):
        np.testing.assert_array_equal(here.positions, atoms.positions)
        np.testing.assert_array_equal(here.dimensions, there.dimensions)
        assert here.time == pytest.approx(there.time)
    for name in ("names", "resnames", "resids", "masses", "charges", "segids"):
        np.testing.assert_array_equal(getattr(reduced.atoms, name), getattr(atoms, name))


def test_a_universe_of_all_atoms_is_the_users_own(owner: Repository, adk: Record, cache: Path) -> None:
    whole = owner[adk.accession]["adk_dims.dcd"].universe(stop=2)
    assert (len(whole.atoms), len(whole.bonds)) == (3341, 3365)
    whole.trajectory[1]
    whole.atoms.translate([1, 2, 3])
    copied = whole.copy()
    assert copied.trajectory[1].time == whole.trajectory[1].time > 0


def test_a_slice_and_a_step_are_one_too_many(owner: Repository, adk: Record) -> None:
    with pytest.raises(ArgumentError, match="is a slice already"):
        owner[adk.accession]["adk_dims.dcd"].universe(frames=slice(3), step=2)


def test_who_has_no_mdanalysis_is_told(owner: Repository, adk: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "MDAnalysis", None)
    monkeypatch.delitem(sys.modules, "fomrepo.client.universe", raising=False)
    with pytest.raises(SettingsError, match=r"universe\(\) needs MDAnalysis") as caught:
        owner[adk.accession]["adk_dims.dcd"].universe()
    assert caught.value.remedy == "pip install 'MDAnalysis'"


def fuse_is_allowed() -> bool:
    """Whether this machine lets this user mount: its kernel, its libfuse, and its administrator."""
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
    now, after_setuid = (int(status[name], 16) >> 21 & 1 for name in ("CapEff", "CapBnd"))  # CAP_SYS_ADMIN
    helper = shutil.which("fusermount3") or shutil.which("fusermount")
    return bool(
        os.access("/dev/fuse", os.R_OK | os.W_OK)
        and (ctypes.util.find_library("fuse3") or ctypes.util.find_library("fuse"))
        and (now or (after_setuid and helper and status["NoNewPrivs"] == "0"))
    )


def test_records_are_folders_while_they_are_mounted(
    federation: LocalFederation, adk: Record, local: MDAnalysis.Universe, tmp_path: Path
) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    command = [Path(sys.executable).with_name("fomrepo"), "mount", folder, "--json"]
    variables = {
        "FOMREPO_ADDRESS": federation["site-c"].address,
        "FOMREPO_TOKEN": federation.token(OWNER),
        "FOMREPO_CA": str(federation.ca),
    }
    with subprocess.Popen(
        command, env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            told = process.stdout.readline()
            if not fuse_is_allowed():
                assert told == ""
                failure = json.loads(process.communicate(timeout=20)[1].splitlines()[-1])
                assert failure["error"] == "settings"
                assert "need no FUSE" in failure["remedy"]
                return
            assert json.loads(told) == {"mounted": str(folder)}
            files = folder / adk.accession
            assert sorted(os.listdir(files)) == ["adk.psf", "adk_dims.dcd"]
            assert (folder / adk.path[1:]).resolve() == files
            whole = (folder / adk.versioned / "adk_dims.dcd").read_bytes()
            assert hashlib.sha256(whole).hexdigest() == adk["adk_dims.dcd"].sha256
            with (
                (files / "adk_dims.dcd").open("rb") as file,
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as seen,
            ):
                assert seen[1_000_000:1_000_100] == DCD[1_000_000:1_000_100]
            there = MDAnalysis.Universe(files / "adk.psf", files / "adk_dims.dcd")
            np.testing.assert_array_equal(there.trajectory[97].positions, local.trajectory[97].positions)
            there.trajectory.close()
            for forbidden in (lambda: (files / "new").touch(), (files / "adk.psf").unlink):
                with pytest.raises(OSError, match="Read-only file system"):
                    forbidden()
        finally:
            process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert (process.returncode, "Traceback" in said, list(folder.iterdir())) == (0, False, [])
