"""What sites sign about the audit log, and what shows that it was tampered with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fomrepo.model.audit import AuditSeal
from fomrepo.site.administration import Administration, open_administration
from fomrepo.site.audit_seal import AuditSealer
from fomrepo.site.certificates import new_authority, new_site_certificate
from fomrepo.site.founding import init_site


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the home of a founder's site, whose founding is in the log."""
    return init_site(tmp_path_factory.mktemp("site") / "a", name="site-a").folder


@pytest.fixture
def administration(home: Path) -> Iterator[Administration]:
    with open_administration(home) as opened:
        yield opened


def sealed(administration: Administration) -> AuditSeal:
    """Let the site seal the log as it is now."""
    home = administration.home
    key, certificate = home.read_secret("site.key"), home.read_secret("site.pem")
    AuditSealer("site-a", key, certificate, home.audit_seal).seal_now_and_then(administration.catalog)
    return administration.catalog.audit.seals()[-1]


def faults(administration: Administration) -> list[str]:
    return [one.what for one in administration.audit_faults()]


def test_a_seal_is_of_the_newest_entry(administration: Administration) -> None:
    administration.catalog.people.add_principal("ada")
    seal = sealed(administration)
    assert (seal.number, seal.digest) == administration.catalog.audit.head()
    assert faults(administration) == []


def test_seals_are_made_now_and_then(administration: Administration) -> None:
    home = administration.home
    key, certificate = home.read_secret("site.key"), home.read_secret("site.pem")
    sealer = AuditSealer("site-a", key, certificate, home.audit_seal)
    sealer.seal_now_and_then(administration.catalog)
    known = administration.catalog.audit.seals()
    administration.catalog.people.add_principal("bob")
    sealer.seal_now_and_then(administration.catalog)
    assert administration.catalog.audit.seals() == known


def test_a_forged_seal_is_named_and_counts_for_nothing(administration: Administration) -> None:
    true = sealed(administration)
    stranger = new_site_certificate(new_authority("another"), "site-b", ["localhost"])
    forged = [
        replace(true, site="site-c"),  # another name than that of the certificate
        replace(true, number=1, digest="f" * 64),  # another content than what was signed
        replace(true, site="site-b", certificate=stranger.certificate),  # of another federation
        replace(true, site="site-d", certificate=b"nonsense"),
    ]
    for one in forged:
        administration.catalog.audit.seal(one)
    said = sorted(f"the seal of {one.site} on entry {one.number} is not signed by that site" for one in forged)
    assert sorted(faults(administration)) == said


def test_what_a_site_has_seen_itself_cannot_be_rewritten_in_the_catalog(tmp_path: Path) -> None:
    with open_administration(init_site(tmp_path / "a", name="site-a").folder) as administration:
        seal = sealed(administration)
        kept = administration.home.audit_seal
        kept.write_text(kept.read_text().replace(seal.digest, "e" * 64))
        assert faults(administration) == [
            f"entry {seal.number} is not the one that this site, by its own copy, has sealed"
        ]
        kept.write_text("{")
        assert faults(administration) == [f"{kept}, this site's own copy of its last seal, cannot be read"]
