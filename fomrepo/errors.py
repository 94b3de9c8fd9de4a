"""Every error of fomrepo, by whose fault it is.

::

    FomrepoError
    ├── CallerError                 the question cannot be answered as it was asked
    │   ├── ArgumentError           an argument of a method or command has a wrong type, value or name
    │   ├── NotFoundError           nothing of that name, or nothing that the caller may see
    │   ├── WithdrawnError          it was withdrawn: what is left is a tombstone
    │   ├── NotAuthenticatedError   no token, or one that is unknown, expired or revoked
    │   ├── NotAllowedError         visible, but not the caller's to change
    │   ├── ConflictError           the name is taken, or the thing has changed meanwhile
    │   ├── CancelledError          the caller cancelled the operation
    │   └── SettingsError           a setting or a profile is missing or wrong
    ├── DataError                   the data is not what it should be
    │   ├── FileRefusedError        a file was not accepted: truncated, of another type, of other atoms
    │   └── DigestMismatchError     bytes differ from their recorded digest
    ├── MethodError                 a method did something wrong
    │   ├── MethodFailedError       it raised, crashed or hit a limit
    │   ├── MethodNotTrustedError   its signature or its digest does not hold
    │   ├── BundleRefusedError      its bundle is not well formed
    │   └── OutcomeRefusedError     it answered something else than it declared
    ├── SiteError                   a site cannot do its work
    │   ├── SandboxUnavailableError this machine cannot sandbox, so it runs no method
    │   ├── NoReplicaError          no site holds a good replica that can be used now
    │   ├── SiteBusyError           all slots are taken and the queue is full
    │   ├── StorageError            a disk is full or does not answer
    │   ├── SchemaRevisionError     the catalog has another schema revision than this program
    │   └── InternalError           a fault of our own
    └── NetworkError                machines cannot talk to each other
        ├── SiteUnreachableError    no answer from a site
        └── IdentityError           a certificate, ticket or address that belongs to somebody else

Each error carries what happened, to which thing (``facts``) and what mends it (``remedy``). Errors cross the wire by
their ``code``, which never changes; what cannot be named becomes an ``InternalError`` with a correlation id.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = [
    "ArgumentError",
    "BundleRefusedError",
    "CallerError",
    "CancelledError",
    "ConflictError",
    "DataError",
    "DigestMismatchError",
    "FileRefusedError",
    "FomrepoError",
    "IdentityError",
    "InternalError",
    "LimitHit",
    "MethodError",
    "MethodFailedError",
    "MethodFrame",
    "MethodNotTrustedError",
    "NetworkError",
    "NoReplicaError",
    "NotAllowedError",
    "NotAuthenticatedError",
    "NotFoundError",
    "OutcomeRefusedError",
    "SandboxUnavailableError",
    "SchemaRevisionError",
    "SettingsError",
    "SiteBusyError",
    "SiteError",
    "SiteUnreachableError",
    "StorageError",
    "WithdrawnError",
    "error_class",
]


@dataclass(frozen=True, slots=True)
class MethodFrame:
    """One line of a method's own traceback."""

    #: File inside the bundle, such as ``rmsd.py``.
    file: str
    #: Line number, counted from 1.
    line: int
    #: Name of the function.
    function: str
    #: The source line, without indentation; empty if unknown.
    source: str


@dataclass(frozen=True, slots=True)
class LimitHit:
    """A limit that ended a run."""

    #: ``memory``, ``cpu``, ``wall``, ``processes``, ``open_files``, ``result`` or ``log``.
    name: str
    #: What was allowed, in ``unit``.
    allowed: float
    #: What was used when the run was ended, in ``unit``.
    used: float
    #: ``byte``, ``s`` or ``count``.
    unit: str

    def __str__(self) -> str:
        """Say it in words."""
        if self.unit == "byte":
            return f"{self.name}: {self.used / 2**20:,.0f} MiB used, {self.allowed / 2**20:,.0f} MiB allowed"
        return f"{self.name}: {self.used:g} {self.unit} used, {self.allowed:g} {self.unit} allowed"


