"""Write the small damaged trajectories that the golden cases of the quality checks look at.

They stand in `methods/*/tests/`; what is wrong with each is said below, and closed forms in the cases follow from it.
`python tests/golden/make_damaged.py` writes them again, byte by byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import MDAnalysis
import numpy as np

METHODS = Path(__file__).parents[2] / "methods"
NOT_A_NUMBER = float("nan")


def pdb(
    file: str, names: Sequence[str], models: Any, *, residue: str = "ALA", in_residue: int = 10, elements: bool = True
) -> None:
    """Write models (model, atom, xyz) in angstrom, so many atoms to a residue."""
    lines = []
    for number, model in enumerate(models, 1):
        lines.append(f"MODEL     {number:>4}")
        for row, (name, (x, y, z)) in enumerate(zip(names, model, strict=True)):
            atom = f"ATOM  {row + 1:>5}  {name:<3} {residue} A{1 + row // in_residue:>4}"
            element = f"{name[0]:>12}" if elements else ""
            lines.append(f"{atom}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00{element}")
        lines.append("ENDMDL")
    (METHODS / file).write_text("\n".join([*lines, "END", ""]))


def leaps() -> None:
    """Three atoms that walk along x: frame 5 repeats frame 4, frame 8 is 30 angstrom off."""
    steps = np.array([0.0, 1.0, 1.2, 0.8, 1.0, 0.0, 1.0, 1.2, 31.0, -29.0, 1.0])
    start = np.array([[0.0, 0.0, 0.0], [1.5, 0.0, 0.0], [2.0, 1.4, 0.0]])
    pdb("integrity/tests/leaps.pdb", "CCO", [start + np.array([way, 0.0, 0.0]) for way in np.cumsum(steps)])


def lost() -> None:
    """An atom of frame 1 has no number, one of frame 2 is 5000 angstrom away, all of frame 3 are at one place."""
    good = [[0.0, 0.0, 0.0], [1.5, 0.0, 0.0], [2.0, 1.4, 0.0]]
    without = [good[0], [NOT_A_NUMBER, 0.0, 0.0], good[2]]
    pdb("integrity/tests/lost.pdb", "CCO", [good, without, [*good[:2], [2.0, 5000.0, 0.0]], [[1.0, 1.0, 1.0]] * 3])


def broken() -> None:
    """A bond to oxygen that is stretched in frame 1 and squeezed in frame 2, and one to hydrogen that holds."""
    hydrogen = [0.0, 1.09, 0.0]
    models = [[[0.0, 0.0, 0.0], [length, 0.0, 0.0], hydrogen] for length in (1.2, 2.5, 0.5, 1.3)]
    pdb("bonds/tests/broken.pdb", "COH", models)


def cells() -> None:
    """Three atoms of a length of 14 along x, in cells whose edge c grows; frame 2 has none, frame 3 is too narrow."""
    pdb("box_sanity/tests/cells.pdb", "CCC", [[[x, 0.0, 0.0] for x in (0.0, 7.0, 14.0)]])
    lines = []
    for step, edges in enumerate([(30.0, 30.0, 30.0), (30.0, 30.0, 36.0), (0.0, 0.0, 0.0), (20.0, 30.0, 36.0)]):
        lines += ["ITEM: TIMESTEP", str(step), "ITEM: NUMBER OF ATOMS", "3", "ITEM: BOX BOUNDS pp pp pp"]
        lines += [f"0.0 {edge}" for edge in edges] + ["ITEM: ATOMS id type x y z"]
        lines += [f"{atom} 1 {x} 0.0 0.0" for atom, x in ((1, 0.0), (2, 7.0), (3, 14.0))]
    (METHODS / "box_sanity/tests/cells.lammpsdump").write_text("\n".join([*lines, ""]))


def times() -> None:
    """An atom at the times 0, 2, 4, 3, 6, 9 and 11 ps."""
    pdb("time_monotone/tests/one_atom.pdb", "C", [[[0.0, 0.0, 0.0]]])
    universe = MDAnalysis.Universe(str(METHODS / "time_monotone/tests/one_atom.pdb"))
    with MDAnalysis.Writer(str(METHODS / "time_monotone/tests/times.trr"), 1) as writer:
        for frame, time in enumerate((0.0, 2.0, 4.0, 3.0, 6.0, 9.0, 11.0)):
            universe.trajectory.ts.frame, universe.trajectory.ts.time = frame, time
            writer.write(universe.atoms)


def shifted() -> None:
    """Two waters whose coordinates come one atom too late."""
    water = np.array([[0.0, 0.0, 0.0], [0.957, 0.0, 0.0], [-0.24, 0.927, 0.0]])
    right = [*water, *(water + np.array([10.0, 0.0, 0.0]))]
    names = ["OW", "HW1", "HW2"] * 2
    pdb("atoms_match/tests/waters.pdb", names, [right], residue="SOL", in_residue=3, elements=False)
    moved = [right[-1], *right[:-1]]
    atoms = [f"{name[0]} {x:.3f} {y:.3f} {z:.3f}" for name, (x, y, z) in zip(names, moved, strict=True)]
    (METHODS / "atoms_match/tests/shifted.xyz").write_text("\n".join(["6", "shifted by one atom", *atoms, ""]))


if __name__ == "__main__":
    for write in (leaps, lost, broken, cells, times, shifted):
        write()
