"""What an operator does on a site's machine: found a federation, join one, manage people and projects."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fomrepo.catalog import Catalog, open_catalog, upgrade_catalog
from fomrepo.errors import ConflictError, SettingsError
from fomrepo.installed_files import installed_folder
from fomrepo.model.bundle import read_bundle
from fomrepo.model.canonical import canonical_json, new_secret
from fomrepo.model.files import check_slug
from fomrepo.model.methods import Bundle
from fomrepo.model.people import new_token
from fomrepo.site.certificates import KeyPair, new_authority, new_site_certificate
from fomrepo.site.settings import SiteHome, SiteSettings
from fomrepo.site.trust import new_root_key, sign_method

#: Who the built-in methods say that they were approved by.
BUILT_IN_REVIEWER = "fomrepo built-in methods"

#: What a founder's home hands on to a site that joins it.
_SHARED_SECRETS = ("authority.pem", "federation.secret", "root.pub")

SECONDS_A_DAY = 86_400.0


def init_site(
    folder: Path,
    *,
    name: str,
    federation: str | None = None,
    join: Path | None = None,
    address: str = "127.0.0.1:0",
    peer_address: str = "127.0.0.1:0",
    hosts: Sequence[str] = ("localhost", "127.0.0.1"),
    catalog: str | None = None,
    slots: int | None = None,
) -> SiteHome:
    """Make the home of a site: it founds a federation, or joins one whose founder's home lies on this machine.

    1. Names and addresses are settled; a port 0 becomes a free port that stays.
    2. Secrets: a founder makes the authority, the root key and the federation's secret; others copy what all share.
    3. The site's own key is certified. 4. ``site.toml`` is written.
    5. A founder makes the catalog, and signs and publishes the built-in methods.

    Raises
    ------
    ConflictError
        If the folder is a site's home already.
    SettingsError
        If the home to join is not a founder's.
    """
    check_slug(name, "site")
    home = SiteHome(folder)
    if home.settings_file.exists():
        raise ConflictError(
            f"{home.folder} is the home of a site already", remedy=f"start it: fomrepo site serve --home {home.folder}"
        )
    founder = SiteHome(join) if join is not None else None
    shared = founder.read_settings() if founder is not None else None
    home.folder.mkdir(parents=True, exist_ok=True)
    if founder is not None:
        authority = KeyPair(founder.read_secret("authority.key"), founder.read_secret("authority.pem"))
        for secret in _SHARED_SECRETS:
            home.write_secret(secret, founder.read_secret(secret))
    else:
        authority = new_authority(federation or name)
        root_private, root_public = new_root_key()
        founded = {"authority.key": authority.key, "authority.pem": authority.certificate, "root.key": root_private}
        for secret, content in {**founded, "root.pub": root_public, "federation.secret": new_secret()}.items():
            home.write_secret(secret, content)
    pair = new_site_certificate(authority, name, hosts)
    home.write_secret("site.key", pair.key)
    home.write_secret("site.pem", pair.certificate)
    public = home.folder / "federation.pem"
    public.write_bytes(authority.certificate)
    settings = {
        "name": name,
        "federation": shared.federation if shared else federation or name,
        "catalog": catalog or (shared.catalog if shared else f"sqlite:///{home.folder / 'catalog' / 'catalog.db'}"),
        "address": _settled(address),
        "peer_address": _settled(peer_address),
        "hosts": list(hosts),
    }
    home.write_settings(settings | ({"slots": slots} if slots else {}))
    if founder is None:
        (home.folder / "catalog").mkdir(exist_ok=True)
        upgrade_catalog(str(settings["catalog"]))
        with open_administration(home.folder) as administration:
            administration.catalog.federation.set("name", str(settings["federation"]))
            administration.publish_built_ins()
    return home


class Administration:
    """Access of an operator to the catalog of a site's federation."""

    def __init__(self, home: SiteHome, settings: SiteSettings, catalog: Catalog) -> None:
        self.home, self.settings, self.catalog = home, settings, catalog

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
        NotFoundError
            If there is no such user.
        """
        text, handle, digest = new_token()
        expires = None if days is None else time.time() + days * SECONDS_A_DAY
        self.catalog.people.add_token(user, label=label, handle=handle, sha256=digest, expires=expires)
        return text

    def publish_built_ins(self) -> list[str]:
        """Sign and publish the built-in methods that are not published yet; returns their names and versions.

        Raises
        ------
        SettingsError
            If this is not the founder's home, where the root key is.
        """
        if not (self.home.secrets / "root.key").exists():
            raise SettingsError(
                f"{self.home.folder} does not hold the federation's root key",
                remedy="run the command on the home that founded the federation",
            )
        root_key = self.home.read_secret("root.key")
        bundles = built_in_bundles()
        for bundle in bundles:
            signed = sign_method(bundle, root_key=root_key, reviewers=(BUILT_IN_REVIEWER,))
            self.catalog.methods.publish(signed, canonical_json(dict(bundle.schema.source)).decode())
        return [f"{one.schema.name} {one.schema.version}" for one in bundles]


@contextmanager
def open_administration(folder: Path) -> Iterator[Administration]:
    """Open the catalog that a site's home names, for an operator.

    Raises
    ------
    SettingsError, SchemaRevisionError, StorageError
        If it cannot be opened.
    """
    home = SiteHome(folder)
    settings = home.read_settings()
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


def _settled(address: str) -> str:
    """Address with a port that stays; port 0 becomes one that is free now."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise SettingsError(f"{address!r} is no address", remedy="write it as host:port, such as 127.0.0.1:7411")
    if port != "0":
        return address
    with socket.create_server((host, 0)) as free:
        return f"{host}:{free.getsockname()[1]}"
