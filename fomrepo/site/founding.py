"""Making the home of a site: it founds a federation, or joins one whose founder's home lies on this machine."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import random
import shutil
import socket
import time
from collections.abc import Collection, Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import Any

from fomrepo.catalog import upgrade_catalog
from fomrepo.errors import ConflictError, SettingsError, StorageError
from fomrepo.installed_files import installed_folder
from fomrepo.isolation.environment import DEFAULT_ENVIRONMENT
from fomrepo.model.canonical import new_secret
from fomrepo.model.files import check_slug
from fomrepo.model.submissions import ReviewPolicy
from fomrepo.model.trust import TrustPolicy
from fomrepo.site.administration import administration_of, open_administration
from fomrepo.site.certificates import KeyPair, new_authority, new_site_certificate
from fomrepo.site.settings import SiteHome
from fomrepo.site.trust import new_key
from fomrepo.site.trust_home import LEASE_KEY, PINNED_ROOT

#: What a founder's home hands on to a site that joins it.
_SHARED_SECRETS = ("authority.pem", "federation.secret")

#: Folders of a home that nobody else on the machine may list: names of objects tell what exists.
_PRIVATE_FOLDERS = ("vault", "cache", "bundles", "catalog", "trust")

#: Name of the note in a home that is being made.
_BEING_MADE = ".being-made"

#: Addresses that mean "all of this machine": one can listen there, and nobody can call there.
_WILDCARDS = ("0.0.0.0", "[::]", "::", "*")  # noqa: S104  (to refuse them)

#: Ports that a site is given to keep, and how many are tried. Linux lends those from 32768 on to whoever calls
#: somebody, so a site that was down for a moment could find such a port taken.
LASTING_PORTS, PORTS_TRIED = range(20_000, 32_768), 100


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
    policy: ReviewPolicy = ReviewPolicy(),  # noqa: B008  (frozen)
) -> SiteHome:
    """Make the home of a site; whatever fails, nothing of it stays.

    1. Names, addresses and settings are checked; a port 0 becomes a free port that stays and that no other site of the
       federation has there.
    2. Secrets: a founder makes the authority and the federation's secret; others copy what all share.
    3. The site's own key is certified.
    4. A founder makes the catalog, signs the first root and list, and publishes the built-in methods; who joins pins
       the newest root, and the founder's root key accepts its key for leases.
    5. The site is entered into the catalog, where its name is taken from now on, and ``site.toml`` is written. What a
       kill left before that is deleted by the next attempt.

    Raises
    ------
    ConflictError
        If the folder is a site's home already, or another site has the name.
    SettingsError
        If an address or a setting is wrong, or the home to join is not a founder's.
    """
    check_slug(name, "site")
    home = SiteHome(folder)
    if home.settings_file.exists():
        raise ConflictError(
            f"{home.folder} is the home of a site already",
            remedy=f"start it: fomrepo site serve --home {quote(str(home.folder))}",
        )
    founder = SiteHome(join) if join is not None else None
    shared = founder.read_settings() if founder is not None else None
    given = _given_addresses(founder.folder) if founder is not None else set()
    for_clients = _settled(address, given)
    settings: dict[str, Any] = {
        "name": name,
        "federation": shared.federation if shared else federation or name,
        "catalog": catalog or (shared.catalog if shared else f"sqlite:///{home.folder / 'catalog' / 'catalog.db'}"),
        "address": for_clients,
        "peer_address": _settled(peer_address, given | {for_clients}),
        "hosts": list(hosts),
        **({} if slots is None else {"slots": slots}),
    }
    checked = home.check_settings(settings)
    with _all_or_nothing(home.folder):
        authority = _join(home, founder) if founder is not None else _found(home, str(settings["federation"]))
        pair = new_site_certificate(authority, name, hosts)
        home.write_secret("site.key", pair.key)
        home.write_secret("site.pem", pair.certificate)
        (home.folder / "federation.pem").write_bytes(authority.certificate)
        for part in _PRIVATE_FOLDERS:
            (home.folder / part).mkdir(mode=0o700, exist_ok=True)
        if founder is None:
            upgrade_catalog(str(settings["catalog"]))
        with administration_of(home, checked) as administration:
            if founder is None:
                administration.catalog.federation.set("name", str(settings["federation"]))
                lock = (installed_folder("sandbox") / "requirements.lock").read_bytes()
                administration.catalog.reviewers.set_policy(policy)
                signed = TrustPolicy(policy.approvals, policy.other_institution)
                administration.trust.found(environment=DEFAULT_ENVIRONMENT, lock=lock, policy=signed)
                administration.publish_built_ins()
            administration.catalog.sites.announce(
                name,
                address=str(settings["address"]),
                peer_address=str(settings["peer_address"]),
                certificate_digest=hashlib.sha256(pair.certificate).hexdigest(),
            )
        if founder is not None:
            private, public = new_key()
            home.write_secret(LEASE_KEY, private)
            with open_administration(founder.folder) as administration:
                administration.trust.accept_site(public)
        home.write_settings(settings)  # from here on it is the home of a site
    return home


def _found(home: SiteHome, federation: str) -> KeyPair:
    authority = new_authority(federation)
    for secret, content in {
        "authority.key": authority.key,
        "authority.pem": authority.certificate,
        "federation.secret": new_secret(),
    }.items():
        home.write_secret(secret, content)
    return authority


def _join(home: SiteHome, founder: SiteHome) -> KeyPair:
    authority = KeyPair(founder.read_secret("authority.key"), founder.read_secret("authority.pem"))
    with open_administration(founder.folder) as administration:
        home.write_secret(PINNED_ROOT, administration.trust.newest_root())
    for secret in _SHARED_SECRETS:
        home.write_secret(secret, founder.read_secret(secret))
    return authority


@contextmanager
def _all_or_nothing(folder: Path) -> Iterator[None]:
    """Make a folder and, if the block fails, delete what it has made there; after a kill the next attempt does so.

    A note in the folder, locked as long as it is being made, says what was there before.
    """
    made, note = not folder.exists(), folder / _BEING_MADE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = [name for name in os.listdir(folder) if name != note.name]
        noted = note.open("a+")
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be made: {error.strerror}",
            remedy="name another folder with --home",
        ) from None
    with noted:
        try:
            fcntl.flock(noted, fcntl.LOCK_EX | fcntl.LOCK_NB)
            busy = not os.fstat(noted.fileno()).st_nlink  # another command has ended this very moment
        except BlockingIOError:
            busy = True
        if busy:
            raise ConflictError(f"another command makes {folder} the home of a site", remedy="wait until it has ended")
        noted.seek(0)
        try:
            if before := noted.read():  # of an attempt that was killed
                there = json.loads(before)
                _delete_all_but(folder, [*there, note.name])
            else:
                json.dump(there, noted)
                noted.flush()
            yield
        except BaseException:
            _delete_all_but(folder, there)
            if made:
                folder.rmdir()
            raise
        note.unlink()


def _delete_all_but(folder: Path, names: Collection[str]) -> None:
    for path in folder.iterdir():
        if path.name not in names:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _given_addresses(founder: Path) -> set[str]:
    """Addresses that the sites of a federation have, whether somebody listens there now or not."""
    with open_administration(founder) as administration:
        sites = administration.catalog.sites.all(time.time())
    return {address for site in sites for address in (site.address, site.peer_address)}


def _settled(address: str, given: Set[str]) -> str:
    """Address with a port that stays; port 0 becomes one that is free now and given to nobody."""
    host, _, named = address.rpartition(":")
    if not host or not named.isdecimal() or int(named) > 65_535:
        raise SettingsError(f"{address!r} is no address", remedy="write it as host:port, such as 127.0.0.1:7411")
    if host in _WILDCARDS:
        raise SettingsError(
            f"nobody can call {address!r}",
            remedy="name the address by which others reach this machine; to listen elsewhere than there, set address "
            "and announced_address in site.toml afterwards",
        )
    if named != "0":
        return address
    for port in random.sample(LASTING_PORTS, PORTS_TRIED):
        if f"{host}:{port}" in given:
            continue
        try:
            with socket.create_server((host, port)):
                return f"{host}:{port}"
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise SettingsError(
                    f"nothing can listen at {address!r}: {error.strerror}", remedy="name an address of this machine"
                ) from None
    raise SettingsError(f"no port is free at {host}", remedy="name one: HOST:PORT")
