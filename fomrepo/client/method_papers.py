"""What a published method is made of, who wrote it, and who signed that it may run."""

from __future__ import annotations

from dataclasses import dataclass

from fomrepo.client.connection import Connection
from fomrepo.client.registry import PublishedMethod
from fomrepo.errors import BundleRefusedError, MethodNotTrustedError
from fomrepo.model.bundle import read_bundle
from fomrepo.model.methods import Bundle
from fomrepo.wire.methods import bundle_from_wire
from fomrepo.wire.v1 import methods_pb2


@dataclass(frozen=True, slots=True)
class MethodSigner:
    """A reviewer who signed; sites have verified the signature, this program has not."""

    reviewer: str
    #: Of the key, as the signed root names it.
    key_id: str
    #: Seconds since 1970.
    signed: int


@dataclass(frozen=True, slots=True)
class MethodPapers:
    """One version of a published method, whole."""

    bundle: Bundle
    author: str
    signers: tuple[MethodSigner, ...]

    @property
    def readme(self) -> str:
        """Text of its README.md; empty if it has none, or it is no text."""
        return self.bundle.files.get("README.md", b"").decode(errors="replace")


def read_method_papers(connection: Connection, method: PublishedMethod) -> MethodPapers:
    """Fetch the files of a method, and hold them against its digest.

    Raises
    ------
    MethodNotTrustedError
        If they are others than those that were published.
    """
    schema = method.schema
    request = methods_pb2.ReadMethodRequest(name=schema.name, version=schema.version)
    reply = connection.ask(lambda site: site.methods.ReadMethod, request)
    try:
        bundle = read_bundle(bundle_from_wire(reply.bundle))
    except BundleRefusedError as error:
        raise _other(method, error.message) from None
    if bundle.digest != method.digest:
        raise _other(method, f"their digest is {bundle.digest}")
    signers = tuple(MethodSigner(one.reviewer, one.key_id, one.signed) for one in reply.signers)
    return MethodPapers(bundle, reply.author, signers)


def _other(method: PublishedMethod, why: str) -> MethodNotTrustedError:
    return MethodNotTrustedError(
        f"a site shows other files than those of {method.schema.name} {method.schema.version}: {why}",
        remedy="tell its operator",
    )
