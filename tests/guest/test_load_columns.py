"""What methods get for tables, energies, arrays and texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from MDAnalysisTests import datafiles

from sandbox.failures import DataError
from sandbox.load import load_input
from sandbox.request import DataFile, Input
from sandbox.table import Table


def opened(family: str, kind: str, path: Path | str) -> Any:
    return load_input(Input("data", family, (DataFile(family, kind, str(path), Path(path).name),)))


def csv(tmp_path: Path, text: str) -> Table:
    path = tmp_path / "a.csv"
    path.write_text(text)
    table = opened("table", "CSV", path)
    assert isinstance(table, Table)
    return table


def test_a_csv_has_named_columns_of_the_narrowest_kind(tmp_path: Path) -> None:
    table = csv(tmp_path, "# by hand\ntime (ps),energy [kJ/mol],step,who\n0,-1.5,1,ada\n2,,2,\n\n4,1e3,3,b c\n")
    assert table.columns == ("time", "energy", "step", "who")
    assert table.units == {"time": "ps", "energy": "kJ/mol", "step": "", "who": ""}
    assert (len(table), table.time, table.numeric()) == (3, "time", ("time", "energy", "step"))
    assert [table[name].dtype.kind for name in table.columns] == ["i", "f", "i", "U"]
    np.testing.assert_array_equal(table["energy"], [-1.5, np.nan, 1000.0])
    assert table["who"].tolist() == ["ada", "", "b c"]
    assert not table["time"].flags.writeable


def test_columns_without_titles_are_counted_and_equal_titles_numbered(tmp_path: Path) -> None:
    assert csv(tmp_path, "1;2\n3;4\n").columns == ("column 1", "column 2")
    assert csv(tmp_path, "x\tx\t\n1\t2\t3\n").columns == ("x", "x #2", "column 3")


def test_a_missing_column_names_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="no column 'z'; there are 'x', 'y'"):
        csv(tmp_path, "x,y\n1,2\n")["z"]


def test_a_row_of_another_length_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.csv cannot be read: line 3 .* has 1 cells, the first 2"):
        csv(tmp_path, "x,y\n1,2\n3\n")


def test_energies_are_those_that_were_dumped() -> None:
    """The dump holds name, value and unit of each term, frame after frame."""
    table = opened("energy", "EDR", datafiles.AUX_EDR)
    dumped = [line.split(",") for line in Path(datafiles.AUX_EDR_RAW).read_text().splitlines()]
    assert (table.time, table.units["Time"], table.units["Potential"]) == ("Time", "ps", "kJ/mol")
    found = [[name, table[name][row], table.units[name]] for row in range(len(table)) for name in table.columns]
    assert found == [[name, float(value), unit] for name, value, unit in dumped]


def test_an_array_is_mapped_read_only(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.arange(12.0).reshape(3, 4))
    array = opened("array", "NPY", path)
    assert isinstance(array, np.memmap)
    assert (array.shape, array.dtype, array.flags.writeable) == ((3, 4), np.float64, False)
    assert array.sum() == 66.0


@pytest.mark.parametrize("content", [np.array([{}], object), np.zeros(2, [("a", "f8")])], ids=["objects", "records"])
def test_an_array_of_other_things_is_refused(tmp_path: Path, content: np.ndarray) -> None:
    path = tmp_path / "a.npy"
    np.save(path, content, allow_pickle=True)
    with pytest.raises(DataError, match=r"a\.npy cannot be read"):
        opened("array", "NPY", path)


def test_a_text_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "md.mdp"
    path.write_bytes(b"dt = 0.002\nnsteps = 5 ; \xff\n")
    text = opened("text", "MDP", path)
    assert (text.type, text.name, list(text.lines())) == ("MDP", "md.mdp", ["dt = 0.002", "nsteps = 5 ; \ufffd"])
    assert text.text == "dt = 0.002\nnsteps = 5 ; \ufffd\n"


def test_a_structure_is_one_frame() -> None:
    universe = opened("structure", "PDB", datafiles.PDB_multiframe)
    first = opened("trajectory", "PDB", datafiles.PDB_multiframe)
    assert (len(universe.trajectory), len(first.trajectory)) == (1, 24)
    np.testing.assert_array_equal(universe.atoms.positions, first.atoms.positions)


def test_what_no_table_can_be_made_of_is_named() -> None:
    with pytest.raises(DataError, match="no table can be made of PSF"):
        opened("table", "PSF", datafiles.PSF)
