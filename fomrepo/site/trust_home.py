"""What of the federation's trust lies in a site's home: pinned root, keys, and what the site has seen.

::

    secrets/root.json    the root that the site was made with; newer ones are believed because it leads to them
    secrets/lease.key    every site: signs that the newest list is the newest
    secrets/list.key     the founder: signs the list of methods
    secrets/root.key     the founder: signs roots, at joining and for `fomrepo key`; it may be kept elsewhere meanwhile
    trust/               documents that were verified; nothing older is believed
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fomrepo.catalog import Catalog, open_catalog
from fomrepo.model.trust import HowNew
from fomrepo.site.registry import Registry, SigningKeys
from fomrepo.site.settings import SiteHome
from fomrepo.site.trusted_list import TrustedList

PINNED_ROOT, ROOT_KEY, LIST_KEY, LEASE_KEY = "root.json", "root.key", "list.key", "lease.key"


def trust_folder(home: SiteHome) -> Path:
    """Where a site remembers what it has verified."""
    return home.folder / "trust"


def trusted_list(home: SiteHome, catalog: Catalog, *, folder: Path | None = None) -> TrustedList:
    """Documents of a site's federation, remembered in its own folder or in another one."""
    return TrustedList(catalog.trust.read, folder or trust_folder(home), home.read_secret(PINNED_ROOT))


def signing_keys(home: SiteHome) -> SigningKeys:
    """Keys for what is signed all the time, as far as they lie here."""
    return SigningKeys(lease=key_at(home, LEASE_KEY), publisher=key_at(home, LIST_KEY))


def key_at(home: SiteHome, name: str) -> bytes | None:
    """Private key of that name; None if it does not lie here."""
    return home.read_secret(name) if (home.secrets / name).exists() else None


@contextmanager
def open_registry(home: SiteHome, catalog: Catalog, *, elsewhere: Callable[[], Iterable[HowNew]]) -> Iterator[Registry]:
    """Registry of a site that runs, with connections of its own: calls read the catalog as it was when they began."""
    with open_catalog(home.read_settings().catalog) as own:
        keys = signing_keys(home)
        yield Registry(own, trusted_list(home, own), home.bundles, keys, calls=catalog, elsewhere=elsewhere)
