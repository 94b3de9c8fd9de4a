"""Sites of a federation, as the catalog knows them."""

from __future__ import annotations

from dataclasses import dataclass

from fomrepo.model.placement import SITE_IS_DOWN_AFTER_S, SiteLoad


@dataclass(frozen=True, slots=True)
class SiteEntry:
    """One site: where it listens, and what it last said of itself."""

    name: str
    #: ``host:port`` of the listener for clients.
    address: str
    #: ``host:port`` of the listener for sites.
    peer_address: str
    #: ``FULL``, ``NO-CGROUP`` or ``REFUSE``.
    wall: str
    load: SiteLoad

    @property
    def up(self) -> bool:
        """Whether it gave a sign of life lately."""
        return self.load.silent_s <= SITE_IS_DOWN_AFTER_S
