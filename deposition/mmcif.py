"""Guest: the probe of mmCIF, the structure format of the Protein Data Bank since PDB's columns are too narrow.

A block `data_NAME` of `_category.item value` and of tables, `loop_`; atoms are the table `_atom_site`. gemmi reads it.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from deposition.quantities import CoordinateCheck, box_fact
from deposition.report import Deposited, Report, Topology, empty, facts, truncated, unreadable
from deposition.residues import composition
from deposition.text_lines import count_changes, lines

TYPE = "MMCIF"
FAMILIES = ("structure", "topology")
SUFFIXES = (".cif", ".mmcif")
SIZE_LIMIT_BYTES = 1 << 30  # it is read into memory whole; the largest entry of the Protein Data Bank has 0.3 of that
NO_CELL = (1.0, 1.0, 1.0, 90.0, 90.0, 90.0)  # what programs write where there is no cell
COORDINATES = ("Cartn_x", "Cartn_y", "Cartn_z")
_HEAD = re.compile(rb"\s*(?:#[^\n]*\n\s*)*data_\S", re.IGNORECASE)


def looks_like(head: bytes) -> bool:
    """Tell whether a data block begins behind comments."""
    return _HEAD.match(head) is not None


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one mmCIF and read its facts."""
    if file.size > SIZE_LIMIT_BYTES:
        raise unreadable(file, f"it has {file.size} bytes, {SIZE_LIMIT_BYTES} are allowed")
    doubts: list[str] = []
    last = _last_line(file)
    block = _block(file)
    _check_coordinates(file, block, doubts)
    models, cell = _models(file, block)
    if len(models) > 1:
        doubts.append(
            f"it holds {len(models)} models, of which only the first is read: deposit all of them as PDB or as XTC"
        )
    if not last.startswith("#"):
        doubts.append("its last line is no #: it may be cut after a whole line")
    atoms = [(chain, residue, atom) for chain in models[0] for residue in chain for atom in residue]
    keys = [(str(residue.seqid), residue.name, chain.name) for chain, residue, _ in atoms]
    return Report(
        facts(
            type=TYPE,
            families=FAMILIES,
            n_atoms=len(keys),
            n_residues=count_changes(keys),
            n_segments=count_changes((key[2],) for key in keys),
            n_frames=1,
            box=None if cell == NO_CELL else box_fact(cell[:3], cell[3:], doubts),
            has=["positions", "masses"],
            doubts=doubts,
            **composition(keys, [atom.name for *_, atom in atoms]),
        )
    )


def _last_line(file: Deposited) -> str:
    """Look at each line; returns the last one that is not empty."""
    last = ""
    for line in lines(file):
        last = line or last
    return last


def _block(file: Deposited) -> Any:
    """Return the first data block."""
    import gemmi

    try:
        document = gemmi.cif.read_file(file.path)
    except (ValueError, RuntimeError) as error:
        reason = str(error).removeprefix(file.path).lstrip(":")
        if "expected" in reason and ("end" in reason or "EOF" in reason or "value" in reason):
            raise truncated(file, reason[:200]) from error
        raise unreadable(file, reason[:200]) from error
    if len(document) > 1:
        raise unreadable(file, f"it holds {len(document)} data blocks; deposit each as a file of its own")
    return document[0]


def _check_coordinates(file: Deposited, block: Any, doubts: list[str]) -> None:
    """Refuse atoms without places; gemmi takes what is no number for one."""
    table = block.find("_atom_site.", [*COORDINATES, "group_PDB"])
    if not len(table):
        raise empty(file, "has no table _atom_site with coordinates: it is no structure of mmCIF")
    for number, row in enumerate(table, 1):
        if row[3] not in ("ATOM", "HETATM"):
            raise unreadable(file, f"atom {number} is of the group {row[3][:20]!r}, neither ATOM nor HETATM")
    try:
        positions = np.array([[float(row[column]) for column in range(3)] for row in table])
    except ValueError as error:
        raise unreadable(file, f"an atom has no three coordinates: {error}") from None
    CoordinateCheck(file, doubts).look_at(positions, 0)


def _models(file: Deposited, block: Any) -> tuple[Any, tuple[float, ...]]:
    """Return the models and the cell."""
    import gemmi

    try:
        structure = gemmi.make_structure_from_block(block)
    except (ValueError, RuntimeError) as error:
        raise unreadable(file, str(error)[:200]) from error
    if not len(structure):
        raise empty(file, "has no model")
    cell = structure.cell
    return structure, (cell.a, cell.b, cell.c, cell.alpha, cell.beta, cell.gamma)
