"""A file of a record, as an object: its facts are attributes, its methods run where its bytes are."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fomrepo.client.calls import Calls
from fomrepo.client.download import DownloadProgress, download_file
from fomrepo.client.method_attributes import MethodAttributes
from fomrepo.client.remote_methods import FileMethods, SubmittedMethods, call_order, no_attribute
from fomrepo.client.results.optional import imports_for
from fomrepo.client.several import Results, run_several
from fomrepo.client.tracebacks import short_tracebacks
from fomrepo.client.unchanging import Unchanging
from fomrepo.errors import ArgumentError
from fomrepo.model import units
from fomrepo.model.explanation import Explanation
from fomrepo.model.files import FileObject

if TYPE_CHECKING:
    import MDAnalysis

    from fomrepo.client.record import Record


class RemoteFile(MethodAttributes, Unchanging):
    """One file of a record.

    Every published method that fits the file's type is an attribute: ``traj.rmsd(select="name CA", step=2)``. See
    ``list(traj.methods)``; ``help(traj.rmsd)`` says what one does.
    """

    def __init__(self, record: Record, file: FileObject, calls: Calls) -> None:
        #: The record that it belongs to.
        self.record = record
        #: Its name in the record.
        self.name = file.name
        #: ``PSF``, ``XTC`` ...
        self.file_type = file.file_type
        #: What it is to methods: ``trajectory``, ``topology``, ``structure`` ...
        self.families = file.families
        #: Size in bytes.
        self.size = file.size
        #: SHA-256 of its content.
        self.sha256 = file.digest
        #: What was read from it at deposit; ``facts["box"]`` is the cell of the first frame.
        self.facts: Mapping[str, Any] = MappingProxyType(dict(file.facts))
        self._topology = file.topology
        self._calls = calls
        self._methods = FileMethods(self, calls)
        self._made()

    @property
    def topology(self) -> RemoteFile | None:
        """The file that says what its atoms are; None for a file that needs none."""
        return None if self._topology is None else self.record[self._topology]

    @property
    def n_atoms(self) -> int | None:
        """Number of atoms."""
        return self.facts.get("n_atoms")

    @property
    def n_frames(self) -> int | None:
        """Number of frames; None for a file without."""
        return self.facts.get("n_frames")

    @property
    def dt(self) -> float | None:
        """Time between frames in ps; None if the file does not say."""
        return _in_ps(self.facts.get("dt"))

    @property
    def total_time(self) -> float | None:
        """Time from the first frame to the last in ps; None if the file does not say."""
        return _in_ps(self.facts.get("total_time"))

    @property
    def methods(self) -> FileMethods:
        """Methods that fit this file, by name or by ``name, version``."""
        return self._methods

    @property
    def submit(self) -> SubmittedMethods:
        """The same methods, each answering at once with a ``concurrent.futures.Future``."""
        return SubmittedMethods(self.methods)

    @short_tracebacks
    def run(
        self,
        *,
        start: int | None = None,
        stop: int | None = None,
        step: int | None = None,
        frames: Sequence[int] | None = None,
        verbose: bool = False,
        **methods: Mapping[str, Any],
    ) -> Results:
        """Run several methods in one pass: each frame is decoded once for all of them.

        Parameters
        ----------
        start, stop, step, frames
            Which frames, for those methods that have frames and do not choose themselves.
        verbose
            Whether to show a progress bar.
        **methods
            Arguments of each method, by its name.

        Returns
        -------
        Results
            One result for each method, by its name. What you had asked before is not computed again.

        Examples
        --------
        >>> both = traj.run(rmsd={"select": "name CA"}, radius_of_gyration={}, step=2)    # doctest: +SKIP
        >>> both.rmsd.times, both["radius_of_gyration"].provenance                        # doctest: +SKIP
        """
        given = {"start": start, "stop": stop, "step": step, "frames": frames}
        chosen = {name: value for name, value in given.items() if value is not None}
        return run_several(self, self._calls, methods, chosen, verbose=verbose)

    @short_tracebacks
    def explain(self, method: str | tuple[str, str], *others: RemoteFile, **arguments: Any) -> Explanation:
        """Say what a call of a method would do, without calling it.

        Parameters
        ----------
        method
            Its name, or name and version.
        *others
            A second file, where the method takes one.
        **arguments
            As for the call.

        Returns
        -------
        Explanation
            Which version would run, where, which way and why, and whether you have its answer already.

        Examples
        --------
        >>> print(traj.explain("rmsd", select="name CA"))         # doctest: +SKIP
        """
        found, send = self.methods.find(method)
        if send is not None:
            raise ArgumentError(
                f"{found.schema.name} is a method of this file that nobody reviewed: it runs cold, for you"
            )
        return self._calls.explain(call_order(found.schema, (self, *others), arguments)[0])

    @short_tracebacks
    def universe(
        self,
        select: str = "all",
        *,
        start: int | None = None,
        stop: int | None = None,
        step: int | None = None,
        frames: Sequence[int] | slice | None = None,
        whole: bool = False,
        verbose: bool = False,
    ) -> MDAnalysis.Universe:
        """Fetch some atoms in some frames, as a Universe of MDAnalysis with them in memory.

        The positions are cut out at a site; the topology comes whole, once, into the cache of :func:`fomrepo.fetch`.

        Parameters
        ----------
        select
            Which atoms, in MDAnalysis selection language; evaluated in the first frame.
        start, stop, step, frames
            Which frames; ``frames`` is a list of indices or a slice.
        whole
            Whether to make molecules whole that the periodic cell has cut, by their bonds.
        verbose
            Whether to show progress bars.

        Returns
        -------
        MDAnalysis.Universe
            With the selected atoms and what the topology says of them (names, residues, masses, charges, bonds
            between them), float32 positions in angstrom, cells, and times in ps. Frames are counted anew, from 0.
            Velocities and forces stay at the site.

        Raises
        ------
        SettingsError
            If MDAnalysis is not installed.
        ArgumentError
            If it is more than a call gives (500 MiB), or the selection or a frame is wrong.

        Examples
        --------
        >>> u = traj.universe("protein", step=10)                 # doctest: +SKIP
        """
        with imports_for("universe()", install="MDAnalysis"):
            from fomrepo.client.universe import local_universe
        if isinstance(frames, slice):
            if (start, stop, step) != (None, None, None):
                raise ArgumentError("frames= is a slice already", remedy="leave out start=, stop= and step=")
            start, stop, step, frames = frames.start, frames.stop, frames.step, None
        given = {"start": start, "stop": stop, "step": step, "frames": frames}
        chosen = {name: value for name, value in given.items() if value is not None}
        return local_universe(self, select=select, whole=whole, frames=chosen, verbose=verbose)

    @short_tracebacks
    def download(self, path: str | Path = ".", *, progress: DownloadProgress | None = None) -> Path:
        """Fetch the bytes; a download that was interrupted is continued.

        Parameters
        ----------
        path
            Where to: a file, or a folder that exists.
        progress
            Called with bytes done and bytes in all.

        Returns
        -------
        pathlib.Path
            Where the file is. Its digest was verified.

        Raises
        ------
        DigestMismatchError
            If the bytes that came are not those of the record. Nothing is left then.
        """
        return download_file(self, Path(path), self._calls.connection, progress)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RemoteFile) and self._meant() == other._meant()

    def __hash__(self) -> int:
        return hash(self._meant())

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.methods})

    def __repr__(self) -> str:
        facts = ", ".join(f"{name} {value}" for name, value in self._rows())
        return f"<{self.file_type} {self.name} of {self.record.accession}: {facts}>"

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><td>{html.escape(n)}</td><td>{html.escape(v)}</td></tr>" for n, v in self._rows())
        return f"<table><caption>{html.escape(self.name)} ({html.escape(self.file_type)})</caption>{rows}</table>"

    def _meant(self) -> tuple[str, str, str]:
        """What makes it the same file: how its record is named, its own name, and its bytes."""
        return self.record.reference, self.name, self.sha256

    def _method(self, name: str) -> Callable[..., Any]:
        if name not in self.methods:
            raise no_attribute(self, name, [*self.methods, *_own_names()])
        return self.methods[name]

    def _rows(self) -> list[tuple[str, str]]:
        known = {
            "atoms": self.n_atoms,
            "frames": self.n_frames,
            "step": None if self.dt is None else f"{self.dt:g} ps",
            "length": None if self.total_time is None else f"{self.total_time:g} ps",
        }
        rows = [(name, f"{value:,}" if isinstance(value, int) else value) for name, value in known.items() if value]
        return [*rows, ("size", readable_size(self.size))]


def readable_size(size: int) -> str:
    """Spell a number of bytes: ``3.2 MB``."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:,.3g} TB"


def _own_names() -> list[str]:
    return [name for name in dir(RemoteFile) if not name.startswith("_")]


def _in_ps(quantity: Mapping[str, Any] | None) -> float | None:
    return None if not quantity else float(quantity["value"]) * units.factor(quantity.get("unit", "ps"), "ps")
