"""Saved results: they come back as they were, open elsewhere, and what is damaged or hostile is refused."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import safetensors.numpy
import xarray

import fomrepo
from fomrepo.client.results.result import Result
from fomrepo.errors import ArgumentError, FileRefusedError, FomrepoError, StorageError
from tests.client import example_results as example

WHOLE = (".safetensors", ".nc")


def assert_same(found: Result, saved: Result) -> None:
    """Every byte, type, unit and word."""
    assert type(found) is type(saved)
    assert (found.fields, found.units, found.dims) == (saved.fields, saved.units, saved.dims)
    assert (found.provenance, found.schema) == (saved.provenance, saved.schema)
    for name in saved.fields:
        one, other = getattr(found, name), getattr(saved, name)
        rows = zip(one, other, strict=True) if isinstance(other, tuple) else [(one, other)]
        for left, right in rows:
            assert type(left) is type(right)
            if isinstance(right, np.ndarray):
                assert (left.dtype, left.shape, left.tobytes()) == (right.dtype, right.shape, right.tobytes())
                assert not left.flags.writeable
            else:
                assert left == right


@pytest.mark.parametrize("suffix", WHOLE)
@pytest.mark.parametrize("made", example.EXAMPLES)
def test_it_comes_back_as_it_was(made: Callable[[], Result], suffix: str, tmp_path: Path) -> None:
    saved = made()
    assert_same(fomrepo.load(saved.save(tmp_path / f"kept{suffix}")), saved)


@pytest.mark.parametrize("suffix", WHOLE)
def test_units_stay_as_they_were_converted(suffix: str, tmp_path: Path) -> None:
    saved = example.everything().to("nm", "ns", small="pm")
    found = fomrepo.load(saved.save(tmp_path / f"kept{suffix}"))
    assert (found.units["plane"], found.units["wide"], found.units["small"]) == ("nm", "ns", "pm")
    assert found.wide.dtype == np.float64
    assert found.to("angstrom").units["plane"] == "angstrom"
    assert_same(found, saved)


def test_equal_results_are_equal_files(tmp_path: Path) -> None:
    one, two = (example.everything().save(tmp_path / f"{name}.safetensors").read_bytes() for name in "ab")
    assert one == two


def test_a_large_file_is_mapped(tmp_path: Path) -> None:
    large = example.result_of("Array", values=(np.arange(3.0 * 2**20), "float64 value", ""))
    found = fomrepo.load(large.save(tmp_path / "large.safetensors"))
    assert not found.values.flags.owndata
    assert_same(found, large)


def test_other_programs_open_it(tmp_path: Path) -> None:
    """In a process that has no fomrepo."""
    result = example.everything()
    for suffix in (".safetensors", ".nc", ".npz", ".json"):
        result.save(tmp_path / f"kept{suffix}")
    program = """
import json, sys
sys.modules["fomrepo"] = None
import numpy as np, xarray, safetensors.numpy
tensors = safetensors.numpy.load_file("kept.safetensors")
assert tensors["plane"].tolist() == [[0, 1, 2], [3, 4, 5]]
with xarray.open_dataset("kept.nc") as data:
    assert data["plane"].attrs == {"units": "angstrom", "long_name": "What plane is"}
    assert data["plane"].dims == ("frame", "xyz")
    assert data["good"].values.tolist() == [True, False]
    assert data["names"].values.tolist() == ["CA", "", "C\\u03b2"]
    assert data["title"].item() == "adenylate kinase \\u00e9"
    assert data["wide"].values.tolist() == [2**62, -5]
    assert data.attrs["method"] == "example 1.2.0" and "adk.dcd" in data.attrs["source"]
with np.load("kept.npz", allow_pickle=False) as arrays:
    assert arrays["small"].dtype == np.float32 and arrays["names"].tolist() == ["CA", "", "C\\u03b2"]
    assert arrays["rows_offsets"].tolist() == [0, 2, 2, 3]
