"""Guest: the probe of PDB, the structure format of the Protein Data Bank; of several models it makes a trajectory.

Records of fixed columns: CRYST1 (the cell), MODEL and ENDMDL around frames, ATOM and HETATM (angstrom), CONECT (bonds).
"""

from __future__ import annotations

import re

import numpy as np

from deposition.quantities import CoordinateCheck, box_fact
from deposition.report import Deposited, Report, Topology, check_atoms, empty, facts, truncated, unreadable
from deposition.residues import composition
from deposition.text_lines import count_changes, lines

TYPE = "PDB"
FAMILIES = ("structure", "topology", "trajectory")
SUFFIXES = (".pdb", ".ent")
COORDINATE_COLUMNS = (slice(30, 38), slice(38, 46), slice(46, 54))
NO_CELL = (1.0, 1.0, 1.0, 90.0, 90.0, 90.0)  # what programs write where there is no cell
_HEAD = re.compile(
    rb"(?:HEADER|TITLE |COMPND|REMARK|CRYST1|MODEL\b|SPLIT |CAVEAT|OBSLTE|AUTHOR|EXPDTA|NUMMDL|SEQRES|SOURCE|KEYWDS"
    rb"|(?:ATOM  |HETATM)[^\n]{24}[ \d.+-]{24})"
)


def looks_like(head: bytes) -> bool:
    """Tell whether the first line is a record of PDB."""
    return _HEAD.match(head.lstrip(b"\r\n")) is not None


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one PDB and read its facts."""
    doubts: list[str] = []
    reading = _Reading(file, doubts)
    for line in lines(file):
        reading.take(line)
    reading.finish()
    check_atoms(file, reading.n_atoms, topology)
    residues = reading.residues()
    return Report(
        facts(
            type=TYPE,
            families=FAMILIES if reading.n_models > 1 else FAMILIES[:2],
            n_atoms=reading.n_atoms,
            n_residues=count_changes(residues),
            n_segments=count_changes((segment,) for *_, segment in residues),
            n_frames=reading.n_models,
            box=reading.box,
            has=["positions", *(["bonds"] if reading.has_bonds else [])],
            doubts=doubts,
            **composition(residues, reading.names),
        )
    )


class _Reading:
    """What was found so far, line by line."""

    def __init__(self, file: Deposited, doubts: list[str]) -> None:
        self._file = file
        self._doubts = doubts
        self._check = CoordinateCheck(file, doubts)
        self._positions: list[tuple[float, ...]] = []  # of the model that is being read
        self._keys: list[tuple[str, str, str, str, str]] = []  # of the first model's atoms
        self._in_model = False
        self._last_line = ""
        self.n_atoms = 0
        self.n_models = 0
        self.names: list[str] = []  # of the first model's atoms
        self.has_bonds = False
        self.box: dict[str, object] | None = None

    def take(self, line: str) -> None:
        """Read one line."""
        record = line[:6]
        if record in ("ATOM  ", "HETATM"):
            self._take_atom(line)
        elif record == "CRYST1" and self.box is None:
            self._take_cell(line)
        elif record.startswith("MODEL"):
            if self._positions:
                self._end_model()
            self._in_model = True
        elif record == "ENDMDL":
            self._end_model()
            self._in_model = False
        elif record == "CONECT":
            self.has_bonds = True
        if line.strip():
            self._last_line = line

    def finish(self) -> None:
        """Check that the end is an end."""
        if self._in_model and not self._last_line.startswith("END"):
            raise truncated(self._file, f"its model {self.n_models + 1} has no ENDMDL")
        if self._positions:
            self._end_model()
        if not self.n_atoms:
            raise empty(self._file, "has no ATOM or HETATM record")
        if not self._last_line.startswith("END"):
            self._doubts.append("it does not end with END: it may be cut after a whole line")

    def residues(self) -> list[tuple[str, str, str]]:
        """Return number with insertion code, name and segment of each atom's residue.

        Chains stand for segments where there are none.
        """
        has_segments = any(segment for *_, segment in self._keys)
        return [
            (number + insertion, name, segment if has_segments else chain)
            for chain, number, insertion, name, segment in self._keys
        ]

    def _take_atom(self, line: str) -> None:
        try:
            self._positions.append(tuple(float(line[column]) for column in COORDINATE_COLUMNS))
        except ValueError:
            what = f"atom {len(self._positions) + 1} has no three coordinates: {line[:80]!r}"
            raise truncated(self._file, what) if len(line) < 54 else unreadable(self._file, what) from None
        if self.n_models == 0:
            self.names.append(line[12:16])
            self._keys.append((line[21:22].strip(), line[22:26], line[26:27], line[17:21].strip(), line[72:76].strip()))

    def _take_cell(self, line: str) -> None:
        try:
            cell = [float(line[a:b]) for a, b in ((6, 15), (15, 24), (24, 33), (33, 40), (40, 47), (47, 54))]
        except ValueError:
            self._doubts.append(f"its cell cannot be read: {line[:80]!r}")
            return
        if tuple(cell) != NO_CELL:
            self.box = box_fact(cell[:3], cell[3:], self._doubts)

    def _end_model(self) -> None:
        """Check one whole model."""
        if self.n_models == 0:
            self.n_atoms = len(self._positions)
        elif len(self._positions) != self.n_atoms:
            raise unreadable(
                self._file,
                f"its model {self.n_models + 1} has {len(self._positions)} atoms, the first one has {self.n_atoms}",
            )
        if self._positions:
            self._check.look_at(np.array(self._positions), self.n_models)
        self.n_models += 1
        self._positions = []
