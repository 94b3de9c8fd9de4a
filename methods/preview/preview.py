"""Guest: a small moving picture of a trajectory, in files that a molecular viewer opens."""

from __future__ import annotations

import itertools
import string
import struct
from typing import Any

import numpy as np
from MDAnalysis.guesser.default_guesser import DefaultGuesser
from MDAnalysis.guesser.tables import masses as MASSES  # noqa: N812 - it is a constant

LIMIT_BYTES = 5_000_000
RESERVED_BYTES = 64_000  # for the fields beside the two files, and the container around them
PDB_LINE_BYTES = 79
SMOOTH_FRAMES = 20  # detail is given up for so many frames, and for no more

WATER = "SOL WAT WATE HOH H2O OH2 HHO OHH DOD TIP TIP2 TIP3 TIP4 TIP5 T3P T4P T5P TP3 TP4 TP5 SPC SPCE OPC W PW WN"
IONS = "NA NA+ Na+ SOD Na K K+ POT CL CL- Cl- CLA Cl LI LI+ LIT RB RB+ RUB CS CS+ CES BR BR- NAA CLB ION"
# Names that force fields give to protonation states, by the name under which viewers know the residue.
PLAIN_NAMES = {
    variant: plain
    for plain, variants in {
        "HIS": "HSD HSE HSP HID HIE HIP HISA HISB HISD HISE HISH HIS1 HIS2",
        "CYS": "CYX CYM CYSH CYS1 CYS2",
        "ASP": "ASH ASPH ASPP",
        "GLU": "GLH GLUH GLUP",
        "LYS": "LYN LYSH LSN",
        "ARG": "ARGN",
    }.items()
    for variant in variants.split()
}
CHAINS = string.ascii_uppercase + string.ascii_lowercase + string.digits
AKMA_PS = 0.04888821  # the unit of time in a DCD


class ArgumentError(Exception):
    """The selection is too large for a preview."""


