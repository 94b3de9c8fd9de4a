"""Deposits that attack, or lie: each is refused, or doubted in a sentence."""

from __future__ import annotations

import bz2
import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from MDAnalysisTests import datafiles

from tests.guest.runs import probed


def refusal(path: Path, name: str | None = None, **options: Any) -> str:
    outcome, tensors = probed(path, name, **options)
    assert outcome["status"] == "refused", outcome
    assert tensors == {}
    return f"{outcome['reason']}: {outcome['message']}; {outcome['remedy']}"


def facts(path: Path, name: str | None = None, **options: Any) -> dict[str, Any]:
    outcome, _ = probed(path, name, **options)
    assert outcome["status"] == "ok", outcome
    return outcome["facts"]


# --- what is named or packed otherwise ------------------------------------------------------------------------------


@pytest.mark.parametrize(("pack", "program"), [(gzip.compress, "gzip"), (bz2.compress, "bzip2")])
def test_a_packed_topology_is_refused_with_advice(tmp_path: Path, pack: Callable[..., bytes], program: str) -> None:
    path = tmp_path / "adk.psf.gz"
    path.write_bytes(pack(Path(datafiles.PSF).read_bytes()))
    assert f"is packed by {program}; unpack it" in refusal(path)


@pytest.mark.parametrize("name", ["adk.xtc_offsets.npz", "x_offsets.lock"])
def test_planted_frame_offsets_are_refused_by_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / "offsets.npz"
    np.savez(path, offsets=np.arange(10))
    assert "leave it out: offsets are computed here" in refusal(path, name)


def test_a_text_that_could_be_two_things_is_refused_without_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("dt = 0.5,1\nnsteps = 2,3\ntinit = 1,4\n")  # settings of GROMACS, or a table
    assert "could be CSV or MDP; give it the name" in refusal(path, "a.unnamed")
    assert facts(path, "a.mdp")["type"] == "MDP"


# --- files that lie elsewhere ---------------------------------------------------------------------------------------


def h5md(path: Path, change: Callable[[h5py.File], None]) -> Path:
    with h5py.File(path, "w") as root:
        root.create_group("h5md")
        root["particles/all/position/value"] = np.ones((2, 3, 3))
        root["particles/all/position/value"].attrs["unit"] = "nm"
        change(root)
    return path


def link_outside(root: h5py.File) -> None:
    root["particles/other"] = h5py.ExternalLink("/etc/passwd", "/")


def link_softly(root: h5py.File) -> None:
    root["particles/other"] = h5py.SoftLink("/h5md")


def virtual_data(root: h5py.File) -> None:
    layout = h5py.VirtualLayout((2, 3, 3), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", (2, 3, 3))
    root.create_virtual_dataset("particles/all/velocity/value", layout)


def data_outside(root: h5py.File) -> None:
    root.create_dataset("raw", (10,), "f8", external=[("/etc/passwd", 0, 80)])


def claim_much(root: h5py.File) -> None:
    root.create_dataset("observables/huge", (1 << 40,), "f8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (link_outside, "particles/other is a external link"),
        (link_softly, "particles/other is a soft link"),
        (virtual_data, "data of /particles/all/velocity/value lie in another file"),
        (data_outside, "data of /raw lie in another file"),
        (claim_much, "for which the file has no room"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_hdf5_that_reaches_out_is_refused(tmp_path: Path, change: Callable[[h5py.File], None], message: str) -> None:
    assert message in refusal(h5md(tmp_path / "a.h5md", change))


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE State SYSTEM "file:///etc/passwd"><State/>',
        '<!DOCTYPE State [<!ENTITY a SYSTEM "file:///etc/passwd">]><State>&a;</State>',
        '<!DOCTYPE State [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><State>&b;</State>',
    ],
    ids=["document type", "external entity", "bomb"],
)
def test_xml_with_entities_is_refused(tmp_path: Path, declared: str) -> None:
    path = tmp_path / "a.xml"
    path.write_text('<?xml version="1.0"?>' + declared)
    assert "declares a document type" in refusal(path)


def test_xml_that_is_deep_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text("<State>" * 100_000)
    assert "more than 64 deep" in refusal(path)


@pytest.mark.parametrize(
    ("name", "text", "doubt"),
    [
        ("a.top", '#include "/etc/passwd"\n[ system ]\nwater\n[ molecules ]\nSOL 7\n', "not followed: /etc/passwd"),
        ("a.mdp", "include = -I/etc\nnsteps = 5\n", "folders to include files from"),
        ("a.namd", "structure a.psf\ncoordinates a.pdb\ncutoff 9\nsource /etc/passwd\n", "not followed: /etc/passwd"),
    ],
)
def test_what_a_text_includes_is_doubted_and_not_followed(tmp_path: Path, name: str, text: str, doubt: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert any(doubt in each for each in facts(path)["doubts"])
    assert "root:" not in str(facts(path))


def test_python_objects_in_an_array_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.array([{}], object), allow_pickle=True)
    assert "no Python objects or records" in refusal(path)


# --- what is claimed ------------------------------------------------------------------------------------------------


def changed(source: object, target: Path, old: bytes, new: bytes) -> Path:
    content = Path(str(source)).read_bytes()
    assert old in content
    target.write_bytes(content.replace(old, new, 1))
    return target


def npy(path: Path, shape: str) -> Path:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(16))
    return path


