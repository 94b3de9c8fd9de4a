"""Guest: salt bridges between charged side chains and ends, in each frame, and how often each one is there."""

from __future__ import annotations

from typing import Any

import numpy as np
from MDAnalysis.lib.distances import capped_distance

# Names of residues, atoms that carry the charge, hydrogens that may be on them, number of these in the charged form.
ACIDS = (
    ("ASP ASH ASPH ASPP", "OD1 OD2", "HD1 HD2", 0),
    ("GLU GLH GLUH GLUP", "OE1 OE2", "HE1 HE2", 0),
)
BASES = (
    ("LYS LYSH LYN LSN", "NZ", "HZ1 HZ2 HZ3", 3),
    ("ARG ARGN", "NE NH1 NH2", "HE HH11 HH12 HH21 HH22", 5),
    ("HIS HSP HIP HISH HSD HSE HID HIE HISA HISB HISD HISE", "ND1 NE2", "HD1 HE2", 2),
)
END_OXYGENS = "O OXT OT OT1 OT2 OC1 OC2 O1 O2"
END_OXYGEN_HYDROGENS = "HXT HO HO1 HO2"
END_NITROGEN_HYDROGENS = "H1 H2 H3 HT1 HT2 HT3"


class ArgumentError(Exception):
    """There are no charged groups, or the cutoff does not fit into the cell."""


def salt_bridges(universe: Any, frames: Any, *, select: str, cutoff: float, periodic: bool) -> dict[str, Any]:
    """Find pairs of residues whose charged atoms are near each other, in one part of the frames.

    Parameters
    ----------
    universe
        Trajectory with a protein.
    frames
        Frames to search.
    select
        Atoms of the protein.
    cutoff
        Largest distance from an oxygen to a nitrogen, angstrom.
    periodic
        Whether nearest images count where a frame has a cell.

    Returns
    -------
    dict
        `n_salt_bridges`: (frame,) int64; bridges and how often each was there, as `combine` takes them.
    """
    protein = universe.select_atoms(select)
    if not hasattr(protein, "names") or not hasattr(protein, "resnames"):
        raise ArgumentError(
            "charged groups are known by names, and this topology has none; deposit it with one that has"
        )
    oxygens, nitrogens = charged_atoms(protein)
    if not len(oxygens) or not len(nitrogens):
        raise ArgumentError(f"select={select!r} has no acid or no base that is charged; select a whole protein")
    atoms = oxygens | nitrogens
    acids, bases = np.searchsorted(atoms.ix, oxygens.ix), np.searchsorted(atoms.ix, nitrogens.ix)
    n_residues = len(universe.residues)
    bridges, nearest = [], []
    for block in frames.blocks(atoms, finite=True):
        cells = block.boxes if periodic and block.boxes is not None else [None] * len(block.frames)
        for positions, box in zip(block.positions, cells, strict=True):
            try:
                pairs, lengths = capped_distance(positions[acids], positions[bases], cutoff, box=box)
            except ValueError as error:  # the search in a grid of many atoms wants a cell of twice the cutoff
                raise ArgumentError(f"cutoff={cutoff:g}: {error}; give a smaller one, or periodic=False") from error
            codes = oxygens.resindices[pairs[:, 0]] * n_residues + nitrogens.resindices[pairs[:, 1]]
            order = np.lexsort((lengths, codes))
            codes, firsts = np.unique(codes[order], return_index=True)
            bridges.append(codes)
            nearest.append(lengths[order][firsts])
    codes, of_bridge, counts = np.unique(np.concatenate(bridges), return_inverse=True, return_counts=True)
    return {
        "n_salt_bridges": [len(found) for found in bridges],
        "bridges": codes,
        "counts": counts,
        "distance_sums": np.bincount(of_bridge, np.concatenate(nearest), len(codes)),
    }


def combine(universe: Any, parts: list[dict[str, Any]], **_: Any) -> dict[str, Any]:
    """String the numbers of all parts together, and make one table of their bridges, the most frequent first."""
    n_salt_bridges, found, times, sums = (
        np.concatenate([part[name] for part in parts])
        for name in ("n_salt_bridges", "bridges", "counts", "distance_sums")
    )
    codes, of_bridge = np.unique(found, return_inverse=True)
    counts, distances = (np.bincount(of_bridge, each, len(codes)) for each in (times, sums))
    order = np.argsort(-counts, kind="stable")
    n_residues = len(universe.residues)
    return {
        "n_salt_bridges": n_salt_bridges,
        "occupancy": counts[order] / len(n_salt_bridges),
        "mean_distance": (distances / counts)[order],
        **_columns(universe.residues[codes[order] // n_residues], "acid"),
        **_columns(universe.residues[codes[order] % n_residues], "base"),
    }


def charged_atoms(protein: Any) -> tuple[Any, Any]:
    """Return the oxygens of acids and the nitrogens of bases that carry a charge, by names and hydrogens."""
    oxygens, nitrogens = protein[[]], protein[[]]
    for residue in protein.residues:
        names = {_digits_last(name) for name in residue.atoms.names}
        for known, charged, hydrogens, number in ACIDS + BASES:
            if residue.resname not in known.split():
                continue
            has_hydrogens = any(name.startswith("H") for name in names)
            protonated = len(names & set(hydrogens.split())) == number
            if protonated if has_hydrogens else "HIS" not in known:
                found = _named_atoms(residue, charged)
                oxygens, nitrogens = (oxygens, nitrogens + found) if number else (oxygens + found, nitrogens)
        end = _named_atoms(residue, END_OXYGENS)
        if len(end) == 2 and not names & set(END_OXYGEN_HYDROGENS.split()):
            oxygens += end
        if len(names & set(END_NITROGEN_HYDROGENS.split())) == (2 if residue.resname == "PRO" else 3):
            nitrogens += _named_atoms(residue, "N")
    return oxygens & protein, nitrogens & protein


def _digits_last(name: str) -> str:
    """Return a name as it is written now: HZ1 for 1HZ."""
    bare = name.lstrip("123")
    return bare + name[: len(name) - len(bare)]


def _named_atoms(residue: Any, names: str) -> Any:
    return residue.atoms[np.isin(residue.atoms.names.astype(str), names.split())]


def _columns(residues: Any, side: str) -> dict[str, Any]:
    """Return columns that name residues."""
    return {
        f"{side}_resids": residues.resids,
        f"{side}_resnames": [str(name) for name in residues.resnames],
        f"{side}_segids": [str(name) for name in residues.segids],
    }