def preview(universe: Any, frames: Any, *, select: str | None, max_frames: int) -> dict[str, Any]:
    """Strip the solvent, choose frames, superpose them, and write a PDB and a DCD of at most 5 MB together.

    Parameters
    ----------
    universe
        Trajectory with the atoms.
    frames
        Frames to choose from; those that are chosen are evenly spaced.
    select
        Atoms to show; None shows all but water and simple ions.
    max_frames
        Most frames to show.

    Returns
    -------
    dict
        `pdb`: text; `dcd`: (byte,) uint8; what they show beside them.
    """
    wanted = _solute(universe.atoms) if select is None else universe.select_atoms(select)
    elements = _elements(wanted)
    atoms, elements, detail = _reduced(wanted, elements, min(len(frames), max_frames, SMOOTH_FRAMES))
    stride = -(-len(frames) // min(_frames_that_fit(len(atoms)), max_frames))
    shown = frames.indices[::stride]
    # A PDB lists few bonds or none; those of one that lists all are at least half as many as atoms.
    has_bonds = hasattr(universe, "bonds") and 2 * len(universe.bonds) >= len(universe.atoms)
    any_periodic = False
    positions = np.empty((len(shown), len(atoms), 3))
    times = np.empty(len(shown))
    for row, index in enumerate(shown):
        periodic = universe.trajectory[int(index)].dimensions is not None
        any_periodic = any_periodic or periodic
        positions[row] = frames.positions_at(int(index), atoms, whole=periodic and has_bonds)
        times[row] = universe.trajectory.ts.time
        if periodic:
            lattice = universe.trajectory.ts.triclinic_dimensions.astype(np.float64)
            if has_bonds:
                positions[row] = beside_the_largest(positions[row], atoms.fragindices, lattice)
            else:
                positions[row] = in_one_piece(positions[row], _in_polymer(atoms), lattice)
    superpose(positions, _frame_of_reference(atoms))
    step = float(times[1] - times[0]) if len(times) > 1 else 1.0
    return {
        "pdb": _pdb(atoms, elements, positions[0]),
        "dcd": np.frombuffer(_dcd(positions.astype("<f4"), step), np.uint8),
        "frame_indices": shown,
        "frame_times": times,
        "atom_indices": atoms.ix,
        "detail": detail,
        "stripped": _stripped(universe.atoms, wanted),
        "joined_by": "" if not any_periodic else "bonds" if has_bonds else "order of the atoms",
    }


def in_one_piece(positions: np.ndarray, polymer: np.ndarray, lattice: np.ndarray) -> np.ndarray:
    """Move each atom of a polymer by lattice vectors to the image nearest to the one before it in the file.

    Parameters
    ----------
    positions
        (atom, xyz)
    polymer
        (atom,) bool: the atoms that may be moved.
    lattice
        (vector, xyz)

    Returns
    -------
    numpy.ndarray
        (atom, xyz)
    """
    jumps = np.rint(np.diff(positions[polymer], axis=0) @ np.linalg.inv(lattice))
    moved = positions.copy()
    moved[np.flatnonzero(polymer)[1:]] -= np.cumsum(jumps, axis=0) @ lattice
    return moved


def beside_the_largest(positions: np.ndarray, molecule_of: np.ndarray, lattice: np.ndarray) -> np.ndarray:
    """Move each molecule by lattice vectors to the image whose centre is nearest to that of the largest molecule.

    Parameters
    ----------
    positions
        (atom, xyz)
    molecule_of
        (atom,), any number for each molecule.
    lattice
        (vector, xyz)

    Returns
    -------
    numpy.ndarray
        (atom, xyz)
    """
    molecule_of = np.unique(molecule_of, return_inverse=True)[1]
    sizes = np.bincount(molecule_of)
    centres = np.stack([np.bincount(molecule_of, positions[:, axis]) for axis in range(3)], axis=1) / sizes[:, None]
    away = (centres - centres[np.argmax(sizes)]) @ np.linalg.inv(lattice)
    return positions - (np.rint(away) @ lattice)[molecule_of]


def superpose(positions: np.ndarray, by: np.ndarray) -> None:
    """Move and rotate all frames onto the first, whose centre comes to the origin (Kabsch 1976).

    Parameters
    ----------
    positions
        (frame, atom, xyz), changed in place.
    by
        (some,) indices of the atoms that count.
    """
    positions -= positions[:, by].mean(axis=1)[:, None, :]
    covariances = positions[:, by].transpose(0, 2, 1) @ positions[0, by]
    left, _, right = np.linalg.svd(covariances)
    left[:, :, 2] *= np.sign(np.linalg.det(left) * np.linalg.det(right))[:, None]
    positions[:] = positions @ (left @ right)


def _solute(atoms: Any) -> Any:
    """Return all but water and simple ions; everything where nothing else is there."""
    if not hasattr(atoms, "resnames"):
        return atoms
    kept = atoms[~np.isin(atoms.resnames.astype(str), f"{WATER} {IONS}".split())]
    return kept if len(kept) else atoms


def _reduced(atoms: Any, elements: np.ndarray, n_frames: int) -> tuple[Any, np.ndarray, str]:
    """Return the most detailed of three views of the atoms that leaves room for so many frames."""
    firsts = np.unique(atoms.resindices, return_index=True)[1]
    names = _texts(atoms, "names", "X")
    traced = np.flatnonzero(np.isin(names, ["CA", "P", "BB", "PO4"]) & (elements != "CA"))
    untraced = firsts[~np.isin(atoms.resindices[firsts], atoms.resindices[traced])]
    views = [
        ("all atoms", np.arange(len(atoms))),
        ("no hydrogens", np.flatnonzero(elements != "H")),
        ("one atom of each residue", np.union1d(traced, untraced)),
    ]
    smooth = [view for view in views if _frames_that_fit(len(view[1])) >= n_frames]
    detail, chosen = (smooth or views[-1:])[0]
    if not _frames_that_fit(len(chosen)):
        raise ArgumentError(f"one frame of {len(atoms)} atoms has more than 5 MB; show fewer by select=")
    return atoms[chosen], elements[chosen], detail


def _frames_that_fit(n_atoms: int) -> int:
    """Return how many frames have room beside the PDB."""
    return max(0, (LIMIT_BYTES - RESERVED_BYTES - (PDB_LINE_BYTES + 8) * n_atoms) // (24 + 12 * n_atoms + 16))


def _frame_of_reference(atoms: Any) -> np.ndarray:
    """Return the atoms to superpose by: the alpha carbons, else the phosphorus of nucleic acids, else all."""
    for select in ("protein and name CA", "nucleic and name P"):
        chosen = atoms.select_atoms(select) if hasattr(atoms, "resnames") and hasattr(atoms, "names") else []
        if len(chosen) >= 3:
            return np.searchsorted(atoms.ix, chosen.ix)
    return np.arange(len(atoms))


def _in_polymer(atoms: Any) -> np.ndarray:
    """Return which atoms belong to proteins and nucleic acids, by the names of their residues."""
    return np.isin(atoms.ix, atoms.select_atoms("protein or nucleic").ix if hasattr(atoms, "resnames") else [])


def _elements(atoms: Any) -> np.ndarray:
    """Return the elements (atom,), upper case, guessed from names or else masses where the topology has none."""
    given = np.char.upper(atoms.elements.astype(str)) if hasattr(atoms, "elements") else np.full(len(atoms), "")
    by_name = hasattr(atoms, "names")
    sources = atoms.names.astype(str) if by_name else atoms.masses
    guess = DefaultGuesser(None).guess_atom_element if by_name else _of_mass
    guessed = {source: guess(source).upper() for source in np.unique(sources)}
    return np.where(given == "", [guessed[source] for source in sources], given)


def _of_mass(mass: float) -> str:
    """Return the element of that mass, in dalton, or an empty text."""
    nearest = min(MASSES, key=lambda element: abs(MASSES[element] - mass))
    return nearest if abs(MASSES[nearest] - mass) < 0.1 else ""


def _stripped(everything: Any, wanted: Any) -> str:
    """Say which residues are not shown."""
    left_out = everything[np.setdiff1d(everything.ix, wanted.ix)]
    if not hasattr(left_out, "resnames"):
        return f"{len(left_out)} atoms" if len(left_out) else ""
    names, counts = np.unique(left_out.residues.resnames.astype(str), return_counts=True)
    return ", ".join(f"{count} {name}" for name, count in zip(names, counts, strict=True))


def _texts(atoms: Any, attribute: str, otherwise: str) -> np.ndarray:
    """Return a text for each atom, also where the topology has none."""
    if not hasattr(atoms, attribute):
        return np.full(len(atoms), otherwise)
    return getattr(atoms, attribute).astype(str)


def _pdb(atoms: Any, elements: np.ndarray, positions: np.ndarray) -> str:
    """Write the first frame, each segment as a chain; numbers that have no room in a column begin again."""
    segments = np.unique(atoms.segindices, return_inverse=True)[1]
    columns = zip(
        itertools.count(1),
        np.where(_in_polymer(atoms), "ATOM", "HETATM"),
        _texts(atoms, "names", "X"),
        _texts(atoms, "resnames", "UNK"),
        [CHAINS[segment % len(CHAINS)] for segment in segments],
        atoms.resids % 10_000,
        positions,
        elements,
        strict=False,
    )
    lines = [
        f"{record:<6}{serial % 100_000:>5} {f' {name:<3}' if len(name) < 4 and len(element) < 2 else f'{name:<4.4}'} "
        f"{PLAIN_NAMES.get(residue, residue):<4.4}{chain}{resid:>4}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00"
        f"          {element:>2.2}\n"
        for serial, record, name, residue, chain, resid, (x, y, z), element in columns
    ]
    return "".join([*lines, "END\n"])


def _dcd(positions: np.ndarray, step_ps: float) -> bytes:
    """Write frames (frame, atom, xyz) of little-endian float32 as CHARMM and NAMD do, without a cell."""
    n_frames, n_atoms, _ = positions.shape
    header = struct.pack("<4s9if10i", b"CORD", n_frames, 0, 1, n_frames, 0, 0, 0, 0, 0, step_ps / AKMA_PS, *[0] * 9, 24)
    title = struct.pack("<i80s", 1, b"fomrepo preview: superposed, without solvent")
    blocks = [header, title, struct.pack("<i", n_atoms)]
    axes = np.ascontiguousarray(positions.transpose(0, 2, 1))
    blocks += [axis.tobytes() for frame in axes for axis in frame]
    marks = [struct.pack("<i", len(block)) for block in blocks]
    return b"".join(part for mark, block in zip(marks, blocks, strict=True) for part in (mark, block, mark))
