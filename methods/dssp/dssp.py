"""Guest: the secondary structure of a protein in each frame, by the hydrogen bonds of its backbone."""

from __future__ import annotations

from typing import Any

import numpy as np
from MDAnalysis.lib.distances import self_capped_distance

COUPLING = 0.42 * 0.20 * 332.0  # kcal/mol angstrom: partial charges of CO and NH
BOND_ENERGY = -0.5  # kcal/mol, below which a hydrogen bond is counted
LEAST_ENERGY = -9.9  # kcal/mol
NEAR = 9.0  # angstrom between alpha carbons of residues that are looked at
LONGEST_PEPTIDE_BOND = 2.5  # angstrom
BEND = 70.0  # degree


class ArgumentError(Exception):
    """No selected residue has a backbone."""


def dssp(universe: Any, frames: Any, *, select: str) -> dict[str, Any]:
    """Assign one of eight letters to each residue in each frame.

    Parameters
    ----------
    universe
        Trajectory with a protein.
    frames
        Frames to assign.
    select
        Atoms of the protein; residues without N, CA, C or O are left out.

    Returns
    -------
    dict
        `codes`: a text for each frame; shares of frames and of residues beside it.
    """
    chosen = universe.select_atoms(select)
    if not hasattr(chosen, "names") or not hasattr(chosen, "resnames"):
        raise ArgumentError("a backbone is known by names, and this topology has none; deposit it with one that has")
    residues, backbone = _backbone(chosen)
    if len(residues) < 5:
        raise ArgumentError(f"select={select!r} has {len(residues)} residues with N, CA, C and O; five are the least")
    atoms = universe.atoms[np.unique(backbone)]
    backbone = np.searchsorted(atoms.ix, backbone)
    donates = residues.resnames != "PRO"
    same_chain = np.diff(residues.segindices) == 0
    letters = []
    for block in frames.blocks(atoms, finite=True):
        lattices = [None] * len(block.frames) if block.boxes is None else block.lattices
        for row, positions in enumerate(block.positions.astype(np.float64)[:, backbone]):
            box = None if block.boxes is None else block.boxes[row]
            letters.append(assign(positions, donates, same_chain, lattices[row], box))
    assigned = np.array(letters)
    helix, strand = np.isin(assigned, list("HGI")), np.isin(assigned, list("EB"))
    return {
        "codes": ["".join(row) for row in assigned],
        "helix": helix.mean(axis=1),
        "strand": strand.mean(axis=1),
        "residue_helix": helix.mean(axis=0),
        "residue_strand": strand.mean(axis=0),
        "resids": residues.resids,
        "resnames": [str(name) for name in residues.resnames],
        "segids": [str(name) for name in residues.segids],
    }


def assign(
    backbone: np.ndarray,
    donates: np.ndarray,
    same_chain: np.ndarray,
    lattice: np.ndarray | None = None,
    box: np.ndarray | None = None,
) -> np.ndarray:
    """Return the letter of each residue of one structure (Kabsch and Sander 1983).

    Parameters
    ----------
    backbone
        (residue, atom, xyz) float64, angstrom: N, CA, C, O.
    donates
        (residue,) bool: all but proline.
    same_chain
        (residue - 1,) bool: whether a residue and the next one are in one chain.
    lattice, box
        (vector, xyz) and (cell,), angstrom; None: no images.

    Returns
    -------
    numpy.ndarray
        (residue,) of H, G, I (helices), E, B (strands), T (turn), S (bend) or - (none).
    """
    n, ca, c, _ = np.moveaxis(backbone, 1, 0)
    # 1. How far a chain reaches without a break: breaks before a residue, counted.
    peptide = np.linalg.norm(_short(n[1:] - c[:-1], lattice), axis=1)
    piece = np.append(0, np.cumsum(~same_chain | (peptide > LONGEST_PEPTIDE_BOND)))
    # 2. Hydrogen bonds from NH of a residue to CO of another.
    bonds = hydrogen_bonds(backbone, donates, piece, lattice, box)
    # 3. Strands from bridges, 4. helices and turns from bonds along the chain, 5. bends.
    letters = np.full(len(backbone), "-")
    for first, last, letter in _strands(bonds, piece):
        for end in (first, last):
            here = letters[end[0] : end[-1] + 1]
            here[here != "E"] = letter
    starts = {length: _starts(bonds, piece, length) for length in (3, 4, 5)}
    _helices(letters, starts)
    turning = np.zeros(len(letters), bool)
    for length, start in starts.items():
        for step in range(1, length):
            turning[step:] |= start[:-step]
    inner = np.arange(1, len(letters) - 1)
    free = inner[letters[inner] == "-"]
    bent = np.zeros(len(letters), bool)
    bent[2:-2] = _bends(ca, lattice) & (piece[4:] == piece[:-4])
    letters[free[bent[free]]] = "S"
    letters[free[turning[free]]] = "T"
    return letters


