"""Keys and certificates: those of the sites, and those of whoever would like to be one."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fomrepo.site.certificates import PEER_SUFFIX, KeyPair
from fomrepo.site.settings import SiteHome
from fomrepo.testing import LocalFederation
from fomrepo.wire.v1.sites_pb2_grpc import PeersStub


def authority(federation: LocalFederation) -> KeyPair:
    """The federation's own authority, as its founder keeps it."""
    home = SiteHome(federation.home)
    return KeyPair(home.read_secret("authority.key"), home.read_secret("authority.pem"))


def pair_of(federation: LocalFederation, site: str) -> KeyPair:
    """Key and certificate of a site."""
    home = SiteHome(federation[site].home)
    return KeyPair(home.read_secret("site.key"), home.read_secret("site.pem"))


@contextmanager
def peer_stub(federation: LocalFederation, to_site: str, pair: KeyPair | None) -> Iterator[PeersStub]:
    """Talk to a site's listener for sites, with a certificate or with none."""
    key, certificate = (pair.key, pair.certificate) if pair is not None else (None, None)
    credentials = grpc.ssl_channel_credentials(federation.ca.read_bytes(), key, certificate)
    options = (("grpc.ssl_target_name_override", to_site + PEER_SUFFIX),)
    with grpc.secure_channel(federation[to_site].peer_address, credentials, options) as channel:
        yield PeersStub(channel)


def certificate_for(issuer: KeyPair, *names: str) -> KeyPair:
    """Key and certificate with these names, such as no site has."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuing_key = serialization.load_pem_private_key(issuer.key, None)
    assert isinstance(issuing_key, ec.EllipticCurvePrivateKey)
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])]))
        .issuer_name(x509.load_pem_x509_certificate(issuer.certificate).subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(list(map(x509.DNSName, names))), critical=False)
    )
    certificate = builder.sign(issuing_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return KeyPair(pem, certificate)
