"""A version of a record with all that is known of it, and the other versions of the same record."""

from __future__ import annotations

from dataclasses import dataclass

from fomrepo.model.files import RecordState, RecordVersion, ReplicaState
from fomrepo.model.metadata import Metadata
from fomrepo.model.quality import QualityCheck

#: Versions of a record that are told, the newest ones.
VERSIONS_LIMIT = 50


@dataclass(frozen=True, slots=True)
class VersionLine:
    """What a list of versions says of one; times are seconds since 1970, UTC."""

    #: Counted from 1.
    number: int
    state: RecordState
    title: str
    #: When it was deposited.
    created: float
    #: Since when, or from when on, everybody sees it; None: members of its project alone.
    public_from: float | None = None
    #: None: it was not.
    withdrawn: float | None = None


@dataclass(frozen=True, slots=True)
class WholeRecord:
    """All that is known of one version. Of a withdrawn one that is little: it has no files any more."""

    #: With its files.
    version: RecordVersion
    metadata: Metadata
    #: File name, site and state of each copy, in the order of the files.
    replicas: tuple[tuple[str, str, ReplicaState], ...] = ()
    checks: tuple[QualityCheck, ...] = ()
    #: Versions of the record that whoever asked may see, newest first.
    versions: tuple[VersionLine, ...] = ()

    def sites_of(self, file: str) -> tuple[str, ...]:
        """Sites that hold a good copy of a file."""
        return tuple(site for name, site, state in self.replicas if name == file and state is ReplicaState.GOOD)
