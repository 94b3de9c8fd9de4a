"""Seals of the audit log: a site's signed word for how the log stood, kept in the catalog and in the site's own home.

The chain of digests shows a change of an entry; who can write to the catalog can rewrite the chain from there on, and
its seals. They cannot sign with a site's key, nor reach the copy of its last seal that each site keeps.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fomrepo.catalog import Catalog
from fomrepo.model.audit import AuditFault, AuditSeal, faults_of
from fomrepo.site.certificates import site_named_by
from fomrepo.vault.objects import storage_errors

#: A site seals the log no more often, in seconds: what was added since the last seal can be rewritten unseen.
SEAL_EVERY_S = 300.0


class AuditSealer:
    """Signs the head of the log with the site's own key.

    Parameters
    ----------
    site
        Name of the site.
    key, certificate
        PEM of both.
    own_copy
        File in the site's home that keeps the last seal.
    """

    def __init__(self, site: str, key: bytes, certificate: bytes, own_copy: Path) -> None:
        loaded = serialization.load_pem_private_key(key, None)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise TypeError("the site's key is no ECDSA key")
        self._site, self._key, self._certificate, self._own_copy = site, loaded, certificate, own_copy
        self._sealed, self._next = 0, 0.0

    def seal_now_and_then(self, catalog: Catalog) -> None:
        """Seal the log, if it has grown and the last seal is old enough."""
        if time.monotonic() < self._next:
            return
        number, digest = catalog.audit.head()
        if number <= self._sealed:
            return
        bare = AuditSeal(self._site, number, digest, time.time(), b"", self._certificate)
        signature = self._key.sign(bare.signed_bytes, ec.ECDSA(hashes.SHA256()))
        seal = AuditSeal(bare.site, bare.number, bare.digest, bare.time, signature, bare.certificate)
        catalog.audit.seal(seal)
        fresh = self._own_copy.with_suffix(".new")
        with storage_errors(fresh):
            fresh.write_text(json.dumps({"number": number, "digest": digest, "time": seal.time}))
            fresh.rename(self._own_copy)
        self._sealed, self._next = number, time.monotonic() + SEAL_EVERY_S


def audit_faults(catalog: Catalog, *, authority: bytes, own_copy: Path) -> Iterator[AuditFault]:
    """Check the whole log; yields what shows that it was tampered with.

    1. The seals in the catalog: each signed by a site of this federation. A forged one is a fault, and counts for
    nothing. 2. The seal in this site's own home. 3. The chain, entry by entry, against itself, its head and the seals.

    Parameters
    ----------
    catalog
        Whose log it is.
    authority
        PEM of the federation's authority.
    own_copy
        File in the home of the site on this machine.
    """
    seals: dict[int, tuple[str, str]] = {}
    for seal in catalog.audit.seals():
        if _holds(seal, authority):
            seals.setdefault(seal.number, (seal.digest, f"{seal.site} has"))
        else:
            yield AuditFault(seal.number, f"the seal of {seal.site} on entry {seal.number} is not signed by that site")
    if own_copy.exists():
        try:
            kept = json.loads(own_copy.read_text())
            seals[int(kept["number"])] = str(kept["digest"]), "this site, by its own copy, has"
        except (ValueError, KeyError, TypeError):
            yield AuditFault(0, f"{own_copy}, this site's own copy of its last seal, cannot be read")
    yield from faults_of(catalog.audit.all(), head=catalog.audit.head(), seals=seals)


def _holds(seal: AuditSeal, authority: bytes) -> bool:
    """Whether a site of the federation signed a seal; a certificate that has expired since is still good."""
    try:
        certificate = x509.load_pem_x509_certificate(seal.certificate)
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority))
        key = certificate.public_key()
        if site_named_by(seal.certificate) != seal.site or not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(seal.signature, seal.signed_bytes, ec.ECDSA(hashes.SHA256()))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
