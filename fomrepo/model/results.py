"""Results in the private cache, and calls resolved to exact bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fomrepo.model.files import FileObject, RecordState, RecordVersion
from fomrepo.model.operations import MethodRef


@dataclass(frozen=True, slots=True)
class ResolvedInput:
    """An input of a call, resolved to exact bytes."""

    version: RecordVersion
    file: FileObject
    #: The paired topology, from the same version; None if the file needs none.
    topology: FileObject | None

    @property
    def digests(self) -> tuple[str, ...]:
        """Digests of the content that a run reads: the file, then its topology."""
        return (self.file.digest,) if self.topology is None else (self.file.digest, self.topology.digest)

    @property
    def objects(self) -> tuple[str, ...]:
        """Digests of all objects that a site needs to run: those of the content, and the frame offsets."""
        found = list(self.digests)
        for file in (self.file, self.topology):
            if file is not None and file.offsets_digest is not None:
                found.append(file.offsets_digest)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A row of the index of results: the authority on what may be answered without computing."""

    #: HMAC over scope, content, method, arguments, environment and schema (fomrepo/cache/key.py).
    key: str
    #: Site whose cache holds the blob.
    site: str
    #: SHA-256 of the blob.
    blob: str
    #: In bytes.
    size: int
    #: Seconds that the run took.
    wall_s: float
    #: Seconds since 1970.
    computed: float
    #: How it ran: ``cold`` or ``hot``.
    way: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a call."""

    #: Its results, one for each site that has it.
    stored: tuple[StoredResult, ...]
    #: Whether its caller has opened an operation with the same idempotency key.
    opened: bool
    #: Whether its caller has got this very answer.
    answered: bool


@dataclass(frozen=True, slots=True)
class ResolvedCall:
    """What a call means at the moment of one transaction."""

    inputs: tuple[ResolvedInput, ...]
    #: With its version; None for a draft, which is no row of the catalog.
    method: MethodRef | None

    @property
    def scope(self) -> str:
        """Who may share the answer: ``public``, or the projects whose data went in."""
        private = {one.version.project for one in self.inputs if one.version.state is not RecordState.PUBLISHED}
        return "project:" + ",".join(sorted(private)) if private else "public"

    @property
    def objects(self) -> tuple[str, ...]:
        """Digests of all objects that a site needs, each once, in order."""
        return tuple(dict.fromkeys(digest for one in self.inputs for digest in one.objects))

    @property
    def sizes(self) -> Mapping[str, int]:
        """Bytes of each file, by its digest; frame offsets are not among them."""
        files = (file for one in self.inputs for file in (one.file, one.topology) if file is not None)
        return {file.digest: file.size for file in files}
