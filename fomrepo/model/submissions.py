"""Methods on their way to being published: the states of a submission, and what may follow what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from fomrepo.errors import ArgumentError
from fomrepo.model.gate_report import GateReport
from fomrepo.model.methods import Bundle
from fomrepo.model.statements import Approval

#: Longest comment or reason, in characters.
REMARK_LIMIT = 4_000


class SubmissionState(StrEnum):
    """Where a method is on its way."""

    #: The site has its files; nobody but its author knows of it.
    DRAFT = "draft"
    #: The gate runs it in the sandbox.
    CHECKING = "checking"
    #: It passed the gate; reviewers read it.
    IN_REVIEW = "in review"
    #: As many reviewers as the policy asks for have signed.
    APPROVED = "approved"
    #: The gate or a reviewer refused it; the reason says why.
    REJECTED = "rejected"
    #: Others can call it.
    PUBLISHED = "published"
    #: It still runs, and a better one is to be used.
    DEPRECATED = "deprecated"
    #: It runs nowhere any more.
    REVOKED = "revoked"
    #: Its author took it back before it was published.
    WITHDRAWN = "withdrawn"

    @property
    def open(self) -> bool:
        """Whether it may still become published."""
        return self in _OPEN

    @property
    def under_way(self) -> bool:
        """Whether it goes on without anybody doing anything."""
        return self in (SubmissionState.CHECKING, SubmissionState.APPROVED)


_S = SubmissionState
_OPEN = (_S.DRAFT, _S.CHECKING, _S.IN_REVIEW, _S.APPROVED)

#: What may follow what. The database holds the same table, and refuses everything else (migration 0007).
TRANSITIONS: Mapping[SubmissionState, frozenset[SubmissionState]] = {
    _S.DRAFT: frozenset({_S.CHECKING, _S.WITHDRAWN}),
    _S.CHECKING: frozenset({_S.IN_REVIEW, _S.REJECTED, _S.WITHDRAWN}),
    _S.IN_REVIEW: frozenset({_S.APPROVED, _S.REJECTED, _S.WITHDRAWN}),
    _S.APPROVED: frozenset({_S.PUBLISHED, _S.REJECTED, _S.WITHDRAWN}),
    _S.REJECTED: frozenset(),
    _S.PUBLISHED: frozenset({_S.DEPRECATED, _S.REVOKED}),
    _S.DEPRECATED: frozenset({_S.REVOKED}),
    _S.REVOKED: frozenset(),
    _S.WITHDRAWN: frozenset(),
}


@dataclass(frozen=True, slots=True)
class ReviewPolicy:
    """What a federation asks for before a method is published."""

    #: Distinct reviewers who sign, none of them the author; at least 1.
    approvals: int = 1
    #: Whether one of them belongs to another institution than the author.
    other_institution: bool = False

    def __str__(self) -> str:
        """Say it in words."""
        reviewers = "1 reviewer" if self.approvals == 1 else f"{self.approvals} reviewers"
        return f"{reviewers}, never the author" + (
            ", at least one of another institution" if self.other_institution else ""
        )


@dataclass(frozen=True, slots=True)
class Submission:
    """A method on its way, or what became of it."""

    id: str
    name: str
    version: str
    #: SHA-256 of the bundle.
    bundle_digest: str
    #: Login name of who submitted it, and the id, which does not travel.
    author: str
    author_id: str
    state: SubmissionState
    #: Why it was rejected, deprecated or revoked; empty otherwise.
    reason: str
    #: Site that took it, where the gate runs.
    site: str
    #: Of the guest environment in which the gate ran; empty before.
    environment_digest: str
    #: Accession and name of the only file that it is for; empty for a method for all files.
    record: str
    file: str
    #: Seconds since 1970.
    created: float
    changed: float
    #: What the gate does now, and what keeps it from its work; both are known to its site alone.
    step: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class SubmissionEvent:
    """One line of a submission's history."""

    #: Seconds since 1970.
    when: float
    #: Login name; empty for what the site did.
    who: str
    #: ``submitted``, ``commented``, ``approved``, ``rejected`` ...
    what: str
    #: A comment, a reason; empty where there is nothing to say.
    text: str


@dataclass(frozen=True, slots=True)
class Papers:
    """Everything that a reviewer reads before signing."""

    submission: Submission
    bundle: Bundle
    #: The version before it; None for a first one.
    previous: Bundle | None
    #: None before the gate has ended.
    report: GateReport | None
    #: Text of the lock file of the guest environment; empty before the gate has ended.
    environment_lock: str
    #: Oldest first.
    events: tuple[SubmissionEvent, ...]
    approvals: tuple[Approval, ...]
    #: What is asked for now.
    policy: ReviewPolicy


def check_remark(text: str, what: str) -> str:
    """Return a comment or reason without the white space around it, if others may be shown it.

    Raises
    ------
    ArgumentError
        If it is empty, too long, or holds characters that a terminal would obey instead of showing.
    """
    remark = text.strip()
    if not 1 <= len(remark) <= REMARK_LIMIT:
        raise ArgumentError(
            f"the {what} has {len(remark)} characters, 1 to {REMARK_LIMIT} are allowed", remedy="write a few sentences"
        )
    for character in remark:
        if not character.isprintable() and character not in "\n\t":
            raise ArgumentError(
                f"the {what} holds the control character U+{ord(character):04X}",
                remedy="write plain text; new lines and tabs are allowed",
            )
    return remark