fields = json.load(open("kept.json"))["fields"]
assert fields["wave"] == {"real": [1.0, None], "imag": [0.5, 1.0]} and fields["absent"] is None
"""
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)


def test_netcdf_opens_as_the_data_set_that_it_is(tmp_path: Path) -> None:
    for made in (example.time_series, example.histogram, example.matrix, example.table):
        result = made()
        with xarray.open_dataset(result.save(tmp_path / "kept.nc")) as opened:
            found = opened.load().drop_vars("fomrepo_description")
        assert found.attrs.pop("Conventions") == "CF-1.11"
        xarray.testing.assert_identical(found, result.to_xarray())


@pytest.mark.parametrize(
    ("made", "lines"),
    [
        (
            example.time_series,
            [
                ["frames", "times [ps]", "rmsd [angstrom]", "rgyr [angstrom]", "energy [kcal/mol]"],
                ["0", "0.0", "0.0", "10.0", "-1.0"],
                ["1", "2.0", "1.5", "11.0", "-2.0"],
                ["2", "4.0", "3.0", "12.0", "-4.184"],
            ],
        ),
        (
            example.table,
            [["resname", "count", "share"], ["ALA", "3", "0.1"], ["<i>Cβ</i>", "4", "nan"]],
        ),
        (example.scalar, [["size [nm]", "atoms", "label"], ["1.5", "7", "AdK"]]),
        (
            example.matrix,
            [
                ["resids", "distance_4 [angstrom]", "distance_5 [angstrom]", "distance_6 [angstrom]"],
                ["4", "0.0", "1.0", "2.0"],
                ["5", "3.0", "4.0", "5.0"],
                ["6", "6.0", "7.0", "8.0"],
            ],
        ),
    ],
)
def test_csv_has_a_column_for_each_field(made: Callable[[], Result], lines: list[list[str]], tmp_path: Path) -> None:
    with made().save(tmp_path / "kept.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == lines


def test_a_structure_is_a_pdb_file(tmp_path: Path) -> None:
    lines = example.structure().save(tmp_path / "kept.pdb").read_text().splitlines()
    assert lines == [
        "TITLE     example 1.2.0",
        "CRYST1    3.000    3.000    3.000  90.00  90.00  90.00",
        "ATOM      1  N   MET P   1       1.000   2.000   3.000  1.00  0.00      PROT N",
        "ATOM      2 CAEN MET P   1       4.000   5.000   6.000  1.00  0.00      PROT C",
        "ATOM      3 CL   CL  I2345      -7.000   8.000   9.123  1.00  0.00      ION CL",
        "END",
    ]


def test_a_structure_is_a_universe() -> None:
    universe = example.structure().to_universe()
    assert universe.atoms.n_atoms == 3
    assert universe.residues.resnames.tolist() == ["MET", "CL"]
    assert universe.segments.segids.tolist() == ["PROT", "ION"]
    np.testing.assert_allclose(universe.atoms.positions[2], [-7, 8, 9.1234], rtol=1e-6)
    assert universe.dimensions.tolist() == [3, 3, 3, 90, 90, 90]
    assert len(universe.select_atoms("resname MET and name N")) == 1


def test_what_a_format_cannot_hold_is_refused(tmp_path: Path) -> None:
    far = example.result_of("Structure", positions=(np.array([[1e4, 0, 0]]), "float64 atom xyz", "angstrom"))
    nul = example.result_of("Text", text=("a\0b", "string", ""))
    for result, name, said in (
        (far, "kept.pdb", "too far out"),
        (nul, "kept.nc", "NUL"),
        (example.everything(), "kept.csv", r"is no column beside the others[^\n]*\n.*save it as \.nc"),
        (example.scalar(), "kept.pdb", "no format of a Scalar"),
        (example.scalar(), "kept", "a name without a suffix"),
        (example.figure(), "kept.png", r"image/svg\+xml"),
    ):
        with pytest.raises(ArgumentError, match=said):
            result.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    assert fomrepo.load(nul.save(tmp_path / "kept.safetensors")).text == "a\0b"


def test_a_picture_and_a_file_are_kept_as_they_are(tmp_path: Path) -> None:
    assert example.figure().save(tmp_path / "kept.svg").read_bytes().startswith(b"<svg")
    assert example.file_ref().save(tmp_path) == tmp_path / "part.xtc"
    assert (tmp_path / "part.xtc").read_bytes() == bytes(range(256))
    with pytest.raises(ArgumentError, match="not a file name"):
        example.file_ref("../outside").save(tmp_path)


@pytest.mark.parametrize("suffix", ["nc", "npz"])
def test_what_cannot_be_written_is_named_as_it_was_given(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / f"kept.{suffix}"
    with pytest.raises(StorageError) as caught:
        example.time_series().save(path)
    assert caught.value.message == f"{path} cannot be written: No such file or directory"


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = example.scalar().save(tmp_path / "kept.json")
    before = path.read_bytes()
    with pytest.raises(StorageError, match="cannot be written"):
        example.scalar().save(tmp_path / "missing" / "kept.json")
    with pytest.raises(ArgumentError):
        example.everything().save(path.with_suffix(".csv"))
    example.scalar().save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", WHOLE)
def test_a_cut_file_is_refused(suffix: str, tmp_path: Path) -> None:
    path = example.everything().save(tmp_path / f"kept{suffix}")
    data = path.read_bytes()
    for size in (0, 1, 8, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:size])
        with pytest.raises(FileRefusedError, match="holds no result"):
            fomrepo.load(path)


@pytest.mark.parametrize("suffix", WHOLE)
def test_no_flipped_byte_does_harm(suffix: str, tmp_path: Path) -> None:
    path = example.table().save(tmp_path / f"kept{suffix}")
    data = bytearray(path.read_bytes())
    for position in range(0, len(data), 17 if suffix == ".safetensors" else 211):
        flipped = data.copy()
        flipped[position] ^= 0x55
        path.write_bytes(flipped)
        try:
            found = fomrepo.load(path)
        except FomrepoError as error:
            assert type(error) is FileRefusedError  # noqa: PT017 - most flips are refused, those in numbers are numbers
        else:
            repr(found), found.cite()


def rewritten(path: Path, change: Callable[[dict[str, object]], None]) -> Path:
    """Change the description of a .safetensors file as its author may."""
    tensors = safetensors.numpy.load_file(path)
    with safetensors.safe_open(path, "np") as opened:
        outcome = json.loads(opened.metadata()["outcome"])
    change(outcome)
    from tests.client.scripted_site import container

    path.write_bytes(container(tensors, outcome))
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda told: told.update(status="failed"), "succeeded"),
        (lambda told: told.pop("schema"), "which method"),
        (lambda told: told.update(schema="{}"), "not described well"),
        (lambda told: told.update(schema=7), "which method"),
        (lambda told: told.update(provenance="{}"), "where it came from"),
        (lambda told: told.update(provenance=told["provenance"].replace('"site-a"', "[1]")), "where it came from"),
        (lambda told: told.update(provenance=told["provenance"].replace('"adk.dcd"', "5")), "where it came from"),
        (lambda told: told.update(provenance=7), "where it came from"),
        (lambda told: told.update(units={}), "units"),
        (lambda told: told["units"].update(rmsd="kJ/mol"), "'rmsd' cannot be in 'kJ/mol'"),
        (lambda told: told["units"].update(rmsd=["nm"]), "'rmsd' cannot be in"),
        (lambda told: told.update(more=1), "which method"),
        (lambda told: told.update(schema=told["schema"].replace("rgyr", "other")), "units"),
    ],
)
def test_a_description_that_lies_is_refused(
    change: Callable[[dict[str, object]], None], said: str, tmp_path: Path
) -> None:
    path = rewritten(example.time_series().save(tmp_path / "kept.safetensors"), change)
    with pytest.raises(FileRefusedError, match=said):
        fomrepo.load(path)


def outside(file: h5py.File, secret: Path) -> None:
    file["rmsd"] = h5py.ExternalLink(secret, "values")


def stored_elsewhere(file: h5py.File, secret: Path) -> None:
    file.create_dataset("rmsd", (3,), "<f8", external=[(str(secret), 0, 24)])


def virtual(file: h5py.File, secret: Path) -> None:
    layout = h5py.VirtualLayout((3,), "<f8")
    layout[:] = h5py.VirtualSource(str(secret), "values", (3,))
    file.create_virtual_dataset("rmsd", layout)


def never_written(file: h5py.File, secret: Path) -> None:
    file.create_dataset("rmsd", (2**40,), "<f8")


def blown_up(file: h5py.File, secret: Path) -> None:
    file.create_dataset("rmsd", data=np.zeros(2**20), compression="gzip", chunks=(2**20,))


def of_another_type(file: h5py.File, secret: Path) -> None:
    file["rmsd"] = np.array([b"a", b"b", b"c"])


def soft(file: h5py.File, secret: Path) -> None:
    file["rmsd"] = h5py.SoftLink("/rgyr")


def a_group(file: h5py.File, secret: Path) -> None:
    file.create_group("rmsd")


def of_another_length(file: h5py.File, secret: Path) -> None:
    file["rmsd"] = np.zeros(4)


@pytest.mark.parametrize(
    "attack",
    [outside, stored_elsewhere, virtual, never_written, blown_up, of_another_type, soft, a_group, of_another_length],
)
def test_netcdf_does_not_reach_beyond_itself(attack: Callable[[h5py.File, Path], None], tmp_path: Path) -> None:
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["values"] = np.ones(3)
    path = example.time_series().save(tmp_path / "kept.nc")
    with h5py.File(path, "r+") as file:
        del file["rmsd"]
        attack(file, secret)
    with pytest.raises(FileRefusedError, match="rmsd"):
        fomrepo.load(path)


def test_only_whole_results_are_loaded(tmp_path: Path) -> None:
    csv_file = example.scalar().save(tmp_path / "kept.csv")
    for path, said in (
        (csv_file, r"pandas\.read_csv"),
        (tmp_path / "absent.nc", "no file"),
        (tmp_path, "no .safetensors"),
    ):
        with pytest.raises(ArgumentError, match=said):
            fomrepo.load(path)


def test_what_has_another_format_inside_is_refused(tmp_path: Path) -> None:
    path = example.scalar().save(tmp_path / "kept.nc")
    shutil.copy(path, tmp_path / "kept.safetensors")
    (tmp_path / "text.nc").write_text("no HDF5")
    for name in ("kept.safetensors", "text.nc"):
        with pytest.raises(FileRefusedError):
            fomrepo.load(tmp_path / name)


@pytest.mark.parametrize("suffix", [*WHOLE, ".json"])
def test_texts_of_a_hostile_site_are_kept_or_refused(suffix: str, tmp_path: Path) -> None:
    result = example.scalar()
    for site in ("a\0b", "x" * 100_000, "\ud800"):
        told = type(result)(result.to_dict(), result.schema, replace(result.provenance, site=site))
        if site == "\ud800":
            with pytest.raises(ArgumentError, match="a text of this result cannot be written"):
                told.save(tmp_path / f"kept{suffix}")
        else:
            told.save(tmp_path / f"kept{suffix}")
            assert suffix not in WHOLE or fomrepo.load(tmp_path / f"kept{suffix}").site == site


@pytest.mark.parametrize("suffix", WHOLE)
def test_files_of_earlier_versions_open(suffix: str) -> None:
    """Written by 0.1.0 and never again: who must change this file breaks what users have kept."""
    found = fomrepo.load(Path(__file__).parent / "saved" / f"everything-1{suffix}")
    assert_same(found, example.everything().to("nm"))
