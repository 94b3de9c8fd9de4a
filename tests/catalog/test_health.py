"""Health of published methods."""

import dataclasses

import pytest

from fomrepo.catalog import Catalog
from fomrepo.errors import NotFoundError
from fomrepo.model.health import MESSAGE_LIMIT, MethodHealth, badge
from tests.catalog.examples import method

DIGEST = method().bundle_digest
GOOD = MethodHealth("rmsd", "1.0.0", "site-a", "e" * 64, True, "", 1_700_000_000.125)
BAD = dataclasses.replace(GOOD, site="site-b", ok=False, message="tests/first.toml: off by 1")


def test_each_site_has_its_last_verdict(catalog: Catalog) -> None:
    catalog.methods.publish(method(), "{}")
    for found in (dataclasses.replace(BAD, site="site-a"), BAD, GOOD):
        catalog.health.note(found, bundle_digest=DIGEST)
    assert catalog.health.all() == (GOOD, BAD)


def test_a_long_message_is_cut(catalog: Catalog) -> None:
    catalog.methods.publish(method(), "{}")
    catalog.health.note(dataclasses.replace(BAD, message="x" * (MESSAGE_LIMIT + 1)), bundle_digest=DIGEST)
    assert catalog.health.all()[0].message == "x" * MESSAGE_LIMIT


def test_only_what_is_published_has_a_health(catalog: Catalog) -> None:
    catalog.methods.publish(method(), "{}")
    with pytest.raises(NotFoundError, match=r"rmsd 1\.0\.0 is not the method that was checked"):
        catalog.health.note(GOOD, bundle_digest="0" * 64)
    assert catalog.health.all() == ()


def test_a_badge_is_a_word_or_two() -> None:
    assert badge([]) == ""
    assert badge([GOOD]) == "healthy"
    assert badge([GOOD, BAD]) == "fails at site-b"
