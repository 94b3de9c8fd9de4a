"""The end of a site's certificate: who is warned of it, and how a new one is made in time."""

from __future__ import annotations

import datetime
import os
import time
from pathlib import Path

from fomrepo.errors import SettingsError
from fomrepo.model.canonical import sha256_hex
from fomrepo.site.administration import open_administration
from fomrepo.site.certificates import KeyPair, end_of, renewed_certificate, site_named_by
from fomrepo.site.log import logger
from fomrepo.site.settings import SiteHome
from fomrepo.vault.objects import storage_errors

#: Days before its end from which a certificate is warned of: enough for a holiday and for one who forgets.
WARN_DAYS = 60

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
    end, site = end_of(certificate), site_named_by(certificate)
    left = end - datetime.datetime.now(datetime.UTC)
    if left > datetime.timedelta(days=WARN_DAYS):
        return None
    when = f"ends on {end:%Y-%m-%d}, in {left.days} days" if left.days >= 0 else f"ended on {end:%Y-%m-%d}"
    return f"the certificate of {site} {when}; renew it: {_renewing(home)}, and start {site} again"


def certificate_warnings(home: SiteHome) -> list[str]:
    """What is to be done about the certificate in a site's home: nothing, as a rule."""
    certificate = home.read_secret("site.pem")
    warnings = [] if (near := end_is_near(home, certificate)) is None else [near]
    ready = home.ready_file
    if ready.exists() and ready.stat().st_mtime < (home.secrets / "site.pem").stat().st_mtime:
        site = site_named_by(certificate)
        warnings.append(f"{site} still shows the certificate that it was started with; start it again")
    return warnings


class CertificateWatch:
    """Writes into the log of a running site that the certificate which it shows ends soon.

    Parameters
    ----------
    home
        Of the site.
    certificate
        PEM of the certificate that it was started with.
    """

    def __init__(self, home: SiteHome, certificate: bytes) -> None:
        self._home, self._certificate, self._next = home, certificate, 0.0

    def warn_now_and_then(self) -> None:
        """Warn, if there is reason to and the last warning is old enough."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + WARN_EVERY_S
            if (warning := end_is_near(self._home, self._certificate)) is not None:
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
    if not (founder.secrets / "authority.key").exists():
        raise SettingsError(
            f"{founder.folder} does not hold the key of the federation's authority",
            remedy=f"run it on the home that founded the federation: {_renewing(founder)}",
        )
    path = founder.secrets / "site.pem" if certificate is None else certificate
    authority = KeyPair(founder.read_secret("authority.key"), founder.read_secret("authority.pem"))
    with storage_errors(path):
        old, was = path.read_bytes(), path.stat()
    site, new = renewed_certificate(authority, old)
    fresh = path.with_name(f"{path.name}.new")
    with storage_errors(path):
        fresh.write_bytes(new)
        fresh.chmod(was.st_mode & 0o777)
        if os.geteuid() == 0:  # the site may run as somebody else
            os.chown(fresh, was.st_uid, was.st_gid)
        with open_administration(founder.folder) as administration:
            administration.catalog.sites.renew(site, certificate_digest=sha256_hex(new))
        fresh.replace(path)
    return site, end_of(new)


def _renewing(home: SiteHome) -> str:
    """Command that renews the certificate of a home; FOUNDER where the authority's key lies elsewhere."""
    if (home.secrets / "authority.key").exists():
        return f"fomrepo site renew --home {home.folder}"
    return f"fomrepo site renew --home FOUNDER --certificate {home.secrets / 'site.pem'}"
