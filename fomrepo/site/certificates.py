"""X.509: the federation's own certificate authority and the certificates of its sites.

Keys are ECDSA P-256. A site's certificate names the hosts by which clients reach it, and ``NAME.sites.fomrepo``, by
which other sites know it: a peer's name is read from its certificate and from nowhere else.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fomrepo.errors import IdentityError

#: Ending of the names by which sites know each other.
PEER_SUFFIX = ".sites.fomrepo"

#: Lifetimes, in days: the authority outlives a machine; certificates are made by `site init`, and anew by `site renew`
#: and `site renew-authority`.
AUTHORITY_DAYS = 3650
SITE_DAYS = 825


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key and its certificate, both as PEM."""

    key: bytes
    certificate: bytes


def new_authority(federation: str) -> KeyPair:
    """Make the certificate authority of a federation."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"fomrepo federation {federation}")])
    return KeyPair(_key_pem(key), _certified_authority(key, name))


def renewed_authority(authority: KeyPair) -> bytes:
    """Certify the authority of a federation anew: its key and its name stay, and the time begins again; returns PEM.

    What was certified before is believed by whoever has the new certificate, and what is certified from now on by
    whoever has the old one, until that ends.
    """
    old = x509.load_pem_x509_certificate(authority.certificate)
    return _certified_authority(_private_key(authority), old.subject)


def same_authority(one: bytes, other: bytes) -> bool:
    """Whether two certificates, as PEM, are of one authority, made at different times."""
    try:
        first, second = map(x509.load_pem_x509_certificate, (one, other))
        first.verify_directly_issued_by(second)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return first.public_key() == second.public_key()


def new_site_certificate(authority: KeyPair, site: str, hosts: Sequence[str]) -> KeyPair:
    """Make a site's key and have the authority certify it.

    Parameters
    ----------
    authority
        Of the federation.
    site
        Name of the site.
    hosts
        Host names and addresses by which clients reach it.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    return KeyPair(_key_pem(key), _certified(authority, key.public_key(), site, hosts))


def renewed_certificate(authority: KeyPair, certificate: bytes) -> tuple[str, bytes]:
    """Certify a site anew: its key, its name and its hosts stay, and the time begins again; returns name and PEM.

    Parameters
    ----------
    authority
        Of the federation.
    certificate
        PEM of the site's certificate; it may have ended.

    Raises
    ------
    IdentityError
        If it is not that of a site of this federation.
    """
    site = site_named_by(certificate)
    try:
        if site is None:
            raise ValueError
        old = x509.load_pem_x509_certificate(certificate)
        old.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))
    except (ValueError, TypeError, InvalidSignature):
        raise IdentityError(
            "that is not the certificate of a site of this federation",
            remedy="name secrets/site.pem of the site's home: --certificate",
        ) from None
    names = old.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = [str(name.value) for name in names if name.value != site + PEER_SUFFIX]
    return site, _certified(authority, old.public_key(), site, hosts)


def end_of(certificate: bytes) -> datetime.datetime:
    """Time at which a certificate ends."""
    return x509.load_pem_x509_certificate(certificate).not_valid_after_utc


def site_named_by(certificate: bytes) -> str | None:
    """Name of the site that a certificate belongs to, or None."""
    try:
        names = x509.load_pem_x509_certificate(certificate).extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except (ValueError, x509.ExtensionNotFound):
        return None
    found = [
        name.removesuffix(PEER_SUFFIX)
        for name in names.value.get_values_for_type(x509.DNSName)
        if name.endswith(PEER_SUFFIX)
    ]
    return found[0] if len(found) == 1 else None


def _certified_authority(key: ec.EllipticCurvePrivateKey, name: x509.Name) -> bytes:
    builder = (
        _builder(name, name, key.public_key(), AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _private_key(authority: KeyPair) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(authority.key, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the federation's authority has another kind of key")
    return key


def _certified(authority: KeyPair, key: CertificatePublicKeyTypes, site: str, hosts: Sequence[str]) -> bytes:
    authority_key = _private_key(authority)
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    builder = (
        _builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, site)]), issuer.subject, key, SITE_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(site + PEER_SUFFIX), *map(_general_name, hosts)]), critical=False
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
    )
    return builder.sign(authority_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: CertificatePublicKeyTypes, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