def hydrogen_bonds(
    backbone: np.ndarray, donates: np.ndarray, piece: np.ndarray, lattice: np.ndarray | None, box: np.ndarray | None
) -> np.ndarray:
    """Return which residue (donor, acceptor) is bonded by its NH to which one's CO: the best two of each donor."""
    n, ca, c, o = np.moveaxis(backbone, 1, 0)
    # The hydrogen lies 1 angstrom from N, against the direction of the C=O before it.
    carbonyl = _short(c - o, lattice)
    hydrogens = n.copy()
    hydrogens[1:] += np.where(
        (piece[1:] == piece[:-1])[:, None], carbonyl[:-1] / np.linalg.norm(carbonyl[:-1], axis=1)[:, None], 0.0
    )
    pairs = self_capped_distance(ca.astype(np.float32), NEAR, box=box, return_distances=False)
    donor, acceptor = np.concatenate([pairs, pairs[:, ::-1]]).T
    asked = donates[donor] & (donor != acceptor + 1)
    donor, acceptor = donor[asked], acceptor[asked]
    distances = [
        np.linalg.norm(_short(one[donor] - other[acceptor], lattice), axis=1)
        for one, other in ((hydrogens, o), (hydrogens, c), (n, c), (n, o))
    ]
    ho, hc, nc, no = np.maximum(distances, 1e-3)
    energies = np.maximum(COUPLING * (1.0 / no + 1.0 / hc - 1.0 / ho - 1.0 / nc), LEAST_ENERGY)
    energies[np.min(distances, axis=0) < 0.5] = LEAST_ENERGY
    order = np.lexsort((energies, donor))
    donor, acceptor, energies = donor[order], acceptor[order], energies[order]
    best_two = np.ones(len(donor), bool)
    best_two[2:] = donor[2:] != donor[:-2]
    bonded = best_two & (energies < BOND_ENERGY)
    bonds = np.zeros((len(backbone), len(backbone)), bool)
    bonds[donor[bonded], acceptor[bonded]] = True
    return bonds


def _strands(bonds: np.ndarray, piece: np.ndarray) -> list[tuple[list[int], list[int], str]]:
    """Return ladders: residues of either strand in order, and E, or B for a bridge alone."""
    ladders: list[tuple[list[int], list[int], bool]] = []
    for i, j, parallel in _bridges(bonds, piece):
        for one, other, kind in ladders:
            beside = other[-1] + 1 if parallel else other[0] - 1
            if kind == parallel and one[-1] + 1 == i and beside == j:
                one.append(i)
                other.insert(len(other) if parallel else 0, j)
                break
        else:
            ladders.append(([i], [j], parallel))
    ladders.sort(key=lambda ladder: ladder[0][0])
    place = 0
    while place < len(ladders):
        one, other, parallel = ladders[place]
        after = place + 1
        while after < len(ladders):
            if _bulges(ladders[place], ladders[after], piece):
                further, beside, _ = ladders.pop(after)
                one.extend(further)
                other[:] = other + beside if parallel else beside + other
            else:
                after += 1
        place += 1
    return [(one, other, "E" if len(one) > 1 else "B") for one, other, _ in ladders]


