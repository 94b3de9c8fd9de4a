"""What sites say: of themselves, of copies, and of who asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the caller is to the federation."""

    #: Login name.
    name: str
    projects: tuple[str, ...]
    #: Site that answered.
    site: str
    federation: str


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """What a site last said of itself."""

    name: str
    #: ``host:port``.
    address: str
    up: bool
    #: ``FULL``, ``NO-CGROUP`` or ``REFUSE``: what its sandbox can do; ``UNKNOWN`` before its first start.
    wall: str
    #: Runs under way, runs that wait, and runs that it can do at once.
    running: int
    waiting: int
    slots: int


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """A copy of a file at a site."""

    file: str
    site: str
    #: ``intermediate``, ``good``, ``stale`` or ``bad``.
    state: str
    #: How a change is noticed of a file in place: ``lease``, ``rehash`` or ``none``; empty: the site's own copy.
    guard: str = ""

    def __str__(self) -> str:
        """Say in what state it is, and whether it lies in place."""
        return f"{self.state}, in place, guard: {self.guard}" if self.guard else self.state


@dataclass(frozen=True, slots=True)
class Replication:
    """How far a copy is."""

    done: bool
    #: Bytes verified at the destination.
    copied: int
    total: int
