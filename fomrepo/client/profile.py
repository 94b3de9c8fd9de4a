"""Who to ask, and as whom: from arguments, the environment, or the profile that ``fomrepo login`` wrote."""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any

import platformdirs
import tomli_w

from fomrepo.errors import SettingsError

#: Profile that is used when none is named.
DEFAULT_PROFILE = "default"


@dataclass(frozen=True, slots=True)
class Profile:
    """How to reach a federation."""

    #: ``host:port`` of at least one site; the others are learned.
    sites: tuple[str, ...]
    token: str = field(repr=False)
    #: PEM text of the federation's authority; None means the authorities that this machine trusts anyway.
    ca: str | None = field(default=None, repr=False)


def profile_path() -> Path:
    """Path of the file with the profiles; ``FOMREPO_CONFIG`` names another one."""
    return Path(os.environ.get("FOMREPO_CONFIG") or Path(platformdirs.user_config_dir("fomrepo")) / "config.toml")


def choose_profile(
    address: str | Sequence[str] | None, token: str | None, ca: str | Path | None, name: str | None
) -> Profile:
    """Fill in what was not given: first from the environment, then from the profile.

    The token of a profile goes only to sites that the same profile's authority vouches for: where ``ca`` comes from
    elsewhere, the token must too.

    Raises
    ------
    SettingsError
        If an address or a token is missing, or the profile cannot be read.
    """
    address = address or os.environ.get("FOMREPO_ADDRESS") or None
    token = token or os.environ.get("FOMREPO_TOKEN") or None
    given_ca = ca or os.environ.get("FOMREPO_CA") or None
    complete = address is not None and token is not None and given_ca is not None
    stored = None if complete else _stored(name)
    if address is None and stored is None:
        raise SettingsError(
            "no site is known",
            remedy="fomrepo login HOST:PORT --ca FILE, or set FOMREPO_ADDRESS, FOMREPO_TOKEN and FOMREPO_CA; "
            "to have a site of your own: fomrepo up",
        )
    if token is None and stored is not None and given_ca is None:
        token = stored.token
    if not token:
        raise SettingsError(
            f"there is no token for {address or 'the profile'}",
            remedy="fomrepo login HOST:PORT --ca FILE, or set FOMREPO_TOKEN",
        )
    text = authority_text(given_ca) if given_ca is not None else stored.ca if stored is not None else None
    return Profile(addresses(address) if address is not None else stored.sites if stored else (), token, text)


def addresses(address: str | Sequence[str]) -> tuple[str, ...]:
    """Split and check ``host:port`` texts.

    Raises
    ------
    SettingsError
        If one of them has no port.
    """
    listed = address.split(",") if isinstance(address, str) else address
    found = tuple(dict.fromkeys(one.strip() for one in listed if one.strip()))
    for one in found:
        host, _, port = one.rpartition(":")
        if not host or not port.isdigit():
            raise SettingsError(f"{one!r} is not the address of a site", remedy="give HOST:PORT, as 127.0.0.1:50151")
    if not found:
        raise SettingsError("no address of a site was given", remedy="give HOST:PORT, as 127.0.0.1:50151")
    return found


def authority_text(ca: str | Path) -> str:
    """PEM text of an authority that is given as such, or as the path of a file.

    Raises
    ------
    SettingsError
        If the file cannot be read or holds no certificate.
    """
    text = str(ca)
    if "-----BEGIN CERTIFICATE-----" in text:
        return text
    try:
        content = Path(text).expanduser().read_text("ascii")
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"the authority's certificate {text!r} cannot be read: {getattr(error, 'strerror', None) or error}",
            remedy="give the federation.pem that lies in the home of a site",
        ) from None
    if "-----BEGIN CERTIFICATE-----" not in content:
        raise SettingsError(
            f"{text!r} holds no certificate", remedy="give the federation.pem that lies in the home of a site"
        )
    return content


def read_profiles() -> dict[str, Profile]:
    """All profiles by name; none if there is no file.

    Raises
    ------
    SettingsError
        If the file is not well formed, or others than its owner may read the tokens in it.
    """
    path = profile_path()
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise SettingsError(f"{path} holds tokens and others can read it", remedy=f"chmod 600 {quote(str(path))}")
        tables = tomllib.loads(path.read_text("utf-8")).get("profiles", {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}", remedy=_mending(path)) from None
    if not isinstance(tables, dict):
        raise SettingsError(f"{path} has no tables [profiles.NAME]", remedy=_mending(path))
    return {name: _from_table(name, table, path) for name, table in tables.items()}


def write_profile(name: str, profile: Profile) -> Path:
    """Keep a profile, beside those that are there, in a file that only its owner can read."""
    return _write(read_profiles() | {name: profile})


def forget_profile(name: str) -> None:
    """Forget a profile, with its token; nothing happens if there is none of that name."""
    profiles = read_profiles()
    if profiles.pop(name, None) is not None:
        _write(profiles)


def _write(profiles: Mapping[str, Profile]) -> Path:
    path = profile_path()
    document = {"profiles": {key: _to_table(one) for key, one in profiles.items()}}
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=".config-")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            tomli_w.dump(document, file, multiline_strings=True)
        return Path(fresh).replace(path)
    except BaseException:  # a full disk, say; nothing that holds tokens is left lying there
        Path(fresh).unlink(missing_ok=True)
        raise


def _mending(path: Path) -> str:
    """What to do about a file that `fomrepo login` cannot add to either."""
    return (
        f"mend it, or begin anew: mv {quote(str(path))} {quote(f'{path}.old')}, then fomrepo login HOST:PORT --ca FILE"
    )


def _stored(name: str | None) -> Profile | None:
    profiles = read_profiles()
    wanted = name or os.environ.get("FOMREPO_PROFILE") or DEFAULT_PROFILE
    if name is not None and wanted not in profiles:
        raise SettingsError(
            f"there is no profile {wanted!r} in {profile_path()}", remedy=f"fomrepo login HOST:PORT --profile {wanted}"
        )
    return profiles.get(wanted)


def _from_table(name: str, table: object, path: Path) -> Profile:
    entries: Mapping[str, Any] = table if isinstance(table, dict) else {}
    sites, token, ca = entries.get("sites"), entries.get("token"), entries.get("ca")
    if not isinstance(sites, list) or not all(isinstance(one, str) for one in sites) or not isinstance(token, str):
        raise SettingsError(
            f"the profile {name!r} in {path} has no list `sites` or no text `token`",
            remedy=_mending(path),
        )
    return Profile(addresses(sites), token, authority_text(ca) if isinstance(ca, str) and ca else None)


def _to_table(profile: Profile) -> dict[str, Any]:
    table: dict[str, Any] = {"sites": list(profile.sites), "token": profile.token}
    return table | ({"ca": profile.ca} if profile.ca is not None else {})
