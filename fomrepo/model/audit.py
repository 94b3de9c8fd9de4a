"""The audit log: a chain in which each entry holds the digest of the one before, and what it means that it is whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fomrepo.model.canonical import canonical_json, sha256_hex

#: Who acts where no user does: somebody with rights on the catalog, on the machine of a site; a site itself, which a
#: key of the registry signed for; and the passing of time.
OPERATOR, SIGNED, CLOCK = "an operator", "a signed document", "the clock"


class AuditAction(StrEnum):
    """What is audited."""

    DEPOSIT_ACCEPTED = "deposit accepted"
    PUBLISHED = "published"
    EMBARGO_SET = "embargo set"
    EMBARGO_LIFTED = "embargo lifted"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    METHOD_PUBLISHED = "method published"
    METHOD_DEPRECATED = "method deprecated"
    METHOD_REVOKED = "method revoked"
    USER_ADDED = "user added"
    TOKEN_MADE = "token made"  # noqa: S105 - the name of an action
    TOKEN_REVOKED = "token revoked"  # noqa: S105 - the name of an action
    IDENTITY_LINKED = "identity linked"
    IDENTITY_UNLINKED = "identity unlinked"
    PROJECT_MADE = "project made"
    MEMBER_ADDED = "member added"
    MEMBER_REMOVED = "member removed"
    REVIEWER_ADDED = "reviewer added"
    REVIEWER_REMOVED = "reviewer removed"
    POLICY_CHANGED = "policy changed"
    KEY_PUBLISHED = "key published"
    KEY_REVOKED = "key revoked"
    TRUST_CHANGED = "trust changed"


#: What it is called that a method comes into a state.
METHOD_ACTIONS = {
    "published": AuditAction.METHOD_PUBLISHED,
    "deprecated": AuditAction.METHOD_DEPRECATED,
    "revoked": AuditAction.METHOD_REVOKED,
}


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change of what exists or of who may do what."""

    #: Counted from 1, without gaps.
    number: int
    #: By the clock of the catalog, seconds since 1970.
    time: float
    #: Login name, :data:`OPERATOR`, :data:`SIGNED` or :data:`CLOCK`.
    actor: str
    action: str
    #: What was changed: an accession with its version, a method with its version, a user ...
    subject: str
    #: More about it, as canonical JSON of an object.
    details: str
    #: Digest of the entry before; empty for the first one.
    previous: str
    #: Of this entry, as :func:`entry_digest` makes it.
    digest: str


@dataclass(frozen=True, slots=True)
class AuditSeal:
    """A site's signed word for how the log stood."""

    site: str
    #: Of the newest entry at that time.
    number: int
    digest: str
    #: By the clock of the site, seconds since 1970.
    time: float
    signature: bytes
    #: PEM of the site's certificate.
    certificate: bytes

    @property
    def signed_bytes(self) -> bytes:
        """What the signature is over."""
        return canonical_json(["fomrepo audit seal", self.site, self.number, self.digest, self.time])


@dataclass(frozen=True, slots=True)
class AuditFault:
    """Something that shows that the log was tampered with."""

    #: Of the entry where it shows.
    number: int
    #: A sentence.
    what: str


def entry_digest(number: int, time: float, actor: str, action: str, subject: str, details: str, previous: str) -> str:
    """SHA-256 over all of an entry, the digest of the one before included."""
    return sha256_hex(canonical_json([number, time, actor, action, subject, details, previous]))


def faults_of(
    entries: Iterable[AuditEntry], *, head: tuple[int, str], seals: Mapping[int, tuple[str, str]]
) -> Iterator[AuditFault]:
    """Look for what was changed, removed, inserted or put into another order.

    An entry that was rewritten together with all that follow it is found by a seal alone.

    Parameters
    ----------
    entries
        As they are kept, by number.
    head
        Number and digest of the newest entry, as they are noted apart; 0 and empty where there is none.
    seals
        By number of an entry: its digest as a site has seen it, and words that name the seal. Their signatures are
        verified.
    """
    last, before = 0, ""
    for one in entries:
        if one.number != last + 1:
            gone = f"entry {last + 1} is" if one.number == last + 2 else f"entries {last + 1} to {one.number - 1} are"
            yield AuditFault(last + 1, f"{gone} missing")
        content = (one.number, one.time, one.actor, one.action, one.subject, one.details, one.previous)
        if entry_digest(*content) != one.digest:
            yield AuditFault(one.number, f"entry {one.number} was changed: its content does not have its digest")
        elif one.number == last + 1 and one.previous != before:
            yield AuditFault(one.number, f"entry {one.number} does not follow entry {last} as it is now")
        sealed = seals.get(one.number)
        if sealed is not None and sealed[0] != one.digest:
            yield AuditFault(one.number, f"entry {one.number} is not the one that {sealed[1]} sealed")
        last, before = one.number, one.digest
    newest = max((head[0], *seals))
    if newest > last:
        gone = f"entry {newest} is" if newest == last + 1 else f"entries {last + 1} to {newest} are"
        yield AuditFault(last + 1, f"{gone} missing at the end")
    elif head[0] < last:
        yield AuditFault(head[0] + 1, f"the log ends with entry {last}, and its head is noted as {head[0]}")
    elif head[1] != before:
        yield AuditFault(last, f"entry {last} is not the one that is noted as the head")
