"""What somebody has under way, as lists show it; times are seconds since 1970, UTC."""

from __future__ import annotations

from dataclasses import dataclass

from fomrepo.errors import FomrepoError
from fomrepo.model.deposits import DepositState
from fomrepo.model.operations import OperationState


@dataclass(frozen=True, slots=True)
class OwnOperation:
    """A call that somebody sent."""

    id: str
    #: Name and version.
    method: str
    state: OperationState
    #: Site that runs it or ran it; empty while none was chosen.
    site: str
    created: float
    #: Frames done and to do, as far as the method said.
    done: int
    total: int
    #: Files that were read, ``FOM-402917.v1/adk.dcd``, when done.
    inputs: tuple[str, ...] = ()
    #: In bytes, when done.
    result_size: int = 0
    #: When failed or cancelled.
    failure: FomrepoError | None = None


@dataclass(frozen=True, slots=True)
class OwnDeposit:
    """A deposit that somebody began."""

    id: str
    state: DepositState
    title: str
    project: str
    #: That takes the bytes.
    site: str
    created: float
    files: int
    #: Files that are whole there.
    arrived: int
    #: With the version, when accepted.
    accession: str = ""
    #: When quarantined.
    refusal: FomrepoError | None = None


@dataclass(frozen=True, slots=True)
class OwnToken:
    """What is kept of a token."""

    #: The part that names it.
    handle: str
    label: str
    #: None: it does not expire.
    expires: float | None
    #: None: it is valid.
    revoked: float | None
    #: Whether it is the one that the question came with.
    this: bool

    def state(self, now: float) -> str:
        """``valid``, ``expired`` or ``revoked``."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= now else "valid"
