"""What an operator does on a site's machine: found a federation, join one, manage people and projects."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fomrepo.catalog import Catalog, open_catalog
from fomrepo.errors import ArgumentError
from fomrepo.installed_files import installed_folder
from fomrepo.model.audit import AuditFault
from fomrepo.model.bundle import read_bundle
from fomrepo.model.methods import Bundle
from fomrepo.model.people import new_token
from fomrepo.site.audit_seal import audit_faults
from fomrepo.site.settings import SiteHome, SiteSettings
from fomrepo.site.trust_administration import TrustAdministration

#: Who the built-in methods say that they were approved by.
BUILT_IN_REVIEWER = "fomrepo built-in methods"

SECONDS_A_DAY = 86_400.0

#: Longest time for which a token is good, in days: a century. A longer one is a slip, and ends in no calendar.
TOKEN_DAYS_LIMIT = 36_500.0


class Administration:
    """Access of an operator to the catalog of a site's federation."""

    def __init__(self, home: SiteHome, settings: SiteSettings, catalog: Catalog) -> None:
        self.home, self.settings, self.catalog = home, settings, catalog
        self.trust = TrustAdministration(home, catalog)

    def new_token(self, user: str, *, label: str = "", days: float | None = None) -> str:
        """Make a token for a user; the text is shown once and kept nowhere.

        Parameters
        ----------
        user
            Name of a user.
        label
            What it is for, in words.
        days
            How long it is good; None: until it is revoked.

        Raises
        ------
        ArgumentError
            If that is longer than a century.
        NotFoundError
            If there is no such user.
        """
        if days is not None and not days <= TOKEN_DAYS_LIMIT:  # also what is no number
            raise ArgumentError(
                f"a token cannot be good for {days:g} days",
                remedy=f"give a number of days up to {TOKEN_DAYS_LIMIT:g}; without one it has no end",
            )
        text, handle, digest = new_token()
        expires = None if days is None else time.time() + days * SECONDS_A_DAY
        self.catalog.people.add_token(user, label=label, handle=handle, sha256=digest, expires=expires)
        return text

    def audit_faults(self) -> Iterator[AuditFault]:
        """Check the audit log of the federation; yields what shows that it was tampered with."""
        authority = self.home.read_secret("authority.pem")
        return audit_faults(self.catalog, authority=authority, own_copy=self.home.audit_seal)

    def publish_built_ins(self) -> list[str]:
        """Approve and publish the built-in methods that are not published yet; returns their names and versions.

        Raises
        ------
        SettingsError
            If this is not the founder's home, where the root key is.
        """
        there = {(one.name, one.version) for one in self.catalog.methods.published()}
        fresh = [one for one in built_in_bundles() if (one.schema.name, one.schema.version) not in there]
        if fresh:
            self.trust.publish_as_founder(fresh, reviewer=BUILT_IN_REVIEWER)
        return [f"{one.schema.name} {one.schema.version}" for one in fresh]


@contextmanager
def open_administration(folder: Path) -> Iterator[Administration]:
    """Open the catalog that a site's home names, for an operator.

    Raises
    ------
    SettingsError, SchemaRevisionError, StorageError
        If it cannot be opened.
    """
    home = SiteHome(folder)
    with administration_of(home, home.read_settings()) as administration:
        yield administration


@contextmanager
def administration_of(home: SiteHome, settings: SiteSettings) -> Iterator[Administration]:
    """Open the catalog of a home whose settings are known, as of one that is being made.

    Raises
    ------
    SchemaRevisionError, StorageError
        If it cannot be opened.
    """
    catalog = open_catalog(settings.catalog)
    try:
        yield Administration(home, settings, catalog)
    finally:
        catalog.close()


def built_in_bundles() -> list[Bundle]:
    """Methods that come with this program."""
    folders = [folder for folder in sorted(installed_folder("methods").iterdir()) if (folder / "method.toml").is_file()]
    return [read_bundle(read_folder(folder)) for folder in folders]


def read_folder(folder: Path) -> dict[str, bytes]:
    """Files of a bundle's folder by relative path; caches of Python and hidden files do not belong to it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(part == "__pycache__" or part.startswith(".") for part in path.relative_to(folder).parts)
    }
