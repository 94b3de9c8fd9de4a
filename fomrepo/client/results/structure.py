"""A result that is a structure: positions of atoms, and what they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fomrepo.client.results.pdb import pdb_lines
from fomrepo.client.results.result import Result
from fomrepo.client.results.whole_file import written
from fomrepo.client.tracebacks import short_tracebacks

if TYPE_CHECKING:
    import MDAnalysis


class Structure(Result):
    """Positions of atoms, and what they are."""

    @short_tracebacks
    def save(self, path: str | Path) -> Path:
        """Write it into a file: ``.pdb``, or one of the formats of every result."""
        path = Path(path).expanduser()
        if path.suffix != ".pdb":
            return super().save(path)
        return written(path, (line.encode() for line in pdb_lines(self)))

    @short_tracebacks
    def to_universe(self) -> MDAnalysis.Universe:
        """Give it as MDAnalysis has it: one frame, with names, residues and cell as far as they are known.

        Raises
        ------
        SettingsError
            If MDAnalysis is not installed.
        """
        from fomrepo.client.results.universe import structure_universe

        return structure_universe(self)
