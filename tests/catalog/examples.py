"""Deposits, records, methods and results to test with."""

from __future__ import annotations

from collections.abc import Sequence

from fomrepo.catalog import Catalog
from fomrepo.model.canonical import new_id
from fomrepo.model.deposits import AcceptedFile, Deposit, ExpectedFile
from fomrepo.model.files import RecordName, RecordVersion, StatFingerprint
from fomrepo.model.people import Principal
from fomrepo.model.results import StoredResult
from fomrepo.model.statements import Approval, ReviewStatement, SignedMethod

FINGERPRINT = StatFingerprint(device=2**64 - 1, inode=2**63, size=2**40, mtime_ns=1_700_000_000_000_000_001, ctime_ns=2)

PSF, DCD, OFFSETS = "a" * 64, "b" * 64, "c" * 64

#: A topology, and a trajectory of more than 4 GiB with frame offsets.
ADK = (
    AcceptedFile("adk.psf", "PSF", PSF, 7_000, FINGERPRINT, {"n_atoms": 3341}),
    AcceptedFile(
        "adk.xtc",
        "XTC",
        DCD,
        2**40,
        FINGERPRINT,
        {"n_frames": 98, "dt": {"unit": "ps", "value": 0.1}},
        topology="adk.psf",
        offsets=(OFFSETS, 900, FINGERPRINT),
    ),
)


def draft(
    catalog: Catalog,
    who: Principal,
    *,
    name: str = "adk",
    key: str | None = None,
    request_digest: str = "r",
    project: str | None = None,
    new_version_of: RecordName | None = None,
    site: str = "site-a",
) -> Deposit:
    """Open a draft of the two files of `ADK`."""
    return catalog.deposits.begin(
        who.id,
        key=key or new_id(),
        request_digest=request_digest,
        title="AdK, closed to open",
        project=project or who.name,
        name=name,
        new_version_of=new_version_of,
        site=site,
        files=[ExpectedFile(file.name, file.size, file.topology) for file in ADK],
    )


def probed(catalog: Catalog, deposit: Deposit) -> str:
    """Let all bytes of a draft arrive and the probes begin; return its id."""
    for upload, file in zip(deposit.uploads, ADK, strict=True):
        catalog.deposits.received(upload.id, file.digest)
    assert catalog.deposits.probing(deposit.id)
    return deposit.id


def record(catalog: Catalog, who: Principal, *, files: Sequence[AcceptedFile] = ADK, **how: object) -> RecordVersion:
    """Deposit a record, or a new version of one."""
    return catalog.deposits.accept(probed(catalog, draft(catalog, who, **how)), files)  # type: ignore[arg-type]  # fields may be left out


def named(version: RecordVersion) -> RecordName:
    """Name of the record, without the version."""
    return RecordName(version.accession, None, None)


def publish(catalog: Catalog, version: RecordVersion, *, embargo_until: float | None = None) -> RecordVersion:
    """Let its owner publish a version."""
    name = RecordName(version.accession, None, version.number)
    return catalog.lifecycle.publish(name, owner_of(catalog, version), licence="CC-BY-4.0", embargo_until=embargo_until)


def withdraw(catalog: Catalog, version: RecordVersion, reason: str = "the box was wrong") -> RecordVersion:
    """Let its owner withdraw a version."""
    name = RecordName(version.accession, None, version.number)
    return catalog.lifecycle.withdraw(name, owner_of(catalog, version), reason)


def owner_of(catalog: Catalog, version: RecordVersion) -> str:
    """Id of the owner of a version."""
    owner = catalog.people.principal(version.owner)
    assert owner is not None
    return owner.id


def method(
    version: str = "1.0.0", *, name: str = "rmsd", content: bytes = b"bundle", key: str = "k1", reviewer: str = "bob"
) -> SignedMethod:
    """Make a method with one approval; its signature is of no concern here."""
    digest = content.hex().ljust(64, "0")
    statement = ReviewStatement(name, version, digest, "5" * 64, "mdanalysis", "e" * 64, "ada", reviewer, 2**33)
    return SignedMethod(content, (Approval(statement, key, b"\x00\xff" * 32),))


def result(key: str = "key", *, site: str = "site-a", blob: str = "blob") -> StoredResult:
    """Make a row of the index of results."""
    return StoredResult(key, site, blob, 2**40, 0.25, 1_700_000_000.125, "hot")
