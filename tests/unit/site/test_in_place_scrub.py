"""Which files in place are read again, and when."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fomrepo.errors import CancelledError
from fomrepo.model.files import Guard, Place, Replica, ReplicaState, StatFingerprint
from fomrepo.site import scrub as scrub_module
from fomrepo.site.parts import SiteParts
from fomrepo.site.scrub import DUE_AFTER_S, Scrub

NOW = 1_700_000_000.0


def replica(name: str, state: ReplicaState, age_s: float) -> Replica:
    place = Place(f"/data/{name}", Guard.REHASH, 1000, NOW - age_s)
    return Replica("site-a", name, state, 1, StatFingerprint(1, 1, 1, 1, 1), place)


class Site:
    """As much of a site as a scrub asks."""

    def __init__(self, *replicas: Replica) -> None:
        self.name = "site-a"
        self.settings = SimpleNamespace(scrub_mib_s=1.0)
        self.catalog = SimpleNamespace(replicas=SimpleNamespace(in_place=lambda site: replicas))
        self.on_disk: dict[str, StatFingerprint | None] = {one.digest: one.fingerprint for one in replicas}
        self.copies = SimpleNamespace(fingerprint=lambda one: self.on_disk[one.digest])


def scrub_of(site: Site) -> Scrub:
    return Scrub(cast(SiteParts, cast(Any, site)))


def test_a_good_file_is_due_a_week_after_it_was_read() -> None:
    fresh = replica("fresh", ReplicaState.GOOD, DUE_AFTER_S - 1)
    old = replica("old", ReplicaState.GOOD, DUE_AFTER_S + 1)
    assert scrub_of(Site(old, fresh)).due(NOW) == [old]


def test_a_stale_file_is_due_when_it_has_changed_since_it_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    stale = replica("stale", ReplicaState.STALE, 1.0)
    site = Site(stale)
    scrub = scrub_of(site)
    monkeypatch.setattr(scrub_module, "settle_in_place", lambda *_, **__: stale)
    assert scrub.due(NOW) == [stale]
    scrub.all(lambda _: None)
    assert scrub.due(NOW) == []
    site.on_disk["stale"] = StatFingerprint(1, 1, 1, 1, 2)
    assert scrub.due(NOW) == [stale]
    site.on_disk["stale"] = None
    assert scrub.due(NOW) == []


def test_a_scrub_reads_no_faster_than_it_is_told_and_ends_when_the_site_does(monkeypatch: pytest.MonkeyPatch) -> None:
    good = replica("good", ReplicaState.GOOD, 1.0)

    def settle(*_: object, told: Any, **__: object) -> Replica:
        for done in range(1, 5):
            told(done * 2**20)
        return good

    monkeypatch.setattr(scrub_module, "settle_in_place", settle)
    scrub = scrub_of(Site(good))
    begun = time.monotonic()
    scrub.all(lambda _: None, mib_s=20.0)
    assert 0.19 < time.monotonic() - begun < 5.0
    scrub.close()
    with pytest.raises(CancelledError):
        scrub.all(lambda _: None, mib_s=0.001)
