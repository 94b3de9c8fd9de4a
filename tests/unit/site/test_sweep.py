"""What the sweep of the vault collects, and what it leaves, whatever the clock says."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fomrepo.catalog import Catalog, open_catalog, upgrade_catalog
from fomrepo.errors import ConflictError
from fomrepo.model.canonical import sha256_hex
from fomrepo.model.deposits import Deposit
from fomrepo.model.people import Principal
from fomrepo.site.sweep import DAY_S, Undecided, VaultSweep
from fomrepo.vault.objects import ObjectStore
from tests.catalog.examples import draft

DAYS = 3.0


class Place:
    """A site as far as a sweep needs one."""

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        self.vault, self.catalog = ObjectStore(folder / "vault"), catalog
        self.uploads, self.objects = Undecided(), Undecided()
        site: Any = SimpleNamespace(
            name="site-a", settings=SimpleNamespace(draft_days=DAYS), vault=self.vault, catalog=catalog
        )
        self.sweep = VaultSweep(site, self.uploads, self.objects)

    def part(self, name: str, *, age_days: float = 0.0) -> Path:
        path = self.vault.incoming_path(name)
        path.write_bytes(b"bytes")
        return aged(path, age_days)

    def stored(self, content: bytes, *, age_days: float) -> str:
        digest = sha256_hex(content)
        path = self.vault.incoming_path("object")
        path.write_bytes(content)
        self.vault.keep(path, digest)
        aged(self.vault.path(digest), age_days)
        return digest


def aged(path: Path, days: float) -> Path:
    then = time.time() - days * DAY_S
    os.utime(path, (then, then))
    return path


@pytest.fixture(autouse=True)
def _only_content_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files have the age that a test gives them: nobody can set the time of the last change of an inode."""
    really_stat = Path.stat

    def stat(self: Path, **how: Any) -> Any:
        found = really_stat(self, **how)
        return SimpleNamespace(
            **{name: getattr(found, name) for name in dir(found) if name.startswith("st_")} | {"st_ctime": 0.0}
        )

    monkeypatch.setattr(Path, "stat", stat)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    upgrade_catalog(url)
    catalog = open_catalog(url)
    yield Place(tmp_path, catalog)
    catalog.close()


@pytest.fixture
def ada(place: Place) -> Principal:
    return place.catalog.people.add_principal("ada")


def digests(place: Place, ada: Principal, deposit: Deposit) -> list[str | None]:
    found = place.catalog.deposits.get(deposit.id, ada.id)
    assert found is not None
    return [upload.digest for upload in found.uploads]


def test_bytes_of_drafts_that_nobody_continues_go_and_the_draft_stays(place: Place, ada: Principal) -> None:
    deposit = draft(place.catalog, ada)
    old, young = deposit.uploads
    for upload in deposit.uploads:
        place.catalog.deposits.received(upload.id, "a" * 64)
    parts = [
        place.part(f"{upload.id}.part", age_days=days) for upload, days in ((old, DAYS + 0.1), (young, DAYS - 0.1))
    ]
    place.sweep.once()
    assert [path.exists() for path in parts] == [False, True]
    assert digests(place, ada, deposit) == [None, "a" * 64]


def test_what_comes_in_just_now_stays_whatever_its_age(place: Place, ada: Principal) -> None:
    upload = draft(place.catalog, ada).uploads[0]
    path = place.part(f"{upload.id}.part", age_days=100)
    with place.uploads.alone(upload.id, ConflictError("busy")):
        place.sweep.once()
        assert path.exists()
        with pytest.raises(ConflictError, match="busy"), place.uploads.alone(upload.id, ConflictError("busy")):
            pass
    place.sweep.once()
    assert not path.exists()


def test_a_clock_that_was_set_back_deletes_nothing(place: Place, ada: Principal) -> None:
    upload = draft(place.catalog, ada).uploads[0]
    path, digest = place.part(f"{upload.id}.part", age_days=-400), place.stored(b"object", age_days=-400)
    place.sweep.once()
    assert path.exists()
    assert place.vault.path(digest).exists()


def test_what_is_left_of_ended_deposits_goes_at_once(place: Place, ada: Principal) -> None:
    deposit = draft(place.catalog, ada)
    names = [f"{deposit.uploads[0].id}{suffix}" for suffix in (".part", ".tag.report", ".tag.new", ".offsets")]
    paths = [place.part(name) for name in names]
    place.sweep.once()
    assert all(path.exists() for path in paths)
    place.catalog.deposits.abandon(deposit.id)
    replica = place.part("digest.replica")
    place.sweep.once()
    assert not any(path.exists() for path in paths)
    assert replica.exists()  # a copy on its way is somebody else's business


def test_objects_without_a_row_go_when_they_are_old(place: Place) -> None:
    old, young, known = (
        place.stored(content, age_days=days)
        for content, days in ((b"old", DAYS + 1), (b"young", DAYS - 1), (b"known", DAYS + 1))
    )
    place.catalog.replicas.begin("site-a", known)
    with place.objects.together([old]):
        place.sweep.once()
        assert place.vault.path(old).exists()  # somebody is about to give it a row
    place.sweep.once()
    assert [place.vault.path(one).exists() for one in (old, young, known)] == [False, True, True]


def test_objects_that_an_open_deposit_waits_for_stay(place: Place, ada: Principal) -> None:
    deposit = draft(place.catalog, ada)
    digest = place.stored(b"stored before a kill", age_days=DAYS + 1)
    place.catalog.deposits.received(deposit.uploads[0].id, digest)
    place.sweep.once()
    assert place.vault.path(digest).exists()
