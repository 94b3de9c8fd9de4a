"""A Structure as PDB text (wwPDB format 3.3, ATOM, CRYST1 and END), as wide as its columns are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fomrepo.errors import ArgumentError
from fomrepo.model.units import factor

if TYPE_CHECKING:
    from fomrepo.client.results.result import Result

#: What the columns of a coordinate hold, in angstrom.
SMALLEST, LARGEST = -999.9995, 9999.9995
#: Serial numbers and residue numbers begin anew beyond these, as MDAnalysis writes them.
SERIALS, RESIDUES = 100_000, 10_000


def pdb_lines(structure: Result) -> Iterator[str]:
    """Lines of the file, each with its end.

    Fields that are used, by name: ``positions`` (atom, xyz), ``atom_names``, ``resnames``, ``resids``, ``segids``,
    ``elements`` (all over ``atom``), ``cell_lengths`` and ``cell_angles``. Only positions must be there. Texts are cut
    to their columns.

    Raises
    ------
    ArgumentError
        If there are no positions, or one that the columns cannot hold.
    """
    fields = structure.to_dict()
    if structure.dims.get("positions") != ("atom", "xyz"):
        raise ArgumentError(f"this {structure.result_type} has no positions, so it fits into no PDB file")
    positions = np.asarray(fields["positions"]) * factor(structure.units["positions"], "angstrom")
    if not (np.isfinite(positions) & (positions > SMALLEST) & (positions < LARGEST)).all():
        raise ArgumentError(
            "a position is no number, or too far out for the columns of a PDB file", remedy="save it as .safetensors"
        )
    count = len(positions)
    names, resnames, segids, elements = (
        _texts(fields.get(name), count, width)
        for name, width in (("atom_names", 4), ("resnames", 4), ("segids", 4), ("elements", 2))
    )
    resids = np.ones(count, int) if fields.get("resids") is None else np.asarray(fields["resids"])
    yield f"TITLE     {structure.schema.name} {structure.schema.version}\n"
    if (cell := cell_of(structure)) is not None:
        yield "CRYST1" + "".join(f"{one:9.3f}" for one in cell[:3]) + "".join(f"{one:7.2f}" for one in cell[3:]) + "\n"
    for number in range(count):
        name, resname, segid, element = names[number], resnames[number], segids[number], elements[number]
        x, y, z = positions[number]
        spaced = name if len(name) == 4 or len(element) == 2 else f" {name}"  # the element ends in column 14
        yield (
            f"ATOM  {(number + 1) % SERIALS:5d} {spaced:<4s} {resname or 'UNK':<4s}{segid[:1]:1s}"
            f"{_in_four_columns(resids[number]):4d}    {x:8.3f}{y:8.3f}{z:8.3f}{1:6.2f}{0:6.2f}      {segid:<4s}"
            f"{element:>2s}\n"
        )
    yield "END\n"


def cell_of(structure: Result) -> npt.NDArray[np.float64] | None:
    """Unit cell: three lengths in angstrom, three angles in degrees; None if there is none, or one of no volume."""
    fields = structure.to_dict()
    lengths, angles = fields.get("cell_lengths"), fields.get("cell_angles")
    if lengths is None or angles is None or not (np.all(lengths) and np.all(angles)):
        return None
    in_angstrom = np.asarray(lengths, np.float64) * factor(structure.units["cell_lengths"], "angstrom")
    return np.concatenate([in_angstrom, np.asarray(angles) * factor(structure.units["cell_angles"], "degree")])


def _in_four_columns(resid: int) -> int:
    return int(math.fmod(resid, RESIDUES if resid >= 0 else RESIDUES / 10))


def _texts(values: Any, count: int, width: int) -> list[str]:
    """Texts without whatever could end a line or fill a foreign column."""
    if values is None:
        return [""] * count
    return ["".join(c for c in str(text) if "!" <= c <= "~")[:width] for text in values]
