"""The registry of methods."""

import pytest

from fomrepo.catalog import Catalog
from fomrepo.catalog import methods as registry
from fomrepo.errors import ConflictError
from fomrepo.model.operations import MethodRef
from tests.catalog.examples import method


def test_published_methods_come_back_as_they_were_signed(catalog: Catalog) -> None:
    catalog.methods.publish(method(), '{"name":"rmsd"}')
    assert catalog.methods.published() == (1, ((method(), '{"name":"rmsd"}'),))


def test_the_newest_version_is_newest_by_number(catalog: Catalog) -> None:
    for version in ("1.9.3", "1.10.0", "1.2.0"):
        catalog.methods.publish(method(version), "{}")
    assert catalog.methods.find(MethodRef("rmsd")) == method("1.10.0")
    assert catalog.methods.find(MethodRef("rmsd", "1.9.3")) == method("1.9.3")
    assert catalog.methods.find(MethodRef("rmsd", "1.9.4")) is None
    assert catalog.methods.find(MethodRef("rmsf")) is None
    assert [one.statement.version for one, _ in catalog.methods.published()[1]] == ["1.2.0", "1.9.3", "1.10.0"]


def test_publishing_the_same_bundle_again_changes_nothing(catalog: Catalog) -> None:
    assert catalog.methods.snapshot() == 0
    for _ in range(2):
        catalog.methods.publish(method(), "{}")
        assert catalog.methods.snapshot() == 1


def test_a_published_version_is_immutable(catalog: Catalog) -> None:
    catalog.methods.publish(method(), "{}")
    with pytest.raises(ConflictError, match=r"rmsd 1\.0\.0"):
        catalog.methods.publish(method(content=b"other"), "{}")
    assert catalog.methods.find(MethodRef("rmsd")) == method()


def test_only_so_many_methods_are_kept_in_memory(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "KEPT_METHODS", 2)
    versions = [f"1.0.{n}" for n in range(5)]
    for version in versions:
        catalog.methods.publish(method(version), "{}")
        assert catalog.methods.find(MethodRef("rmsd", version)) == method(version)
    assert len(catalog.methods._kept) <= 2
