"""A record: files and what is known of them, under one accession."""

from __future__ import annotations

import datetime
import html
from collections.abc import Iterator

from fomrepo.client.calls import Calls
from fomrepo.client.registry import closest
from fomrepo.client.remote_file import RemoteFile, readable_size
from fomrepo.client.tracebacks import short_tracebacks
from fomrepo.errors import NotFoundError
from fomrepo.model.files import RecordName, RecordVersion, refuse_withdrawn


class Record:
    """One version of a record, with its files: ``record["adk_dims.dcd"]``.

    Parameters
    ----------
    version
        As a site described it.
    name
        As the caller named it. Without a version, calls on its files follow the record to its newest version.
    calls
        What its files send calls with.
    """

    def __init__(self, version: RecordVersion, name: RecordName, calls: Calls) -> None:
        self._version = version
        self._name = name
        self._files = {one.name: RemoteFile(self, one, calls) for one in version.files}

    @property
    def accession(self) -> str:
        """What to cite: ``FOM-402917``."""
        return self._version.accession

    @property
    def version(self) -> int:
        """Number of the version that is described here, counted from 1."""
        return self._version.number

    @property
    def versioned(self) -> str:
        """Accession with the version: ``FOM-402917.v1``. Names the same bytes for ever."""
        return f"{self.accession}.v{self.version}"

    @property
    def reference(self) -> str:
        """What calls on its files name: the accession, with the version if you asked for one."""
        return self.accession if self._name.version is None else self.versioned

    @property
    def path(self) -> str:
        """Path: ``/project/name``."""
        return self._version.path

    @property
    def title(self) -> str:
        """Title."""
        return self._version.title

    @property
    def project(self) -> str:
        """Name of its project, whose members see it."""
        return self._version.project

    @property
    def owner(self) -> str:
        """Name of its depositor."""
        return self._version.owner

    @property
    def state(self) -> str:
        """Who sees it: ``private``, ``embargoed``, ``published`` or ``withdrawn``."""
        return self._version.state.value

    @property
    def licence(self) -> str | None:
        """SPDX expression; None before it is published."""
        return self._version.licence

    @property
    def public_from(self) -> datetime.datetime | None:
        """Since when, or from when on, everybody sees it, UTC; None: members of its project alone."""
        return _moment(self._version.public_from)

    @property
    def superseded_by(self) -> str | None:
        """What took its place, as far as you may see that: ``FOM-402917.v2``; None if nothing did."""
        return self._version.superseded_by

    @property
    def withdrawn(self) -> datetime.datetime | None:
        """When it was withdrawn, UTC; None if it was not. A withdrawn record has no files."""
        return _moment(self._version.withdrawn)

    @property
    def reason(self) -> str:
        """Why it was withdrawn; empty if it was not."""
        return self._version.reason

    def require_files(self) -> None:
        """Raise WithdrawnError if it was withdrawn, and therefore has none."""
        refuse_withdrawn(self._version)

    @property
    def created(self) -> datetime.datetime:
        """When this version was deposited, UTC."""
        return datetime.datetime.fromtimestamp(self._version.created, datetime.UTC)

    @property
    def files(self) -> tuple[RemoteFile, ...]:
        """Its files."""
        return tuple(self._files.values())

    @short_tracebacks
    def __getitem__(self, name: str) -> RemoteFile:
        try:
            return self._files[name]
        except KeyError:
            self.require_files()
            raise NotFoundError(
                f"{self.accession} has no file {name!r}", remedy=closest(str(name), list(self._files))
            ) from None

    def __iter__(self) -> Iterator[RemoteFile]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._files)

    def __repr__(self) -> str:
        rows = [(one.name, one.file_type, *_facts(one)) for one in self.files]
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
        lines = [
            "  " + "  ".join(f"{cell:{'<' if column < 2 else '>'}{widths[column]}}" for column, cell in enumerate(row))
            for row in rows
        ]
        said = [self.state]
        if self.superseded_by is not None:
            said.append(f"superseded by {self.superseded_by}")
        if self.withdrawn is not None:
            said.append(self.reason)
        return "\n".join([f"{self.versioned}  {self.title}  ({self.path}, {', '.join(said)})", *lines])

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>"
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in (one.name, one.file_type, *_facts(one)))
            + "</tr>"
            for one in self.files
        )
        return f"<table><caption>{html.escape(f'{self.versioned} {self.title}')}</caption>{rows}</table>"


def name_in_requests(record: str | Record) -> str:
    """Name of a record as sites are asked for it: of an object the version that it describes, else as it was spelled.

    Raises
    ------
    ArgumentError
        If it is neither accession nor path.
    """
    return record.versioned if isinstance(record, Record) else str(RecordName.parse(str(record)))


def _moment(seconds: float | None) -> datetime.datetime | None:
    return None if seconds is None else datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _facts(file: RemoteFile) -> tuple[str, str, str]:
    atoms = f"{file.n_atoms:,} atoms" if file.n_atoms else ""
    frames = f"{file.n_frames:,} frame{'s' if file.n_frames > 1 else ''}" if file.n_frames else ""
    return atoms, frames, readable_size(file.size)