@pytest.mark.parametrize("shape", ["(99999999999, 9999999999)", "(-1,)", "(True,)", "'x'", "(1,) * 999"])
def test_an_array_that_claims_another_shape_is_refused(tmp_path: Path, shape: str) -> None:
    assert "a.npy" in refusal(npy(tmp_path / "a.npy", shape))


def test_an_xyz_that_claims_more_atoms_than_it_has_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xyz"
    path.write_text("999999999999\n\nC 0 0 0\n")
    assert "truncated: a.xyz is cut off: 1 of 999999999999 atoms of frame 0 are there" in refusal(path)


def test_damaged_dumps_are_refused(tmp_path: Path) -> None:
    target, source = tmp_path / "a.dump", datafiles.LAMMPSDUMP_image_vf
    assert "'ITEM: NUMBER OF ATOMS' must be" in refusal(changed(source, target, b"TIMESTEP\n", b"TIMESTEP\n0\n"))
    assert "atoms have no ids" in refusal(changed(source, target, b"ATOMS id", b"ATOMS no"))
    header, atoms = Path(source).read_bytes().split(b"ITEM: ATOMS", 1)
    target.write_bytes(header + b"ITEM: ATOMS" + atoms.split(b"ITEM:")[0].replace(b"\n2 ", b"\n1 "))
    assert "two atoms of one id" in refusal(target)


def test_coordinates_that_are_no_numbers_are_refused_in_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.xyz"
    path.write_text("1\n\nC 0 0 0\n1\n\nC nan 0 0\n")
    assert "frame 1 has coordinates that are not finite" in refusal(path)


def test_far_atoms_are_doubted_in_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.xyz"
    path.write_text("1\n\nC 0 0 2e6\n")
    assert facts(path)["doubts"] == ["frame 0 has a coordinate of 2e+06 angstrom"]


def test_netcdf_without_a_time_step_is_doubted(tmp_path: Path) -> None:
    """AMBER writes times of 0 where the run had no step; the last variable of a record may be anywhere in it."""
    content = bytearray(Path(datafiles.NCDF).read_bytes())
    times = [struct.pack(">f", number) for number in np.arange(1.0, 12.0)]
    for time in times:
        content = content.replace(time, bytes(4)) if content.count(time) == 1 else content
    path = tmp_path / "a.ncdf"
    path.write_bytes(content)
    found = facts(path)
    assert any("time" in each for each in found["doubts"])


def test_netcdf_whose_header_states_more_frames_is_refused(tmp_path: Path) -> None:
    content = bytearray(Path(datafiles.NCDF).read_bytes())
    (records,) = struct.unpack(">i", content[4:8])
    content[4:8] = struct.pack(">i", records + 1)
    path = tmp_path / "a.nc"
    path.write_bytes(content)
    assert f"states {records + 1} frames, {records} whole ones are there" in refusal(path)


def test_netcdf_of_another_kind_is_refused_with_advice(tmp_path: Path) -> None:
    path = changed(datafiles.NCDF, tmp_path / "a.nc", b"CDF\2", b"CDF\5")
    assert "write it as NetCDF 3 with 64-bit offsets" in refusal(path)


def test_mdcrd_needs_its_topology_and_fits_no_other(tmp_path: Path) -> None:
    assert "fomrepo deposit TOPOLOGY ache.mdcrd" in refusal(Path(datafiles.TRJ))
    paired = {"path": "", "type": "PRMTOP", "name": "ache.prmtop", "n_atoms": 252}
    found = facts(Path(datafiles.TRJ), topology=paired)
    assert (found["n_atoms"], found["n_frames"], found["doubts"]) == (252, 11, ["the format has no times"])
    assert "those of its topology" in refusal(Path(datafiles.TRJ), topology=paired | {"n_atoms": 251})


def test_the_cell_of_an_mdcrd_has_no_angles(tmp_path: Path) -> None:
    path = tmp_path / "a.mdcrd"
    path.write_bytes(bz2.decompress(Path(datafiles.TRJpbc_bz2).read_bytes()))
    paired = {"path": "", "type": "PRMTOP", "name": "a.prmtop", "n_atoms": 5071}
    found = facts(path, topology=paired)
    assert "box" not in found
    assert "no angles" in found["doubts"][1]


def test_a_gsd_whose_index_points_outside_is_refused(tmp_path: Path) -> None:
    content = bytearray(Path(datafiles.GSD).read_bytes())
    (place,) = struct.unpack("<Q", content[8:16])
    content[place + 16 : place + 24] = struct.pack("<q", 1 << 50)
    path = tmp_path / "a.gsd"
    path.write_bytes(content)
    assert "points out of the file" in refusal(path)


def test_a_tng_with_an_overwritten_block_is_refused(tmp_path: Path) -> None:
    content = bytearray(Path(datafiles.COORDINATES_TNG).read_bytes())
    content[80] ^= 0xFF
    path = tmp_path / "a.tng"
    path.write_bytes(content)
    assert "does not have the digest that it states" in refusal(path)


def test_an_energy_file_cut_in_a_frame_is_refused(copied: Callable[..., Path]) -> None:
    """The library that reads it would leave the last frame out and say nothing."""
    size = Path(datafiles.AUX_EDR).stat().st_size
    assert "truncated" in refusal(copied(datafiles.AUX_EDR, first_bytes=size - 100))
