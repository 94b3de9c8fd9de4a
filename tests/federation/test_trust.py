"""Code is trusted by signatures, never by rows: whoever writes to the catalog makes no site run anything."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from fomrepo.catalog import Catalog, open_catalog
from fomrepo.catalog.tables import approvals, methods, registry
from fomrepo.errors import MethodNotTrustedError, NotFoundError
from fomrepo.model.bundle import pack_files, read_bundle, unpack_files
from fomrepo.model.canonical import canonical_json, new_id
from fomrepo.model.operations import MethodRef
from fomrepo.model.statements import ReviewStatement, SignedMethod
from fomrepo.site.administration import read_folder
from fomrepo.site.founding import init_site
from fomrepo.site.registry import Registry, SigningKeys
from fomrepo.site.settings import SiteHome
from fomrepo.site.trust import approve, new_key
from fomrepo.site.trust_home import trusted_list
from fomrepo.testing import LocalFederation
from tests.federation.methods import draft
from tests.federation.raw import call_request, error_of, raw_client
from tests.federation.records import TRAJECTORY, deposit_adk


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> SiteHome:
    """Return the home of a site that never runs."""
    return init_site(tmp_path_factory.mktemp("founded") / "site-a", name="site-a")


class Tampered:
    """A catalog of which an attacker has a copy to write in, and the registry of a site that reads it."""

    def __init__(self, catalog: Catalog, home: SiteHome, folder: Path) -> None:
        self.catalog = catalog
        self._home, self._folder = home, folder

    def site(self) -> Registry:
        """Registry of a site that has just started, and signs leases as all sites do."""
        trusted = trusted_list(self._home, self.catalog, folder=self._folder / "trust")
        keys = SigningKeys(lease=self._home.read_secret("lease.key"))
        return Registry(self.catalog, trusted, self._folder / "bundles", keys)

    def write(self, statement: Any) -> None:
        """Write whatever one likes, and let all sites read the methods again."""
        self.catalog._database.write(lambda connection: connection.execute(statement))
        bump = update(registry).values(snapshot=registry.c.snapshot + 1)
        self.catalog._database.write(lambda connection: connection.execute(bump))

    def row(self, name: str = "rmsd") -> dict[str, Any]:
        """Row of a method."""
        wanted = select(methods).where(methods.c.name == name)
        return dict(self.catalog._database.read(lambda connection: connection.execute(wanted).one())._mapping)


@pytest.fixture
def tampered(founded: SiteHome, tmp_path: Path) -> Iterator[Tampered]:
    shutil.copytree(founded.folder / "catalog", tmp_path / "catalog")
    (tmp_path / "bundles").mkdir()
    with open_catalog(f"sqlite:///{tmp_path}/catalog/catalog.db") as catalog:
        yield Tampered(catalog, founded, tmp_path)


def with_other_code(bundle: bytes) -> bytes:
    """The bundle with one more line in its code."""
    files = dict(unpack_files(bundle))
    files["rmsd.py"] += b"\nimport os\n"
    return pack_files(files)


Row = dict[str, Any]

CHANGES: dict[str, Callable[[Row], Row]] = {
    "other code": lambda row: {"bundle": with_other_code(row["bundle"])},
    "other code, and its digest": lambda row: {
        "bundle": with_other_code(row["bundle"]),
        "bundle_digest": read_bundle(unpack_files(with_other_code(row["bundle"]))).digest,
    },
    "no bundle": lambda row: {"bundle": b""},
    "another version": lambda row: {"version": "9.0.0", "rank": "0000000009.0000000000.0000000000"},
    "another name": lambda row: {"name": "rmsdx"},
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_row_that_was_changed_is_not_trusted(tampered: Tampered, what: str) -> None:
    row = tampered.row()
    changed = CHANGES[what](row)
    tampered.write(update(methods).where(methods.c.id == row["id"]).values(**changed))
    site = tampered.site()
    names = [name for name, _ in site.snapshot().methods]
    assert "rmsd" not in names
    assert "rmsdx" not in names
    assert "rmsf" in names  # the others are as they were
    for version in (None, changed.get("version", row["version"])):
        with pytest.raises(MethodNotTrustedError):
            site.find(MethodRef(changed.get("name", "rmsd"), version))


SIGNED_CHANGES: dict[str, Callable[[Row], Row]] = {
    "a flipped bit of the signature": lambda row: {
        "signature": bytes([row["signature"][0] ^ 1]) + row["signature"][1:]
    },
    "no signature": lambda row: {"signature": b""},
    "another key": lambda row: {"key_id": "0" * 64},
    "another reviewer": lambda row: {"statement": row["statement"].replace(b"built-in", b"build-in")},
    "another version": lambda row: {"statement": row["statement"].replace(b'"version":"1', b'"version":"9')},
}


@pytest.mark.parametrize("what", SIGNED_CHANGES)
def test_an_approval_that_was_changed_does_not_count(tampered: Tampered, what: str) -> None:
    mine = approvals.c.method_id == tampered.row()["id"]
    wanted = select(approvals).where(mine)
    row = dict(tampered.catalog._database.read(lambda connection: connection.execute(wanted).one())._mapping)
    changed = SIGNED_CHANGES[what](row)
    assert changed.items() - row.items()
    tampered.write(update(approvals).where(mine).values(**changed))
    site = tampered.site()
    assert ("rmsd", "1.0.0") not in site.snapshot().methods
    with pytest.raises(MethodNotTrustedError, match="0 valid signatures"):
        site.find(MethodRef("rmsd"))


def test_a_site_goes_on_with_what_it_has_verified(tampered: Tampered) -> None:
    site = tampered.site()
    before = site.find(MethodRef("rmsd"))
    row = tampered.row()
    tampered.catalog._database.write(
        lambda c: c.execute(update(methods).where(methods.c.id == row["id"]).values(CHANGES["other code"](row)))
    )
    assert site.find(MethodRef("rmsd")).files == before.files


def test_a_method_that_nobody_approved_is_not_listed(tampered: Tampered, tmp_path: Path) -> None:
    bundle = read_bundle(read_folder(draft(tmp_path / "forged", "return {'n': 1}", name="forged")))
    private, _ = new_key()
    statement = ReviewStatement.about(
        bundle, environment_digest="e" * 64, author="", reviewer="fomrepo built-in methods", signed=1
    )
    signed = SignedMethod(pack_files(bundle.files), (approve(statement, private),))
    tampered.catalog.methods.publish(signed, canonical_json(dict(bundle.schema.source)).decode())
    site = tampered.site()
    assert ("forged", "0.1.0") not in site.snapshot().methods
    with pytest.raises(MethodNotTrustedError, match="a key that is not listed for them"):
        site.find(MethodRef("forged"))


def test_a_copy_of_an_old_row_does_not_come_back_as_the_newest(tampered: Tampered) -> None:
    row = tampered.row() | {"id": new_id(), "version": "2.0.0", "rank": "0000000002.0000000000.0000000000"}
    tampered.write(insert(methods).values(**row))
    site = tampered.site()
    assert site.find(MethodRef("rmsd")).schema.version == "1.0.0"
    with pytest.raises(MethodNotTrustedError):
        site.find(MethodRef("rmsd", "2.0.0"))


def test_what_lies_unpacked_is_compared_before_each_use(tampered: Tampered) -> None:
    site = tampered.site()
    bundle = site.find(MethodRef("rmsd"))
    deeds: tuple[Callable[[Path], object], ...] = (
        lambda folder: (folder / "rmsd.py").write_bytes(b"import os\n"),
        lambda folder: (folder / "rmsd.py").unlink(),
        lambda folder: (folder / "numpy.py").write_text("raise SystemExit"),
    )
    for deed in deeds:
        folder = site.folder_of(bundle)
        (folder / "rmsd.py").chmod(0o644)
        deed(folder)
        again = site.folder_of(bundle)
        assert {str(path.relative_to(again)) for path in again.rglob("*") if path.is_file()} == set(bundle.files)
        assert (again / "rmsd.py").read_bytes() == bundle.files["rmsd.py"]


def test_a_real_site_runs_nothing_that_was_changed(bubblewrap: Path, open_folder: Callable[[], Path]) -> None:
    with LocalFederation(open_folder(), sites=("site-a",)) as federation:
        with federation.connect() as repo:
            record = deposit_adk(repo)
            assert "rmsd" in record[TRAJECTORY].methods
        federation["site-a"].stop()
        with open_catalog(f"sqlite:///{federation.home}/catalog/catalog.db") as catalog:
            change = Tampered(catalog, SiteHome(federation.home), federation.home)
            row = change.row()
            change.write(update(methods).where(methods.c.id == row["id"]).values(CHANGES["other code"](row)))
        federation.start("site-a")
        with federation.connect() as repo:
            traj = repo[record.accession][TRAJECTORY]
            assert "rmsd" not in traj.methods
            with pytest.raises(NotFoundError):
                repo.method("rmsd")
            assert traj.info().n_atoms == 3341
        with raw_client(federation, "site-a", federation.token("alice")) as client:
            error = error_of(client.calls.Call, call_request(record.accession, TRAJECTORY, "rmsd"))
        assert isinstance(error, MethodNotTrustedError)
        assert "rmsd 1.0.0" in error.message
        assert "nothing was run" in str(error.remedy)
