"""Methods of the library at a site, behind the wall: those that write files, read logs, or take two files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import MDAnalysis
import numpy as np
import pytest
from MDAnalysisTests.datafiles import PSF

from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.installed_files import installed_folder
from tests.federation.records import TRAJECTORY

CHECKS = ("integrity", "bonds", "box_sanity", "time_monotone", "atoms_match")


@pytest.fixture
def trajectory(owner: Repository, adk: Record) -> Any:
    return owner[adk.accession][TRAJECTORY]


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_gives_its_verdict(trajectory: Any, name: str) -> None:
    found = getattr(trajectory, name)(stop=5)
    assert (bool(found.passed), found.n_findings, list(found.problems)) == (True, 0, [])


@pytest.mark.filterwarnings("ignore:DCDReader currently makes independent timesteps:DeprecationWarning")
def test_an_exported_file_is_read_by_others(trajectory: Any, tmp_path: Path) -> None:
    written = trajectory.export(file_format="dcd", step=30)
    path = tmp_path / written.file_name
    path.write_bytes(written.content.tobytes())
    found = MDAnalysis.Universe(PSF, str(path))
    positions = trajectory.coordinates(step=30).positions
    np.testing.assert_array_equal([frame.positions.copy() for frame in found.trajectory], positions)


def test_two_files_are_compared(trajectory: Any) -> None:
    found = trajectory.rmsd_between(trajectory, stop=3)
    expected = trajectory.rmsd(select="protein and name CA", stop=3)
    np.testing.assert_allclose(found.rmsd, expected.rmsd, atol=1e-5)


def test_a_log_gives_its_energies(owner: Repository) -> None:
    record = owner.deposit(installed_folder("methods") / "energy" / "tests" / "water.log", title="A log")
    log = record["water.log"]
    assert "Pressure" in log.energy_terms().names
    found = log.energy(terms=["Pressure"], end=0.02)
    np.testing.assert_allclose(found.energies, [[68260.1], [23752.8]])
    assert (found.time_unit, list(found.term_units)) == ("ps", ["bar"])