class FomrepoError(Exception):
    """Root of all errors of fomrepo.

    Parameters
    ----------
    message
        What happened, to which thing: one sentence.
    remedy
        What mends it, a command where there is one.
    facts
        Names and figures, for programs that read the error.
    """

    code = "error"

    def __init__(self, message: str, *, remedy: str | None = None, facts: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.facts = dict(facts or {})
        #: Set where an error came over the wire; quote it when you ask the site's operator.
        self.correlation_id: str | None = None

    def __str__(self) -> str:
        """Message, then what mends it, each on a line."""
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """Lines of the text that people see."""
        yield self.message
        if self.remedy:
            yield f"  mend it: {self.remedy}"
        if self.correlation_id:
            yield f"  ask the operator about: {self.correlation_id}"


class CallerError(FomrepoError):
    """The question cannot be answered as it was asked."""

    code = "caller"


class ArgumentError(CallerError):
    """An argument of a method or command has a wrong type, value or name."""

    code = "argument"


class NotFoundError(CallerError):
    """Nothing of that name exists, or nothing that the caller may see."""

    code = "not_found"


class WithdrawnError(CallerError):
    """The thing was withdrawn: what is left is a tombstone."""

    code = "withdrawn"


class NotAuthenticatedError(CallerError):
    """There is no token, or one that is unknown, expired or revoked."""

    code = "not_authenticated"


class NotAllowedError(CallerError):
    """The thing is visible, but not the caller's to change."""

    code = "not_allowed"


class ConflictError(CallerError):
    """The name is taken, or the thing has changed meanwhile."""

    code = "conflict"


class CancelledError(CallerError):
    """The caller cancelled the operation."""

    code = "cancelled"


class SettingsError(CallerError):
    """A setting or a profile is missing or wrong."""

    code = "settings"


class DataError(FomrepoError):
    """The data is not what it should be."""

    code = "data"


class FileRefusedError(DataError):
    """A file was not accepted: truncated, of another type, of other atoms."""

    code = "file_refused"


class DigestMismatchError(DataError):
    """Bytes differ from their recorded digest."""

    code = "digest_mismatch"


class MethodError(FomrepoError):
    """A method did something wrong."""

    code = "method"


class MethodFailedError(MethodError):
    """A method raised, crashed or hit a limit.

    Parameters
    ----------
    type_name
        Name of the exception class that the method raised: text, never a class to look up. Empty after a crash.
    frames
        The method's own frames, outermost first.
    log
        The last lines that the method wrote.
    limit
        The limit that ended it, if one did.
    """

    code = "method_failed"

    def __init__(
        self,
        message: str,
        *,
        remedy: str | None = None,
        facts: Mapping[str, str] | None = None,
        type_name: str = "",
        frames: Sequence[MethodFrame] = (),
        log: str = "",
        limit: LimitHit | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy, facts=facts)
        self.type_name = type_name
        self.frames = tuple(frames)
        self.log = log
        self.limit = limit

    def lines(self) -> Iterator[str]:
        """Yield the message, the method's traceback, its log and the limit."""
        yield self.message
        if self.frames:
            yield "  in the method:"
        for frame, same in itertools.groupby(self.frames):
            times = sum(1 for _ in same)
            repeated = f" (repeated {times} times)" if times > 1 else ""
            yield f"    {frame.file}, line {frame.line}, in {frame.function}{repeated}"
            if frame.source:
                yield f"      {frame.source}"
        if self.limit is not None:
            yield f"  limit hit: {self.limit}"
        if self.log:
            yield "  its last log lines:"
            yield from (f"    {line}" for line in self.log.splitlines()[-10:])
        if self.remedy:
            yield f"  mend it: {self.remedy}"
        if self.correlation_id:
            yield f"  ask the operator about: {self.correlation_id}"


class MethodNotTrustedError(MethodError):
    """A method's signature or its digest does not hold."""

    code = "method_not_trusted"


class BundleRefusedError(MethodError):
    """A method's bundle is not well formed."""

    code = "bundle_refused"


class OutcomeRefusedError(MethodError):
    """A method answered something else than it declared."""

    code = "outcome_refused"


class SiteError(FomrepoError):
    """A site cannot do its work."""

    code = "site"


class SandboxUnavailableError(SiteError):
    """This machine cannot sandbox, so it runs no method."""

    code = "sandbox_unavailable"


class NoReplicaError(SiteError):
    """No site holds a good replica that can be used now."""

    code = "no_replica"


class SiteBusyError(SiteError):
    """All slots of a site are taken and its queue is full."""

    code = "site_busy"


class StorageError(SiteError):
    """A disk is full or does not answer."""

    code = "storage"


class SchemaRevisionError(SiteError):
    """The catalog has another schema revision than this program."""

    code = "schema_revision"


class InternalError(SiteError):
    """A fault of our own."""

    code = "internal"


class NetworkError(FomrepoError):
    """Machines cannot talk to each other."""

    code = "network"


class SiteUnreachableError(NetworkError):
    """No answer came from a site."""

    code = "site_unreachable"


class IdentityError(NetworkError):
    """A certificate, ticket or address belongs to somebody else."""

    code = "identity"


def error_class(code: str) -> type[FomrepoError]:
    """Class of an error's code; ``InternalError`` for a code that this version does not know."""
    return _CLASSES.get(code, InternalError)


def _classes(root: type[FomrepoError]) -> Iterator[tuple[str, type[FomrepoError]]]:
    yield root.code, root
    for branch in root.__subclasses__():
        yield from _classes(branch)


_CLASSES = dict(_classes(FomrepoError))
