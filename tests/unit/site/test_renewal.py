"""Certificates of sites: warned of before they end, and made anew for the same key."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from structlog.testing import capture_logs

from fomrepo.catalog import open_catalog
from fomrepo.errors import ConflictError, IdentityError, SettingsError
from fomrepo.model.canonical import sha256_hex
from fomrepo.site import certificates
from fomrepo.site.certificates import KeyPair, new_authority, new_site_certificate, renewed_certificate
from fomrepo.site.founding import init_site
from fomrepo.site.renewal import CertificateWatch, certificate_warnings, end_is_near, renew_authority, renew_certificate
from fomrepo.site.replacing import replacing
from fomrepo.site.settings import SiteHome
from fomrepo.wire.failures import error_from_rpc

HOSTS = ("localhost", "127.0.0.1", "data.example.org")

#: Days: ended two minutes ago, after it began.
ENDED = -2 / 1440


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[SiteHome, SiteHome]:
    """Founder and a site that joined it; nothing runs."""
    folder = tmp_path_factory.mktemp("homes")
    founder = init_site(folder / "a", name="site-a", hosts=HOSTS)
    return founder, init_site(folder / "b", name="site-b", join=founder.folder)


def made(monkeypatch: pytest.MonkeyPatch, authority: KeyPair, days: float) -> KeyPair:
    """Key and certificate of site-a with so many days left."""
    monkeypatch.setattr(certificates, "SITE_DAYS", days)
    return new_site_certificate(authority, "site-a", HOSTS)


def test_a_renewed_certificate_differs_in_its_time_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = new_authority("local")
    old = made(monkeypatch, authority, ENDED)
    monkeypatch.undo()
    site, pem = renewed_certificate(authority, old.certificate)
    assert site == "site-a"
    before, after = map(x509.load_pem_x509_certificate, (old.certificate, pem))
    after.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))
    assert after.public_key() == before.public_key()
    assert list(after.extensions) == list(before.extensions)
    assert (after.subject, after.issuer) == (before.subject, before.issuer)
    assert (after.not_valid_after_utc - before.not_valid_after_utc).days == certificates.SITE_DAYS


def test_what_another_authority_certified_is_not_renewed() -> None:
    stranger = new_site_certificate(new_authority("local"), "site-a", HOSTS).certificate
    authority = new_authority("local")
    for wrong in (stranger, authority.certificate, b"no certificate"):
        with pytest.raises(IdentityError, match="not the certificate of a site of this federation"):
            renewed_certificate(authority, wrong)


def test_it_is_warned_of_from_sixty_days_before_the_end(
    monkeypatch: pytest.MonkeyPatch, homes: tuple[SiteHome, SiteHome]
) -> None:
    founder, joined = homes
    authority = new_authority("local")
    assert end_is_near(founder, made(monkeypatch, authority, 60.5).certificate) is None
    near, over = (made(monkeypatch, authority, days).certificate for days in (59.5, ENDED))
    remedy = f"renew it: fomrepo site renew --home {founder.folder}, and start site-a again"
    end = f"{certificates.end_of(near):%Y-%m-%d}"
    assert end_is_near(founder, near) == f"the certificate of site-a ends on {end}, in 59 days; {remedy}"
    elsewhere = f"fomrepo site renew --home FOUNDER --certificate {joined.secrets / 'site.pem'}"
    assert elsewhere in (end_is_near(joined, near) or "")
    assert "ended on" in (end_is_near(founder, over) or "")


def test_a_running_site_logs_it_once_a_day(monkeypatch: pytest.MonkeyPatch, homes: tuple[SiteHome, SiteHome]) -> None:
    watch = CertificateWatch(homes[0], made(monkeypatch, new_authority("local"), 59.5).certificate)
    with capture_logs() as logged:
        for _ in range(3):
            watch.warn_now_and_then()
    (line,) = logged
    assert (line["log_level"], line["event"]) == ("warning", "certificate")
    assert "in 59 days" in line["warning"]


@pytest.mark.parametrize("which", [0, 1])
def test_the_founder_renews_any_site(homes: tuple[SiteHome, SiteHome], which: int) -> None:
    founder, home = homes[0], homes[which]
    path = home.secrets / "site.pem"
    old, mode = path.read_bytes(), path.stat().st_mode
    site, end = renew_certificate(founder, None if which == 0 else path)
    new = path.read_bytes()
    assert (site, end) == (home.read_settings().name, certificates.end_of(new))
    assert new != old
    assert path.stat().st_mode == mode
    assert not list(home.secrets.glob("*.new"))
    key = serialization.load_pem_private_key(home.read_secret("site.key"), None)
    assert x509.load_pem_x509_certificate(new).public_key() == key.public_key()
    catalog = open_catalog(founder.read_settings().catalog)
    try:
        assert catalog.sites.certificate_digest(site) == sha256_hex(new)
        with pytest.raises(ConflictError):
            catalog.sites.announce(site, address="h:1", peer_address="h:2", certificate_digest=sha256_hex(old))
    finally:
        catalog.close()


def test_only_the_founder_renews(homes: tuple[SiteHome, SiteHome]) -> None:
    with pytest.raises(SettingsError, match="does not hold the key of the federation's authority") as caught:
        renew_certificate(homes[1])
    assert "--home FOUNDER --certificate" in (caught.value.remedy or "")


def test_the_authority_is_warned_of_for_a_year_and_renewed_for_its_key(
    monkeypatch: pytest.MonkeyPatch, homes: tuple[SiteHome, SiteHome]
) -> None:
    founder, joined = homes
    monkeypatch.setattr(certificates, "AUTHORITY_DAYS", 364.5)
    renew_authority(founder)
    renew_authority(joined, founder.folder / "federation.pem")
    watch = CertificateWatch(founder, founder.read_secret("site.pem"))
    with capture_logs() as logged:
        watch.warn_now_and_then()
    assert [one["warning"] for one in logged] == certificate_warnings(founder)
    assert ["in 364 days" in one for one in certificate_warnings(founder)] == [True]
    assert f"--home {joined.folder} --from" in certificate_warnings(joined)[0]
    monkeypatch.undo()
    old, mode = founder.read_secret("authority.pem"), (founder.secrets / "authority.pem").stat().st_mode
    end = renew_authority(founder)
    new = founder.read_secret("authority.pem")
    assert (end, (founder.secrets / "authority.pem").stat().st_mode) == (certificates.end_of(new), mode)
    assert (founder.folder / "federation.pem").read_bytes() == new
    assert certificate_warnings(founder) == []
    site = x509.load_pem_x509_certificate(founder.read_secret("site.pem"))
    renew_certificate(founder)
    newer = x509.load_pem_x509_certificate(founder.read_secret("site.pem"))
    for authority in map(x509.load_pem_x509_certificate, (old, new)):  # whoever has either believes either
        for one in (site, newer):
            one.verify_directly_issued_by(authority)
    with pytest.raises(SettingsError, match="does not hold the key"):
        renew_authority(joined)
    other = joined.folder / "other.pem"
    for wrong in (new_authority("local").certificate, b"nothing", founder.read_secret("site.pem")):
        other.write_bytes(wrong)
        with pytest.raises(IdentityError, match="not the certificate of this federation's authority"):
            renew_authority(joined, other)
    assert renew_authority(joined, founder.folder / "federation.pem") == end
    assert joined.read_secret("authority.pem") == new


def test_what_replaces_a_secret_is_whole_safe_and_its_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret"
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", lambda _, user, group: given.append((user, group)))
    with replacing(path, b"first"):
        assert (tmp_path / "secret.new").read_bytes() == b"first"
        assert not path.exists()
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"first", 0o600)
    path.chmod(0o640)
    with replacing(path, b"second"):
        pass
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"second", 0o640)
    with pytest.raises(ZeroDivisionError), replacing(path, b"third"):
        _ = 1 / 0
    assert path.read_bytes() == b"second"
    assert os.listdir(tmp_path) == ["secret"]
    assert given == [(tmp_path.stat().st_uid, tmp_path.stat().st_gid)] * 3


def test_a_site_that_runs_is_to_be_started_again(homes: tuple[SiteHome, SiteHome]) -> None:
    home = homes[0]
    assert certificate_warnings(home) == []
    home.ready_file.write_text("{}")
    written = (home.secrets / "site.pem").stat().st_mtime
    os.utime(home.ready_file, (written + 1, written + 1))
    assert certificate_warnings(home) == []
    os.utime(home.ready_file, (written - 1, written - 1))
    assert certificate_warnings(home) == ["site-a still uses the certificates that it was started with; start it again"]
    home.ready_file.unlink()


def test_whoever_meets_an_ended_certificate_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = new_authority("local")
    ended = made(monkeypatch, authority, ENDED)
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(ended.key, ended.certificate)]))
    server.start()
    try:
        trusted = grpc.ssl_channel_credentials(authority.certificate)
        with grpc.secure_channel(f"127.0.0.1:{port}", trusted) as channel, pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary("/any/thing")(b"", timeout=30)
    finally:
        server.stop(0).wait()
    told = error_from_rpc(caught.value, address="site-a")
    assert isinstance(told, IdentityError)
    assert told.message == "the certificate of site-a has ended"
