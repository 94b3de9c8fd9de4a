"""What a call would do, told without doing it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SiteOption:
    """A site with good replicas of everything that a call needs."""

    site: str
    #: Whether it gave a sign of life lately.
    up: bool
    #: Whether it has the guest environment of the method.
    environment: bool
    #: Runs under way, runs that wait, and runs that it can do at once.
    running: int
    waiting: int
    slots: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a call would do; it speaks of the caller's own history only."""

    method: str
    version: str
    #: SHA-256 of the bundle.
    digest: str
    #: How it would run: ``cold``, in a sandbox made for it, or ``hot``, in a child forked ahead beside its data.
    way: str
    #: Why so, in one sentence.
    reason: str
    #: Whether the caller has this very answer already.
    answered: bool
    #: The site that would be asked first; empty if none can run it now.
    site: str
    options: tuple[SiteOption, ...]

    def __str__(self) -> str:
        """Tell it in a few lines."""
        lines = [f"{self.method} {self.version} ({self.digest[:12]})"]
        if self.answered:
            lines.append("you have this answer: it comes from the cache as long as the data is what it was")
        lines.append(f"would run {self.way}: {self.reason}")
        lines.append(f"would be asked first: {self.site}" if self.site else "no site can run it now")
        for one in self.options:
            state = "up" if one.up else "down"
            lacks = "" if one.environment else ", lacks the method's environment"
            lines.append(
                f"  {one.site}: {state}, {one.running} running, {one.waiting} waiting, {one.slots} slots{lacks}"
            )
        return "\n".join(lines)
