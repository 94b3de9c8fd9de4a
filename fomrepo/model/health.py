"""Whether published methods still answer as they did: what a site found when it ran their golden cases again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Longest message that is kept; the first lines say what is wrong.
MESSAGE_LIMIT = 4_000


@dataclass(frozen=True, slots=True)
class MethodHealth:
    """One site's verdict on one version of a method; a later one replaces it."""

    method: str
    version: str
    site: str
    #: Digest of the guest environment in which the cases ran.
    environment_digest: str
    #: Whether all golden cases hold.
    ok: bool
    #: What does not hold; empty if all does.
    message: str
    #: Seconds since 1970.
    checked: float


def badge(verdicts: Sequence[MethodHealth]) -> str:
    """Health of one version in a word or two: ``healthy``, ``fails at site-b``, or nothing where nobody has looked."""
    failing = [one.site for one in verdicts if not one.ok]
    if failing:
        return f"fails at {', '.join(sorted(failing))}"
    return "healthy" if verdicts else ""
