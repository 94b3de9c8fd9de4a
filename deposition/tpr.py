"""Guest: the probe of TPR, a simulation's input as GROMACS runs it: topology, first coordinates, settings.

Its layout changes with each GROMACS; MDAnalysis knows those from 4.0 on and is asked. Before that, what the header
states is compared with the size: since GROMACS 2020 it states the size of all that follows.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from deposition.quantities import CoordinateCheck, box_fact
from deposition.report import Deposited, Report, Topology, empty, facts, truncated, unreadable
from deposition.residues import composition
from deposition.tpr_settings import settings_of

TYPE = "TPR"
FAMILIES = ("topology", "structure")
SUFFIXES = (".tpr",)
SIZE_LIMIT_BYTES = 1 << 30  # it is read into memory whole; a system of 10 million atoms has half of that
PADDING_BYTES = 3  # XDR's, at most
BYTES_OF_AN_ATOM = 12  # of its position, in the smaller precision
_HEAD = re.compile(rb"\0\0\0[\x08-\x60]\0\0\0[\x07-\x5f]VERSION ([\x20-\x7e]{1,80})")


def looks_like(head: bytes) -> bool:
    """Tell whether a file begins with the text VERSION, as XDR writes it."""
    return _HEAD.match(head) is not None


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one TPR and read its facts."""
    if file.size > SIZE_LIMIT_BYTES:
        raise unreadable(file, f"it has {file.size} bytes, {SIZE_LIMIT_BYTES} are allowed")
    doubts: list[str] = []
    program = _check_header(file, doubts)
    universe = _open(file)
    has_positions = hasattr(universe, "trajectory")
    timestep = universe.trajectory.ts if has_positions else None
    if timestep is not None:
        CoordinateCheck(file, doubts).look_at(timestep.positions, 0)
    cell = None if timestep is None else timestep.dimensions
    has_velocities = timestep is not None and timestep.has_velocities
    return Report(
        facts(
            type=TYPE,
            families=FAMILIES if has_positions else FAMILIES[:1],
            n_atoms=len(universe.atoms),
            n_residues=len(universe.residues),
            n_segments=len(universe.segments),
            n_frames=1 if has_positions else None,
            box=None if cell is None else box_fact(cell[:3].tolist(), cell[3:].tolist(), doubts),
            has=[
                *(["positions"] if has_positions else []),
                *(["velocities"] if has_velocities else []),
                *("masses", "charges"),
                *(["bonds"] if len(getattr(universe, "bonds", ())) else []),
            ],
            program={"name": "GROMACS", "version": program},
            settings=settings_of(file) or None,
            doubts=doubts,
            **_composition(universe.atoms),
        )
    )


def _composition(atoms: Any) -> dict[str, Any]:
    """Return what the atoms are."""
    columns = (atoms.resids.tolist(), atoms.resnames.tolist(), atoms.segids.tolist())
    return composition(list(zip(*columns, strict=True)), atoms.names.tolist(), atoms.charges)


def _check_header(file: Deposited, doubts: list[str]) -> str:
    """Compare what the header states with the size; returns the version of GROMACS."""
    from MDAnalysis.topology.tpr import setting
    from MDAnalysis.topology.tpr.utils import TPXUnpacker, read_tpxheader

    with open(file.path, "rb") as stream:
        head = stream.read(4096)
    try:
        unpacked = TPXUnpacker(head)
        header = read_tpxheader(unpacked)
    except (EOFError, ValueError, OSError, NotImplementedError) as error:
        raise unreadable(file, f"its header is none that MDAnalysis knows: {error}") from error
    if header.natoms <= 0:
        raise empty(file, f"has {header.natoms} atoms")
    start = unpacked.get_position()
    if header.fver >= setting.tpxv_AddSizeField and header.fgen >= 27:
        there = file.size - start
        if there < header.sizeOfTprBody:
            raise truncated(file, f"{there} of {header.sizeOfTprBody} bytes are there behind its header")
        if there > header.sizeOfTprBody + PADDING_BYTES:
            raise unreadable(file, f"{there} bytes are behind its header, which states {header.sizeOfTprBody}")
    else:
        doubts.append("GROMACS before 2020 wrote no size into it: a lost end of its settings is not noticed")
    if header.bX and header.natoms * BYTES_OF_AN_ATOM > file.size:
        raise truncated(file, f"it has no room for the positions of {header.natoms} atoms")
    return header.ver_str.decode("ascii", "replace").removeprefix("VERSION ")


def _open(file: Deposited) -> Any:
    import MDAnalysis

    try:
        universe = MDAnalysis.Universe(file.path, topology_format=TYPE, format=TYPE, to_guess=())
        masses, charges = universe.atoms.masses, universe.atoms.charges
        _ = getattr(universe, "bonds", None)  # which may name atoms that there are not
    except MemoryError:
        raise
    except EOFError as error:
        raise truncated(file, "it ends within what its header states") from error
    except Exception as error:
        raise unreadable(file, f"MDAnalysis says: {type(error).__name__}: {str(error)[:200]}") from error
    if not (np.all(np.isfinite(masses)) and np.all(np.isfinite(charges))):
        raise unreadable(file, "it has masses or charges that are not finite numbers")
    return universe
