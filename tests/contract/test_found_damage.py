"""Damage that the campaign of deposits found: facts that readers did not bear out, and probes that raised."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from MDAnalysisTests import datafiles

from fomrepo.testing.file_prober import FileProber
from tests.contract.test_shipped_types import few_atoms


@pytest.fixture(scope="module")
def prober() -> Iterator[FileProber]:
    found = FileProber()
    yield found
    found.close()


def overwritten(source: Path, target: Path, place: int, new: bytes) -> Path:
    content = bytearray(source.read_bytes())
    content[place : place + len(new)] = new
    target.write_bytes(content)
    return target


@pytest.mark.parametrize("place", [4, 8])
def test_a_trr_whose_text_has_another_length_is_refused(prober: FileProber, tmp_path: Path, place: int) -> None:
    """Readers stop at such a frame, and say nothing."""
    whole, _ = few_atoms(tmp_path, ".trr")
    frame = whole.stat().st_size // 7 * 5
    assert struct.unpack_from(">iii", whole.read_bytes(), frame) == (1993, 13, 12)
    found = prober.probe(overwritten(whole, tmp_path / "cut.trr", frame + place, b"\x7f\xff"), "cut.trr")
    assert (found.status, found.reason) == ("refused", "unreadable")
    assert "frame 5" in found.message


@pytest.mark.parametrize(
    ("place", "new", "what"),
    [
        (1472, b"\xff" * 4, "TNG_TRAJ_BOX_SHAPE of frame 1"),
        (2080, b"\0", "TNG_TRAJ_FORCES of frame 1"),
        (3493, b"\x3c", "TNG_GMX_LAMBDA of frame 3"),
        (417, b"\0" * 13, "the time of frame 0"),
    ],
)
def test_a_tng_of_which_a_part_cannot_be_unpacked_is_refused(
    prober: FileProber, tmp_path: Path, place: int, new: bytes, what: str
) -> None:
    found = prober.probe(overwritten(Path(datafiles.COORDINATES_TNG), tmp_path / "x.tng", place, new), "x.tng")
    assert (found.status, found.reason) == ("refused", "unreadable")
    assert what in found.message


def test_a_tpr_with_bonds_to_atoms_that_there_are_not_is_refused(prober: FileProber, tmp_path: Path) -> None:
    path = overwritten(Path(datafiles.TPR2024_4_bonded), tmp_path / "x.tpr", 1852, b"\x2b")
    found = prober.probe(path, "x.tpr")
    assert (found.status, found.reason) == ("refused", "unreadable")
