"""Results as MDAnalysis has them: on the user's own machine, and only when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fomrepo.client.results.optional import imports_for
from fomrepo.client.results.pdb import cell_of
from fomrepo.errors import ArgumentError
from fomrepo.model.units import factor

if TYPE_CHECKING:
    import MDAnalysis

    from fomrepo.client.results.result import Result

#: Field of a Structure -> attribute of MDAnalysis' topology, for atoms and for residues.
_OF_ATOMS = {"atom_names": "names", "elements": "elements", "masses": "masses", "charges": "charges"}
_OF_RESIDUES = {"resnames": "resnames", "resids": "resids"}


def structure_universe(structure: Result) -> MDAnalysis.Universe:
    """Universe of one frame with the positions, names, residues and cell of a Structure.

    Raises
    ------
    ArgumentError
        If the result has no positions of atoms.
    SettingsError
        If MDAnalysis is not installed.
    """
    with imports_for("to_universe()", install="MDAnalysis"):
        import MDAnalysis
    fields = {name: value for name, value in structure.to_dict().items() if value is not None}
    if structure.dims.get("positions") != ("atom", "xyz"):
        raise ArgumentError(f"this {structure.result_type} has no positions, so it is no Universe")
    count = len(fields["positions"])
    labels = [_of(fields, name, count) for name in ("segids", "resids", "resnames")]
    # Neighbours with equal labels are one residue, neighbouring residues of one segid one segment.
    firsts = _firsts(labels, count)
    residue_of = np.cumsum(firsts) - 1
    segment_firsts = _firsts([labels[0][firsts]], int(firsts.sum()))
    universe = MDAnalysis.Universe.empty(
        count,
        n_residues=int(firsts.sum()),
        n_segments=int(segment_firsts.sum()),
        atom_resindex=residue_of,
        residue_segindex=np.cumsum(segment_firsts) - 1,
        trajectory=True,
    )
    for name, attribute in _OF_ATOMS.items():
        if name in fields:
            universe.add_TopologyAttr(attribute, _plain(fields[name]))
    for name, attribute in _OF_RESIDUES.items():
        if name in fields:
            universe.add_TopologyAttr(attribute, _plain(fields[name])[firsts])
    if "segids" in fields:
        universe.add_TopologyAttr("segids", _plain(fields["segids"])[firsts][segment_firsts])
    universe.atoms.positions = np.asarray(fields["positions"]) * factor(structure.units["positions"], "angstrom")
    if (cell := cell_of(structure)) is not None:
        universe.dimensions = cell
    return universe


def _of(fields: dict[str, Any], name: str, count: int) -> Any:
    return _plain(fields[name]) if name in fields else np.zeros(count, int)


def _plain(values: Any) -> Any:
    array = np.asarray(values)
    return array.astype(object) if array.dtype.kind == "T" else array


def _firsts(labels: list[Any], count: int) -> Any:
    """Whether an entry differs from the one before it, in any of its labels."""
    firsts = np.zeros(count, bool)
    firsts[:1] = True
    for label in labels:
        firsts[1:] |= label[1:] != label[:-1]
    return firsts
