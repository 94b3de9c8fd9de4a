"""Identities at providers, and what they are given."""

import time

import pytest

from fomrepo.catalog import Catalog
from fomrepo.catalog.identities import IDENTITIES_OF_ONE
from fomrepo.errors import ArgumentError, ConflictError, NotAuthenticatedError, NotFoundError
from fomrepo.model.people import Principal

ISSUER = "https://orcid.org"


def log_in(catalog: Catalog, proof: str, handle: str, subject: str = "1") -> Principal:
    expires = time.time() + 600
    return catalog.identities.log_in(
        ISSUER, subject, proof, label="orcid.org, browser", handle=handle, sha256=f"digest of {handle}", expires=expires
    )


def is_good(catalog: Catalog, handle: str) -> bool:
    return catalog.people.authenticate(handle, f"digest of {handle}", time.time()) is not None


def test_a_proof_is_good_for_one_token(catalog: Catalog) -> None:
    ada = catalog.people.add_principal("ada")
    catalog.identities.link("ada", ISSUER, "1")
    assert log_in(catalog, "proof", "first") == ada
    with pytest.raises(NotAuthenticatedError):
        log_in(catalog, "proof", "second")
    with pytest.raises(NotAuthenticatedError):
        catalog.identities.link_own(ada.id, ISSUER, "2", "proof")
    assert [one.handle for one in catalog.people.tokens("ada")] == ["first"]
    assert [one.subject for one in catalog.identities.linked("ada")] == ["1"]


def test_unlinking_takes_the_tokens_of_that_identity_alone(catalog: Catalog) -> None:
    ada, bob = catalog.people.add_principal("ada"), catalog.people.add_principal("bob")
    catalog.identities.link("ada", ISSUER, "1")
    catalog.identities.link_own(ada.id, ISSUER, "2", "proof of 2")
    log_in(catalog, "a", "by-1")
    log_in(catalog, "b", "by-2", subject="2")
    catalog.people.add_token("ada", label="laptop", handle="own", sha256="digest of own", expires=None)
    with pytest.raises(NotFoundError):
        catalog.identities.unlink(ISSUER, "1", bob.id)
    catalog.identities.unlink(ISSUER, "1", ada.id)
    assert [is_good(catalog, one) for one in ("by-1", "by-2", "own")] == [False, True, True]
    assert (catalog.identities.log_out("by-2"), catalog.identities.log_out("own")) == (True, False)
    assert [is_good(catalog, one) for one in ("by-2", "own")] == [False, True]
    with pytest.raises(NotFoundError, match="no account here"):
        log_in(catalog, "c", "again")


def test_an_identity_has_one_account_and_an_account_a_few(catalog: Catalog) -> None:
    catalog.people.add_principal("ada")
    catalog.people.add_principal("bob")
    for number in range(IDENTITIES_OF_ONE):
        catalog.identities.link("ada", ISSUER, str(number))
    catalog.identities.link("ada", ISSUER, "0")  # which it is already
    with pytest.raises(ConflictError, match="another account"):
        catalog.identities.link("bob", ISSUER, "0")
    with pytest.raises(ConflictError, match="16 identities"):
        catalog.identities.link("ada", ISSUER, "more")
    with pytest.raises(NotFoundError, match="no user"):
        catalog.identities.link("eve", ISSUER, "more")
    for issuer, subject in (("orcid.org", "1"), ("http://orcid.org", "1"), (ISSUER, ""), (ISSUER, "a\nb")):
        with pytest.raises(ArgumentError):
            catalog.identities.link("bob", issuer, subject)


def test_what_somebody_pastes_runs_nothing(catalog: Catalog) -> None:
    with pytest.raises(NotFoundError) as caught:
        log_in(catalog, "proof", "handle", subject="$(reboot)")
    assert caught.value.remedy is not None
    assert caught.value.remedy.endswith("--subject '$(reboot)' --home HOME")
