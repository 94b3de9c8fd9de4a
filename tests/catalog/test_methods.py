"""The registry of methods."""

import dataclasses

import pytest

from fomrepo.catalog import Catalog
from fomrepo.catalog.tables import approvals
from fomrepo.errors import ConflictError, MethodNotTrustedError
from fomrepo.model.statements import Verdict, VerdictStatement
from tests.catalog.examples import method


def verdict(version: str = "1.0.0", *, state: str = "revoked", digest: str = "") -> Verdict:
    published = method(version)
    statement = VerdictStatement(
        published.name, published.version, digest or published.bundle_digest, state, "it is wrong", "bob", 2**33
    )
    return Verdict(statement, "k1", b"\x00\xff" * 32)


def test_published_methods_come_back_as_they_were_signed(catalog: Catalog) -> None:
    catalog.methods.publish(method(), "{}")
    (row,) = catalog.methods.published()
    assert (row.name, row.version, row.size) == ("rmsd", "1.0.0", 6)
    assert row.approvals == method().approvals
    assert catalog.methods.bundle(row.id) == b"bundle"
    assert catalog.methods.bundle("another") is None


def test_methods_are_listed_by_name_oldest_version_first(catalog: Catalog) -> None:
    for version in ("1.9.3", "1.10.0", "1.2.0"):
        catalog.methods.publish(method(version), "{}")
    catalog.methods.publish(method(name="box"), "{}")
    found = [(one.name, one.version) for one in catalog.methods.published()]
    assert found == [("box", "1.0.0"), ("rmsd", "1.2.0"), ("rmsd", "1.9.3"), ("rmsd", "1.10.0")]


def test_publishing_the_same_bundle_again_changes_nothing(catalog: Catalog) -> None:
    before = catalog.methods.changes()
    for _ in range(2):
        catalog.methods.publish(method(), "{}")
        assert catalog.methods.changes() == before + 1


def test_a_further_approval_of_the_same_bundle_is_added(catalog: Catalog) -> None:
    catalog.methods.publish(method(), "{}")
    before = catalog.methods.changes()
    catalog.methods.publish(method(key="k2", reviewer="cyd"), "{}")
    assert catalog.methods.changes() == before + 1
    assert [one.statement.reviewer for one in catalog.methods.published()[0].approvals] == ["bob", "cyd"]


def test_a_published_version_is_immutable(catalog: Catalog) -> None:
    catalog.methods.publish(method(), "{}")
    with pytest.raises(ConflictError, match=r"rmsd 1\.0\.0"):
        catalog.methods.publish(method(content=b"other"), "{}")
    (row,) = catalog.methods.published()
    assert catalog.methods.bundle(row.id) == b"bundle"


def test_an_approval_that_cannot_be_read_counts_for_nothing(catalog: Catalog) -> None:
    catalog.methods.publish(method(), "{}")
    for spoilt in (b"", b"[]", b"{}", b"\xff", b"[" * 5000, method().approvals[0].statement.to_bytes() + b" "):
        catalog._database.write(lambda c, it=spoilt: c.execute(approvals.update().values(statement=it)))
        assert catalog.methods.published()[0].approvals == ()


def test_a_verdict_comes_back_as_it_was_signed(catalog: Catalog) -> None:
    catalog.methods.publish(method(), "{}")
    before = catalog.methods.changes()
    assert catalog.methods.judge(verdict())
    assert not catalog.methods.judge(verdict())
    assert catalog.methods.changes() == before + 1
    assert catalog.methods.judge(verdict(state="deprecated"))
    assert set(catalog.methods.verdicts()) == {verdict(), verdict(state="deprecated")}


def test_a_verdict_on_another_bundle_is_refused(catalog: Catalog) -> None:
    catalog.methods.publish(method(), "{}")
    for wrong in (verdict("2.0.0"), verdict(digest="a" * 64)):
        with pytest.raises(MethodNotTrustedError):
            catalog.methods.judge(wrong)
    assert catalog.methods.verdicts() == ()
    assert dataclasses.replace(verdict(), key_id="k2") != verdict()
