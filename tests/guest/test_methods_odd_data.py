"""Methods on legal data that is rare: cells in some frames alone, insertion codes, alternate places, flat cells."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import MDAnalysis
import mdtraj
import numpy as np
import pytest
from MDAnalysisTests import datafiles

from fomrepo.installed_files import installed_folder
from sandbox.lattice import lattice_vectors, reduced_boxes
from sandbox.request import Part
from tests.guest.oracles import module_of, refusal
from tests.guest.runs import Sample, call, method_request, outcome_of, read_outcome

CELL = [90.0, 95.0, 100.0, 60.0, 60.0, 90.0]
INSERTED = {4: (3, "A"), 5: (3, "B")}  # residues of the file, by the numbers that they get; those behind are two less
TWICE = 7  # the residue with two places for each atom


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Ten residues as an antibody has them: numbered 3, 3A, 3B, and one of them at two places."""
    lines = []
    for line in Path(datafiles.PDB_small).read_text().splitlines():
        if line.startswith("ATOM") and (residue := int(line[22:26])) <= 10:
            number, code = INSERTED.get(residue, (residue - 2 * (residue > 3), ""))
            for place, shift in (("A", 0.0), ("B", 0.7)) if residue == TWICE else ((" ", 0.0),):
                x = f"{float(line[30:38]) + shift:8.3f}"
                lines.append(f"{line[:16]}{place}{line[17:21]}A{number:4}{code:1}   {x}{line[38:]}\n")
    path = tmp_path_factory.mktemp("numbered") / "numbered.pdb"
    path.write_text("".join(f"MODEL        {model}\n{''.join(lines)}ENDMDL\n" for model in (1, 2)) + "END\n")
    return Sample(str(path), str(path), ("PDB", "PDB"))


@pytest.fixture(scope="module")
def first_in_a_cell(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Adenylate kinase with bonds in four frames, of which only the first has a cell."""
    universe = MDAnalysis.Universe(datafiles.PSF, datafiles.DCD)
    path = tmp_path_factory.mktemp("cells") / "first.trr"
    with MDAnalysis.Writer(str(path), len(universe.atoms)) as writer:
        for frame in universe.trajectory[:4]:
            frame.dimensions = None if frame.frame else CELL
            writer.write(universe.atoms)
    return Sample(str(datafiles.PSF), str(path), ("PSF", "TRR"))


def test_an_insertion_breaks_neither_chain_nor_angles(numbered: Sample) -> None:
    found, expected = call("ramachandran", numbered), mdtraj.load(numbered.topology)
    assert found["resids"].tolist() == [2, 3, 3, 3, 4, 5, 6, 7]
    # Of several places mdtraj keeps the first.
    np.testing.assert_allclose(found["phi"], np.degrees(mdtraj.compute_phi(expected)[1][:, :-1]), atol=1e-3)
    np.testing.assert_allclose(found["psi"], np.degrees(mdtraj.compute_psi(expected)[1][:, 1:]), atol=1e-3)
    assert call("sequence", numbered)["sequences"] == [expected.topology.to_fasta(chain=0)]


def test_an_exported_pdb_keeps_codes_and_places(numbered: Sample, tmp_path: Path) -> None:
    path = tmp_path / "exported.pdb"
    path.write_bytes(call("export", numbered, {"file_format": "pdb"})["content"].tobytes())
    given, kept = MDAnalysis.Universe(numbered.topology), MDAnalysis.Universe(str(path))
    assert kept.residues.icodes.tolist() == given.residues.icodes.tolist()
    assert kept.atoms.altLocs.tolist() == given.atoms.altLocs.tolist()
    assert kept.atoms.names.tolist() == given.atoms.names.tolist()


def test_displacements_begin_in_a_block_of_one_frame(first_in_a_cell: Sample) -> None:
    positions = MDAnalysis.Universe(datafiles.PSF, datafiles.DCD).trajectory.timeseries(stop=4, order="fac")[:, :5]
    ways = positions.astype(np.float64) - positions[0]
    found = call("msd", first_in_a_cell, {"select": "index 0:4", "origins": "first"})["msd"]
    np.testing.assert_allclose(found, (ways**2).sum(axis=2).mean(axis=1), atol=1e-4)  # TRR is in nm


def test_a_preview_joins_only_what_a_cell_can_cut(first_in_a_cell: Sample) -> None:
    shown = call("preview", first_in_a_cell, {"select": "name CA"})
    assert (shown["joined_by"], len(shown["frame_indices"])) == (["bonds"], 4)


def test_cells_that_one_part_lacks_are_absent_of_the_whole(first_in_a_cell: Sample) -> None:
    request = method_request("coordinates", first_in_a_cell, {"select": "index 0:4"})
    folder = installed_folder("methods") / "coordinates"
    parts = tuple(outcome_of(replace(request, part=Part(number, 4)), folder) for number in range(4))
    assert ["cells" in read_outcome(part)[1] for part in parts] == [True, False, False, False]
    assert outcome_of(replace(request, parts=parts), folder) == outcome_of(request, folder)


def test_the_nearest_image_in_a_flat_cell_is_found() -> None:
    box = np.array([[50.0, 40.0, 100.0, 90.0, 125.0, 90.0]])  # c leans over more than half of a
    given, lattice = lattice_vectors(box), lattice_vectors(reduced_boxes(box))
    vectors = np.random.default_rng(7).uniform(-2.0, 2.0, (200, 3)) @ given[0]
    images = np.array(list(itertools.product(range(-5, 6), repeat=3))) @ given[0]
    expected = np.linalg.norm(vectors[:, None] + images, axis=2).min(axis=1)
    found = module_of("angle").nearest_images(vectors[None], lattice)[0]
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("contacts", {"select_a": "resname SOL and name OW", "cutoff": 60.0}),
        ("native_contacts", {"select_a": "resname SOL and name OW", "cutoff": 60.0}),
    ],
)
def test_a_cutoff_that_no_cell_has_room_for_is_the_callers_to_change(name: str, arguments: dict[str, object]) -> None:
    assert "too large for box" in (message := refusal(name, "adk_oplsaa", arguments))
    assert "give a smaller one, or periodic=False" in message


def test_the_total_time_is_that_of_the_frames(tmp_path: Path) -> None:
    universe = MDAnalysis.Universe(datafiles.PSF, datafiles.DCD)
    with MDAnalysis.Writer(str(tmp_path / "strung.xtc"), len(universe.atoms)) as writer:
        for time in (3.0, 4.0, 5.0, 105.0):
            universe.trajectory.ts.time = time
            writer.write(universe.atoms)
    found = call("info", Sample(str(datafiles.PSF), str(tmp_path / "strung.xtc"), ("PSF", "XTC")))
    assert [float(found[name]) for name in ("first_time", "time_step", "total_time")] == [3.0, 1.0, 102.0]
