"""The end of certificates, of a site and of the authority: who is warned of it, and how a new one is made in time."""

from __future__ import annotations

import datetime
import time
from pathlib import Path
from shlex import quote

from fomrepo.errors import IdentityError, SettingsError
from fomrepo.model.canonical import sha256_hex
from fomrepo.site.administration import open_administration
from fomrepo.site.certificates import (
    KeyPair,
    end_of,
    renewed_authority,
    renewed_certificate,
    same_authority,
    site_named_by,
)
from fomrepo.site.log import logger
from fomrepo.site.replacing import replacing
from fomrepo.site.settings import SiteHome
from fomrepo.vault.objects import storage_errors

#: Days before its end from which a certificate is warned of: enough for a holiday and for one who forgets.
WARN_DAYS = 60

#: The same of the federation's authority: everybody who connects needs its new certificate, and that takes a year.
WARN_AUTHORITY_DAYS = 365

#: Names of the secrets: a site's certificate, and that of the federation's authority.
SITE, AUTHORITY = "site.pem", "authority.pem"

#: A running site writes the warning down so often, in seconds: once a day.
WARN_EVERY_S = 86_400.0


def end_is_near(home: SiteHome, certificate: bytes) -> str | None:
    """Warning that a certificate of a site ends soon or has ended, with the command that renews it; else None.

    Parameters
    ----------
    home
        Of the site.
    certificate
        PEM of its certificate.
    """
    if (when := _ends_within(WARN_DAYS, certificate)) is None:
        return None
    site = site_named_by(certificate)
    return f"the certificate of {site} {when}; renew it: {_renewing(home)}, and start {site} again"


def authority_ends(home: SiteHome, authority: bytes) -> str | None:
    """Warning that the certificate of the federation's authority, a PEM, ends within a year or has ended; else None."""
    if (when := _ends_within(WARN_AUTHORITY_DAYS, authority)) is None:
        return None
    if _is_founder(home):
        how = f"renew it: fomrepo site renew-authority --home {quote(str(home.folder))}"
    else:
        how = f"take the founder's new one: {_taking(home)}"
    return f"the certificate of the federation's authority {when}, and nobody believes any site then; {how}"


def certificate_warnings(home: SiteHome) -> list[str]:
    """What is to be done about the certificates in a site's home: nothing, as a rule."""
    certificate, authority = home.read_secret(SITE), home.read_secret(AUTHORITY)
    warnings = [one for one in (end_is_near(home, certificate), authority_ends(home, authority)) if one is not None]
    ready = home.ready_file
    written = max((home.secrets / name).stat().st_mtime for name in (SITE, AUTHORITY))
    if ready.exists() and ready.stat().st_mtime < written:
        site = site_named_by(certificate)
        warnings.append(f"{site} still uses the certificates that it was started with; start it again")
    return warnings


class CertificateWatch:
    """Writes into the log of a running site that the certificate which it shows ends soon, or its authority's.

    Parameters
    ----------
    home
        Of the site.
    certificate
        PEM of the certificate that it was started with.
    """

    def __init__(self, home: SiteHome, certificate: bytes) -> None:
        self._home, self._certificate, self._next = home, certificate, 0.0
        self._authority = home.read_secret(AUTHORITY)

    def warn_now_and_then(self) -> None:
        """Warn, if there is reason to and the last warning is old enough."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + WARN_EVERY_S
            for warning in (end_is_near(self._home, self._certificate), authority_ends(self._home, self._authority)):
                if warning is not None:
                    logger.warning("certificate", warning=warning)


def renew_certificate(founder: SiteHome, certificate: Path | None = None) -> tuple[str, datetime.datetime]:
    """Certify a site anew, in the place of its old certificate; returns its name and when the new one ends.

    1. The old certificate is that of a site of this federation. 2. The new one is for the same key, name and hosts.
    3. It is written beside the old one, the catalog is told of it, and it takes the old one's place. The site shows it
    from its next start on. What was killed in between is done again by the same command.

    Parameters
    ----------
    founder
        Home that founded the federation, where its authority's key is.
    certificate
        PEM file of the site; the founder's own if None.

    Raises
    ------
    SettingsError
        If that is not the founder's home.
    IdentityError
        If the file is not the certificate of a site of this federation.
    NotFoundError
        If the catalog knows no such site.
    """
    authority = _authority_of(founder, _renewing(founder))
    path = founder.secrets / SITE if certificate is None else certificate
    with storage_errors(path):
        old = path.read_bytes()
    site, new = renewed_certificate(authority, old)
    with replacing(path, new), open_administration(founder.folder) as administration:
        administration.catalog.sites.renew(site, certificate_digest=sha256_hex(new))
    return site, end_of(new)


def renew_authority(home: SiteHome, taken: Path | None = None) -> datetime.datetime:
    """Certify the federation's authority anew, for the key that it has; returns when the new certificate ends.

    On the founder's home it is made; on the home of any other site the founder's new ``federation.pem`` is taken over.
    Old and new certificate vouch for the same sites until the old one ends, so that sites and people can follow one
    after the other.

    Parameters
    ----------
    home
        Of a site.
    taken
        The founder's new ``federation.pem``; None: make one.

    Raises
    ------
    SettingsError
        If there is none to take, and this is not the founder's home.
    IdentityError
        If it is the certificate of another authority.
    """
    if taken is None:
        authority = _authority_of(home, f"fomrepo site renew-authority --home FOUNDER; then {_taking(home)}")
        new = renewed_authority(authority)
    else:
        with storage_errors(taken):
            new = taken.read_bytes()
        if not same_authority(new, home.read_secret(AUTHORITY)):
            raise IdentityError(
                f"{taken} is not the certificate of this federation's authority",
                remedy="give the federation.pem from the home that founded the federation",
            )
    with replacing(home.secrets / AUTHORITY, new), replacing(home.folder / "federation.pem", new):
        pass
    return end_of(new)


def _authority_of(founder: SiteHome, remedy: str) -> KeyPair:
    if not _is_founder(founder):
        raise SettingsError(
            f"{founder.folder} does not hold the key of the federation's authority",
            remedy=f"run it on the home that founded the federation: {remedy}",
        )
    return KeyPair(founder.read_secret("authority.key"), founder.read_secret(AUTHORITY))


def _ends_within(days: int, certificate: bytes) -> str | None:
    """When a certificate ends or ended, as a text, if that is so near; else None."""
    end = end_of(certificate)
    left = end - datetime.datetime.now(datetime.UTC)
    if left > datetime.timedelta(days=days):
        return None
    return f"ends on {end:%Y-%m-%d}, in {left.days} days" if left.days >= 0 else f"ended on {end:%Y-%m-%d}"


def _taking(home: SiteHome) -> str:
    return f"fomrepo site renew-authority --home {quote(str(home.folder))} --from FEDERATION.PEM"


def _is_founder(home: SiteHome) -> bool:
    return (home.secrets / "authority.key").exists()


def _renewing(home: SiteHome) -> str:
    """Command that renews the certificate of a home; FOUNDER where the authority's key lies elsewhere."""
    if _is_founder(home):
        return f"fomrepo site renew --home {quote(str(home.folder))}"
    return f"fomrepo site renew --home FOUNDER --certificate {quote(str(home.secrets / SITE))}"
