"""What a site is made of: put together once by the composition root, handed to each life story."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from fomrepo.cache.store import ResultStore
from fomrepo.catalog import Catalog
from fomrepo.errors import SandboxUnavailableError
from fomrepo.isolation.doctor import WallVerdict
from fomrepo.isolation.warden import Warden
from fomrepo.site.environments import Environments
from fomrepo.site.holders import HolderDesk
from fomrepo.site.ledger import Ledger
from fomrepo.site.load import Slots
from fomrepo.site.parts_of_run import Paces
from fomrepo.site.registry import Registry
from fomrepo.site.settings import SiteHome, SiteSettings
from fomrepo.vault.copies import Copies
from fomrepo.vault.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class SiteParts:
    """One running site."""

    settings: SiteSettings
    home: SiteHome
    catalog: Catalog
    #: Objects of deposited files.
    vault: ObjectStore
    #: Copies of deposited files, in the vault or in place.
    copies: Copies
    #: Blobs of results.
    results: ResultStore
    #: Published methods, verified.
    registry: Registry
    slots: Slots
    #: Runs since the start by the way in which they ran, ``hot`` or ``cold``.
    ways: Counter[str]
    #: How fast methods were here.
    paces: Paces
    #: Writes down what is noted about calls.
    ledger: Ledger
    #: None where this machine cannot sandbox.
    warden: Warden | None
    wall: WallVerdict
    #: Files in use, held ready; None where nothing runs.
    holders: HolderDesk | None
    #: Guest environments.
    environments: Environments
    #: HMAC key of the federation's results.
    secret: bytes

    @property
    def name(self) -> str:
        """Name of the site."""
        return self.settings.name

    @property
    def door(self) -> Path:
        """Socket of its door for commands on this machine, whether it is open or not."""
        return Path(self.settings.door) if self.settings.door else self.home.folder / "door.sock"

    def need_warden(self) -> Warden:
        """Warden of this site.

        Raises
        ------
        SandboxUnavailableError
            If this machine cannot sandbox.
        """
        if self.warden is None:
            raise SandboxUnavailableError(f"{self.name} runs no methods: {self.wall.cause}", remedy=self.wall.remedy)
        return self.warden