def _bridges(bonds: np.ndarray, piece: np.ndarray) -> list[tuple[int, int, bool]]:
    """Return bridges between two residues at least three apart, and whether they are parallel."""
    middle = slice(1, -1)
    # Seen from residues i (first axis) and j (second): bonds of their neighbours before and behind.
    parallel = (bonds[2:, middle] & bonds[middle, :-2].T) | (bonds[2:, middle].T & bonds[middle, :-2])
    opposed = (bonds[2:, :-2] & bonds[2:, :-2].T) | (bonds[middle, middle] & bonds[middle, middle].T)
    unbroken = piece[2:] == piece[:-2]
    possible = unbroken[:, None] & unbroken[None, :] & np.triu(np.ones_like(parallel), 3)
    found = np.argwhere((parallel | opposed) & possible)
    return [(int(i) + 1, int(j) + 1, bool(parallel[i, j])) for i, j in found]


def _bulges(
    ladder: tuple[list[int], list[int], bool], after: tuple[list[int], list[int], bool], piece: np.ndarray
) -> bool:
    """Whether a ladder goes on in another one behind a bulge: up to four residues on one strand, one on the other."""
    (one, other, parallel), (further, beside, kind) = ladder, after
    gap = further[0] - one[-1]
    unbroken = piece[min(one[0], further[0])] == piece[max(one[-1], further[-1])]
    unbroken &= piece[min(other[0], beside[0])] == piece[max(other[-1], beside[-1])]
    if kind != parallel or not unbroken or not 0 < gap < 6:
        return False
    gap_beside = beside[0] - other[-1] if parallel else other[0] - beside[-1]
    return 0 <= gap_beside < (6 if gap < 3 else 3)


def _starts(bonds: np.ndarray, piece: np.ndarray, length: int) -> np.ndarray:
    """Return which residues (residue,) begin a turn: their CO is bonded to the NH so many residues behind."""
    starts = np.zeros(len(bonds), bool)
    starts[:-length] = np.diagonal(bonds, -length) & (piece[length:] == piece[:-length])
    return starts


def _helices(letters: np.ndarray, starts: dict[int, np.ndarray]) -> None:
    """Write helices where two turns follow each other: alpha over all, 3-10 where nothing is, pi over alpha too."""
    for length, letter, over in ((4, "H", ""), (3, "G", "-G"), (5, "I", "-IH")):
        start = starts[length]
        for place in np.flatnonzero(start[1:] & start[:-1]) + 1:
            here = letters[place : place + length]
            if not over or np.isin(here, list(over)).all():
                here[:] = letter


def _bends(ca: np.ndarray, lattice: np.ndarray | None) -> np.ndarray:
    """Return where (residue - 4,) the chain turns by more than 70 degrees from two residues before to two behind."""
    before, behind = _short(ca[2:-2] - ca[:-4], lattice), _short(ca[4:] - ca[2:-2], lattice)
    sines = np.linalg.norm(np.cross(before, behind), axis=1)
    return np.degrees(np.arctan2(sines, np.einsum("rx,rx->r", before, behind))) > BEND


def _short(vectors: np.ndarray, lattice: np.ndarray | None) -> np.ndarray:
    """Return the nearest image of vectors shorter than half of the cell."""
    return vectors if lattice is None else vectors - np.rint(vectors @ np.linalg.inv(lattice)) @ lattice


def _backbone(atoms: Any) -> tuple[Any, np.ndarray]:
    """Return the residues that have a backbone, and its atoms (residue, atom): N, CA, C, O."""
    place = {}
    for names in ("N", "CA", "C", "O OT1 O1 OC1"):
        found = atoms.select_atoms(f"name {names}")
        place[names] = dict(zip(found.resindices[::-1].tolist(), found.ix[::-1].tolist(), strict=True))
    complete = sorted(set.intersection(*(set(each) for each in place.values())))
    indices = [[each[residue] for each in place.values()] for residue in complete]
    return atoms.universe.residues[complete], np.array(indices).reshape(-1, 4)
