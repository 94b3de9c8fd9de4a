"""What a reviewer sends with a signature: compared with what this site knows, and verified, before it is kept."""

from __future__ import annotations

from fomrepo.errors import ConflictError, MethodNotTrustedError
from fomrepo.model.statements import Approval, ReviewStatement
from fomrepo.site.parts import SiteParts
from fomrepo.site.trust import signature_holds

#: An approval must have been signed so lately, in seconds: clocks may differ, and people sleep over a signature.
SIGNED_AHEAD_S, SIGNED_LATELY_S = 300, 24 * 3600


def check_statement(signed: ReviewStatement, expected: ReviewStatement, submission_id: str, *, now: float) -> None:
    """Compare what was signed with what this site knows.

    Raises
    ------
    ConflictError
        If it is about something else, or was not signed lately.
    """
    for fact in ReviewStatement.__slots__:
        if getattr(signed, fact) != getattr(expected, fact):
            raise ConflictError(
                f"the approval is of {fact.replace('_', ' ')} {str(getattr(signed, fact))[:64]!r}, "
                f"and what was submitted has {str(getattr(expected, fact))[:64]!r}",
                remedy=f"read what was submitted and sign that: fomrepo review approve {submission_id}",
                facts={"fact": fact},
            )
    if not now - SIGNED_LATELY_S <= signed.signed <= now + SIGNED_AHEAD_S:
        raise ConflictError(
            "the approval was not signed lately", remedy=f"set your clock, then: fomrepo review approve {submission_id}"
        )


def verify_signature(site: SiteParts, approval: Approval) -> None:
    """Verify a signature under a key that the signed root lists for its reviewer.

    Raises
    ------
    MethodNotTrustedError
        If there is no such key in use, or the signature does not hold.
    """
    statement, key = approval.statement, site.registry.snapshot().root.reviewers.get(approval.key_id)
    if key is None or key.name != statement.reviewer or not key.vouches_at(statement.signed):
        raise MethodNotTrustedError(
            f"{approval.key_id[:16]} is no key that {statement.reviewer} may approve with",
            remedy="publish your key: fomrepo key publish; then an operator accepts it: "
            f"fomrepo key accept {approval.key_id} --home HOME",
        )
    revoked = approval.key_id in site.catalog.keys.revoked()
    if revoked or not signature_holds(key.public, approval.signature, statement.to_bytes()):
        raise MethodNotTrustedError(
            f"the key of {statement.reviewer} was revoked"
            if revoked
            else f"the signature of {statement.reviewer} does not hold",
            remedy="sign it again, with a key that is in use: fomrepo review approve ID",
        )
