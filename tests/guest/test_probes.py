"""The probes on real files: facts equal to MDAnalysis', and what is refused of cut and damaged ones."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import MDAnalysis
import numpy as np
import pytest
from MDAnalysis.lib.formats.libmdaxdr import TRRFile, XTCFile
from MDAnalysisTests import datafiles

from deposition.recognise import file_types, probe
from tests.guest.runs import offsets_of, probed

TOPOLOGIES = {
    "PSF": [datafiles.PSF, datafiles.PSF_NAMD, datafiles.PSF_TRICLINIC, datafiles.PSF_nosegid],
    "GRO": [
        datafiles.GRO,
        datafiles.GRO_velocity,
        datafiles.GRO_huge_box,
        datafiles.GRO_residwrap,
        datafiles.two_water_gro_widebox,
        datafiles.GRO_sameresid_diffresname,
    ],
    "PDB": [
        datafiles.PDB,
        datafiles.PDB_small,
        datafiles.PDB_multiframe,
        datafiles.PDB_cm,
        datafiles.PDB_conect,
        datafiles.ENT,
    ],
}
TRAJECTORIES = {
    "DCD": [
        (datafiles.PSF, datafiles.DCD),
        (datafiles.PSF, datafiles.DCD2),
        (datafiles.PSF_TRICLINIC, datafiles.DCD_TRICLINIC),
        (datafiles.PSF_NAMD_TRICLINIC, datafiles.DCD_NAMD_TRICLINIC),
    ],
    "XTC": [(datafiles.GRO, datafiles.XTC), (datafiles.PDB_sub_sol, datafiles.XTC_sub_sol)],
    "TRR": [(datafiles.GRO, datafiles.TRR), (datafiles.PDB_sub_sol, datafiles.TRR_sub_sol)],
}


def pairs(table: dict[str, list[Any]]) -> list[Any]:
    """Spread a table over parameters, named by type and file."""
    return [
        pytest.param(kind, Path(file), id=f"{kind}-{Path(file).name}")
        for kind, files in table.items()
        for file in files
    ]


def accepted(path: Path, name: str | None = None, **options: Any) -> dict[str, Any]:
    outcome, _ = probed(path, name, **options)
    assert outcome["status"] == "ok", outcome
    return outcome["facts"]


def refused(path: Path, reason: str, message: str, name: str | None = None, **options: Any) -> None:
    outcome, tensors = probed(path, name, **options)
    assert outcome["status"] == "refused", outcome
    assert outcome["reason"] == reason, outcome
    assert re.search(message, outcome["message"]), outcome
    assert (name or path.name) in outcome["message"]
    assert outcome["remedy"]
    assert tensors == {}


@pytest.mark.parametrize(("kind", "path"), pairs(TOPOLOGIES))
def test_counts_of_a_topology_are_those_of_mdanalysis(kind: str, path: Path) -> None:
    facts = accepted(path)
    universe = MDAnalysis.Universe(str(path), topology_format=kind)
    assert facts["type"] == kind
    assert (facts["n_atoms"], facts["n_residues"], facts["n_segments"]) == (
        len(universe.atoms),
        len(universe.residues),
        len(universe.segments),
    )
    if kind != "PSF":
        assert facts["n_frames"] == len(universe.trajectory)
        _same_box(facts, universe.dimensions)
        assert ("velocities" in facts["has"]) == universe.trajectory.ts.has_velocities
    assert {"masses", "charges", "bonds"} & set(facts["has"]) == (
        {"masses", "charges", "bonds"} if kind == "PSF" else {"bonds"} if hasattr(universe, "bonds") else set()
    )


def test_insertion_codes_tell_residues_apart() -> None:
    """Residues 1H, 1G, 1F ...: MDAnalysis drops the letters and merges two neighbours of one name."""
    assert accepted(Path(datafiles.PSF_inscode))["n_residues"] == 36


@pytest.mark.parametrize(
    ("kind", "topology", "path"),
    [
        pytest.param(kind, topology, Path(path), id=f"{kind}-{Path(path).name}")
        for kind, files in TRAJECTORIES.items()
        for topology, path in files
    ],
)
def test_facts_of_a_trajectory_are_those_of_mdanalysis(kind: str, topology: str, path: Path) -> None:
    facts = accepted(path)
    universe = MDAnalysis.Universe(topology, str(path), format=kind)
    trajectory = universe.trajectory
    assert (facts["type"], facts["families"]) == (kind, ["trajectory"])
    assert (facts["n_atoms"], facts["n_frames"]) == (trajectory.n_atoms, len(trajectory))
    _same_box(facts, universe.dimensions)
    assert facts["first_time"]["value"] == pytest.approx(trajectory[0].time, rel=1e-6)
    if len(trajectory) > 1:
        assert facts["dt"]["value"] == pytest.approx(trajectory.dt, rel=1e-5)
        assert facts["total_time"]["value"] == pytest.approx(trajectory.totaltime, rel=1e-5)
        assert {facts[name]["unit"] for name in ("first_time", "dt", "total_time")} == {"ps"}
    assert ("velocities" in facts["has"], "forces" in facts["has"]) == (
        trajectory.ts.has_velocities,
        trajectory.ts.has_forces,
    )


def _same_box(facts: dict[str, Any], dimensions: np.ndarray | None) -> None:
    assert ("box" in facts) == (dimensions is not None)
    if dimensions is not None:
        np.testing.assert_allclose(facts["box"]["lengths"], dimensions[:3], rtol=2e-6)
        np.testing.assert_allclose(facts["box"]["angles"], dimensions[3:], rtol=2e-6)
        assert facts["box"]["unit"] == "angstrom"


@pytest.mark.parametrize(
    ("path", "reader"),
    [
        (datafiles.XTC, XTCFile),
        (datafiles.XTC_sub_sol, XTCFile),
        (datafiles.TRR, TRRFile),
        (datafiles.TRR_sub_sol, TRRFile),
    ],
    ids=lambda value: Path(value).name if isinstance(value, (str, Path)) else "",
)
def test_offsets_are_those_that_mdanalysis_scans_for(path: str, reader: type) -> None:
    _, tensors = probed(Path(path))
    with reader(str(path)) as scanned:
        np.testing.assert_array_equal(offsets_of(tensors), scanned.offsets)


def test_fewer_than_ten_atoms_are_stored_plainly_in_xtc(tmp_path: Path) -> None:
    path = tmp_path / "few.xtc"
    with XTCFile(str(path), "w") as written:
        for step in range(3):
            written.write(np.full((9, 3), step, np.float32), np.eye(3, dtype=np.float32) * 5, step, 2.0 * step, 1000.0)
    outcome, tensors = probed(path)
    assert outcome["facts"]["n_frames"] == 3
    assert outcome["facts"]["dt"] == {"value": 2.0, "unit": "ps"}
    with XTCFile(str(path)) as scanned:
        np.testing.assert_array_equal(offsets_of(tensors), scanned.offsets)


# --- cut files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [datafiles.DCD, datafiles.XTC, datafiles.TRR], ids=lambda path: Path(path).name)
@pytest.mark.parametrize("part", [0.0002, 0.25, 0.5, 0.9, 0.999999])
def test_a_trajectory_cut_within_a_frame_is_refused(copied: Callable[..., Path], source: str, part: float) -> None:
    path = copied(source, first_bytes=int(Path(source).stat().st_size * part) - 5)  # 0.9 and 0.5 are ends of frames
    refused(path, "truncated", "cut off")


@pytest.mark.parametrize("source", [datafiles.PSF, datafiles.GRO, datafiles.PDB_multiframe], ids=lambda p: Path(p).name)
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_a_text_cut_within_its_atoms_is_refused(copied: Callable[..., Path], source: str, part: float) -> None:
    path = copied(source, first_bytes=int(Path(source).stat().st_size * part))
    refused(path, "truncated", "cut off")


def test_a_gro_without_its_last_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.gro"
    path.write_text("".join(Path(datafiles.GRO).read_text().splitlines(keepends=True)[:-1]))
    refused(path, "truncated", "line of the cell, after the atoms, is missing")


def test_a_pdb_cut_within_a_line_is_refused(copied: Callable[..., Path]) -> None:
    line = Path(datafiles.PDB_small).read_bytes().index(b"ATOM    100 ")
    refused(copied(datafiles.PDB_small, first_bytes=line + 40), "truncated", "has no three coordinates")


def test_a_pdb_cut_between_lines_is_doubted(copied: Callable[..., Path]) -> None:
    line = Path(datafiles.PDB_small).read_bytes().index(b"ATOM    100 ")
    assert "does not end with END" in accepted(copied(datafiles.PDB_small, first_bytes=line))["doubts"][0]


def test_a_dcd_cut_between_frames_is_doubted(copied: Callable[..., Path]) -> None:
    size = Path(datafiles.DCD2).stat().st_size
    frame = 3 * (4 * 3341 + 8) + 56
    facts = accepted(copied(datafiles.DCD2, first_bytes=size - 2 * frame))
    assert facts["n_frames"] == 100
    assert facts["doubts"][0].startswith("the header announces 102 frames, the file holds 100")


@pytest.mark.parametrize("kind", [one.name for one in file_types()])
def test_an_empty_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind.lower()}"
    path.write_bytes(b"")
    refused(path, "empty", "0 bytes")


# --- the wrong file -------------------------------------------------------------------------------------------------


def test_a_pdb_named_xtc_is_refused_with_both_named() -> None:
    refused(Path(datafiles.PDB_small), "type_mismatch", "named like XTC, but its content is PDB", "adk.xtc")


def test_a_text_named_dcd_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.dcd"
    path.write_text("hello\n")
    refused(path, "type_mismatch", "named like DCD, but its content is not DCD")


def test_an_unknown_type_is_refused_with_the_known_ones_named(tmp_path: Path) -> None:
    path = tmp_path / "a.doc"
    path.write_text("hello\n")
    refused(path, "unknown_type", "of no type that is known")


@pytest.mark.parametrize(
    ("kind", "path"),
    pairs(TOPOLOGIES) + pairs({kind: [path for _, path in files] for kind, files in TRAJECTORIES.items()}),
)
def test_content_alone_tells_the_type_and_only_one(kind: str, path: Path) -> None:
    head = path.read_bytes()[:16384]
    assert [one.name for one in file_types() if one.looks_like(head)] == [kind]


@pytest.mark.parametrize("source", [datafiles.DCD, datafiles.XTC, datafiles.TRR], ids=lambda path: Path(path).name)
def test_another_number_of_atoms_than_the_topology_is_refused(source: str) -> None:
    refused(
        Path(source),
        "atoms_mismatch",
        r"atoms, its topology small\.psf has 7",
        topology={"path": "", "type": "PSF", "name": "small.psf", "n_atoms": 7},
    )


# --- damaged and doubtful files -------------------------------------------------------------------------------------


def changed(path: Path, offset: int, data: bytes) -> Path:
    """Overwrite some bytes."""
    content = bytearray(path.read_bytes())
    content[offset : offset + len(data)] = data
    path.write_bytes(content)
    return path


def dcd_frame(frame: int) -> int:
    """Return where a frame of datafiles.DCD2 begins: each has a cell of 56 bytes and three records."""
    size = 3 * (4 * 3341 + 8) + 56
    return Path(datafiles.DCD2).stat().st_size - (102 - frame) * size


def test_coordinates_that_are_no_numbers_are_refused(copied: Callable[..., Path]) -> None:
    path = changed(copied(datafiles.DCD2), dcd_frame(50) + 60, struct.pack("<f", float("nan")))
    refused(path, "unreadable", "frame 50 has coordinates that are not finite numbers")


def test_absurd_coordinates_are_doubted(copied: Callable[..., Path]) -> None:
    path = changed(copied(datafiles.DCD2), dcd_frame(50) + 60, struct.pack("<f", -3e7))
    assert accepted(path)["doubts"] == ["frame 50 has a coordinate of 3e+07 angstrom"]


def test_broken_record_marks_are_refused(copied: Callable[..., Path]) -> None:
    path = changed(copied(datafiles.DCD2), dcd_frame(50) + 56, b"\xff\xff\xff\x7f")
    refused(path, "unreadable", "the record of frame 50 has length 2147483647, not 13364")


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_a_step_of_nothing_in_the_header_is_doubted(copied: Callable[..., Path], value: float) -> None:
    facts = accepted(changed(copied(datafiles.DCD2), 8 + 36, struct.pack("<f", value)))
    assert "the real one is unknown" in facts["doubts"][0]
    assert not {"first_time", "dt", "total_time"} & set(facts)


def test_a_dcd_that_mdanalysis_divides_by_zero_on_is_refused(copied: Callable[..., Path]) -> None:
    refused(changed(copied(datafiles.DCD2), 8 + 8, bytes(4)), "unreadable", "0 steps between frames")


def test_a_step_of_a_microsecond_and_more_is_doubted(copied: Callable[..., Path]) -> None:
    facts = accepted(changed(copied(datafiles.DCD2), 8 + 36, struct.pack("<f", 1e9)))
    assert "its unit may be wrong" in facts["doubts"][0]


def test_a_gro_of_several_frames_is_noticed() -> None:
    facts = accepted(Path(datafiles.two_water_gro_multiframe))
    assert facts["n_frames"] == 1
    assert "holds 2 frames, of which only the first is read" in facts["doubts"][0]


def test_velocities_in_a_dcd_are_not_taken_for_coordinates(copied: Callable[..., Path]) -> None:
    refused(changed(copied(datafiles.DCD2), 4, b"VELD"), "unreadable", "velocities, not coordinates")


def test_overwritten_bytes_between_frames_of_an_xtc_are_refused(copied: Callable[..., Path]) -> None:
    _, tensors = probed(Path(datafiles.XTC))
    path = changed(copied(datafiles.XTC), int(offsets_of(tensors)[4]), b"\0\0\0\0")
    refused(path, "unreadable", "frame 4, at byte .*, does not begin with the mark 1995")


def test_an_xtc_that_claims_more_atoms_than_its_bytes_can_hold_is_refused(tmp_path: Path) -> None:
    many = 2_000_000_000
    header = struct.pack(">iiif9fi", 1995, many, 0, 0.0, *([1.0] * 9), many)
    path = tmp_path / "bomb.xtc"
    path.write_bytes(header + struct.pack(">f3i3iii", 1000.0, 0, 0, 0, 9, 9, 9, 9, 40) + bytes(40))
    refused(path, "unreadable", "claims to hold 2000000000 atoms in 40 bytes")


def test_a_dcd_that_claims_more_atoms_than_it_has_bytes_is_refused(copied: Callable[..., Path]) -> None:
    n_atoms = Path(datafiles.DCD2).read_bytes().index(struct.pack("<iii", 4, 3341, 4)) + 4
    refused(changed(copied(datafiles.DCD2), n_atoms, struct.pack("<i", 2**31 - 1)), "truncated", "first frame has")


def test_a_trr_whose_sizes_do_not_fit_is_refused(copied: Callable[..., Path]) -> None:
    refused(changed(copied(datafiles.TRR), 24 + 7 * 4, struct.pack(">i", 12)), "unreadable", "sizes that do not fit")


def test_times_that_run_backwards_are_doubted(copied: Callable[..., Path]) -> None:
    _, tensors = probed(Path(datafiles.XTC))
    path = changed(copied(datafiles.XTC), int(offsets_of(tensors)[5]) + 12, struct.pack(">f", 100.0))
    assert accepted(path)["doubts"] == ["time does not increase at frame 5: 400 ps, then 100 ps"]


def test_frames_that_are_not_evenly_spaced_are_doubted(copied: Callable[..., Path]) -> None:
    _, tensors = probed(Path(datafiles.XTC))
    path = changed(copied(datafiles.XTC), int(offsets_of(tensors)[5]) + 12, struct.pack(">f", 510.0))
    assert accepted(path)["doubts"] == ["frames are not evenly spaced in time: steps from 90 to 110 ps"]


def test_models_of_different_size_are_refused(tmp_path: Path) -> None:
    atom = "ATOM      1  CA  ALA A   1       1.000   2.000   3.000  1.00  0.00           C\n"
    path = tmp_path / "a.pdb"
    path.write_text(f"MODEL        1\n{atom}ENDMDL\nMODEL        2\n{atom}{atom}ENDMDL\nEND\n")
    refused(path, "unreadable", "model 2 has 2 atoms, the first one has 1")


def test_a_brief_look_reads_no_more_than_types_and_atoms_take(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("time,energy\n" + "0.5,1.5\n" * 10_000 + "no row\n")
    entry = {"path": str(table), "name": table.name, "size": table.stat().st_size}
    refused(table, "truncated", "its last row")
    assert probe(entry | {"brief": True}, None) == (
        {"status": "ok", "facts": {"type": "CSV", "families": ["table"]}},
        {},
    )
    psf = {"path": datafiles.PSF, "name": "a.psf", "size": Path(datafiles.PSF).stat().st_size, "brief": True}
    assert probe(psf, None)[0]["facts"]["n_atoms"] == 3341


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.psf"
    path.write_bytes(b"PSF\n" + b"x" * 100_000)
    refused(path, "unreadable", "line 2 is longer than 4096 bytes")


@pytest.mark.parametrize("kind", ["PSF", "GRO", "PDB", "DCD", "TRR"])
def test_damaged_bytes_end_in_facts_or_a_refusal(tmp_path: Path, kind: str) -> None:
    """Overwrite bytes at random, near the head most: nothing but an answer may come of it. XTC: in the sandbox only."""
    small = {
        "PSF": datafiles.PSF_TRICLINIC,
        "GRO": datafiles.GRO_velocity,
        "PDB": datafiles.PDB_conect,
        "DCD": datafiles.DCD_TRICLINIC,
        "TRR": datafiles.TRR_sub_sol,
    }
    original = Path(small[kind]).read_bytes()
    random = np.random.default_rng(11)
    path = tmp_path / f"a.{kind.lower()}"
    for _ in range(150):
        content = bytearray(original)
        for place in (len(content) * random.random(random.integers(1, 6)) ** 6).astype(int):
            content[place] = random.integers(256)
        path.write_bytes(content)
        outcome, _ = probed(path)
        assert outcome["status"] in ("ok", "refused")
