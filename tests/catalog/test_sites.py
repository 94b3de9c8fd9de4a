"""Sites, and the settings that they share."""

import math

import pytest

from fomrepo.catalog import Catalog
from fomrepo.errors import ArgumentError, ConflictError, NotFoundError
from fomrepo.model.placement import SiteLoad
from fomrepo.model.sites import SiteEntry


def announce(catalog: Catalog, name: str = "site-a", address: str = "host:1") -> None:
    catalog.sites.announce(name, address=address, peer_address="host:2", certificate_digest="digest")


def beat(catalog: Catalog, now: float, name: str = "site-a") -> None:
    catalog.sites.heartbeat(name, now=now, running=1, waiting=2, slots=4, wall="FULL", environments=["e2", "e1"])


def test_a_site_is_down_until_its_first_heartbeat(catalog: Catalog) -> None:
    announce(catalog)
    load = SiteLoad("site-a", 0, 0, 0, age_s=math.inf, silent_s=math.inf)
    (entry,) = catalog.sites.all(1000.0)
    assert entry == SiteEntry("site-a", "host:1", "host:2", "UNKNOWN", load)
    assert not entry.up


def test_a_heartbeat_tells_the_load_and_its_age(catalog: Catalog) -> None:
    announce(catalog)
    beat(catalog, 1000.25)
    load = SiteLoad("site-a", 1, 2, 4, age_s=0.5, silent_s=0.5, environments=frozenset({"e1", "e2"}))
    assert catalog.sites.all(1000.75) == (SiteEntry("site-a", "host:1", "host:2", "FULL", load),)


def test_a_clock_that_is_behind_gives_no_negative_age(catalog: Catalog) -> None:
    announce(catalog)
    beat(catalog, 1000.0)
    assert catalog.sites.all(999.0)[0].load.silent_s == 0.0


def test_a_site_that_moved_is_listed_once(catalog: Catalog) -> None:
    announce(catalog, "site-b")
    announce(catalog)
    beat(catalog, 1000.0)
    announce(catalog, address="host:9")
    assert [(one.name, one.address, one.up) for one in catalog.sites.all(1000.0)] == [
        ("site-a", "host:9", True),
        ("site-b", "host:1", False),
    ]
    assert catalog.sites.certificate_digest("site-a") == "digest"
    assert catalog.sites.certificate_digest("site-c") is None


def test_a_site_that_left_is_down_at_once(catalog: Catalog) -> None:
    announce(catalog)
    beat(catalog, 1000.0)
    catalog.sites.leave("site-a")
    assert [(one.name, one.up) for one in catalog.sites.all(1000.0)] == [("site-a", False)]


def test_a_site_that_was_not_announced_has_no_heartbeat(catalog: Catalog) -> None:
    beat(catalog, 1000.0)
    assert catalog.sites.all(1000.0) == ()


def test_a_site_has_a_name_that_can_be_written(catalog: Catalog) -> None:
    with pytest.raises(ArgumentError, match="site"):
        announce(catalog, "Site A")


def test_the_last_value_of_a_setting_counts(catalog: Catalog) -> None:
    assert catalog.federation.get("name") is None
    catalog.federation.set("name", "one")
    catalog.federation.set("name", "two")
    assert catalog.federation.get("name") == "two"


def test_a_name_belongs_to_one_certificate(catalog: Catalog) -> None:
    announce(catalog)
    with pytest.raises(ConflictError, match="another site named 'site-a'"):
        catalog.sites.announce("site-a", address="host:7", peer_address="host:8", certificate_digest="another")
    assert catalog.sites.all(1.0)[0].address != "host:7"


def test_a_renewed_certificate_takes_the_place_of_the_old_one(catalog: Catalog) -> None:
    announce(catalog)
    catalog.sites.renew("site-a", certificate_digest="another")
    catalog.sites.announce("site-a", address="host:7", peer_address="host:8", certificate_digest="another")
    assert catalog.sites.all(1.0)[0].address == "host:7"
    with pytest.raises(ConflictError, match=r"secrets/site\.pem"):
        announce(catalog)
    with pytest.raises(NotFoundError, match="there is no site site-c"):
        catalog.sites.renew("site-c", certificate_digest="another")
