"""Sites of a federation, as the catalog knows them."""

from __future__ import annotations

from dataclasses import dataclass

from fomrepo.model.placement import SITE_IS_DOWN_AFTER_S, SiteLoad


@dataclass(frozen=True, slots=True)
class SiteRuns:
    """How a site ran methods since it started, and what it holds ready for more; for its operators."""

    #: Runs in a child beside its data, and in a sandbox made for them.
    hot: int = 0
    cold: int = 0
    #: Files held ready, and the memory promised to them in bytes.
    holders: int = 0
    held_bytes: int = 0


@dataclass(frozen=True, slots=True)
class SiteEntry:
    """One site: where it listens, and what it last said of itself."""

    name: str
    #: ``host:port`` of the listener for clients.
    address: str
    #: ``host:port`` of the listener for sites.
    peer_address: str
    #: ``FULL``, ``NO-CGROUP`` or ``REFUSE``; ``UNKNOWN`` before its first start.
    wall: str
    load: SiteLoad
    runs: SiteRuns = SiteRuns()

    @property
    def up(self) -> bool:
        """Whether it gave a sign of life lately."""
        return self.load.silent_s <= SITE_IS_DOWN_AFTER_S
