"""Principals, tokens and projects."""

import pytest

from fomrepo.catalog import Catalog
from fomrepo.errors import ArgumentError, ConflictError, NotFoundError
from fomrepo.model.people import Project, Token


def test_a_principal_gets_a_project_of_the_same_name(catalog: Catalog) -> None:
    ada = catalog.people.add_principal("ada")
    (project,) = catalog.people.projects_of(ada.id)
    assert project == Project(project.id, "ada", ("ada",))


def test_a_principal_is_found_by_name_and_by_id(catalog: Catalog) -> None:
    ada = catalog.people.add_principal("ada")
    assert catalog.people.principal("ada") == ada
    assert catalog.people.principal_by_id(ada.id) == ada
    assert catalog.people.principal("eve") is None
    assert catalog.people.principal_by_id("no-such-id") is None


def test_a_name_is_given_to_one_principal(catalog: Catalog) -> None:
    catalog.people.add_principal("ada")
    with pytest.raises(ConflictError, match="'ada'"):
        catalog.people.add_principal("ada")


def test_a_principal_whose_project_would_clash_is_not_added(catalog: Catalog) -> None:
    catalog.people.add_project("enzymes", members=[])
    with pytest.raises(ConflictError, match="project 'enzymes'"):
        catalog.people.add_principal("enzymes")
    assert catalog.people.principal("enzymes") is None


def test_a_name_that_is_no_slug_is_refused(catalog: Catalog) -> None:
    with pytest.raises(ArgumentError):
        catalog.people.add_principal("../ada")


@pytest.mark.parametrize(
    ("sha256", "expires", "revoked", "accepted"),
    [
        ("digest", None, None, True),
        ("digest", 1000.5, None, True),
        ("digest", 1000.0, None, False),
        ("digest", None, 999.0, False),
        ("another digest", None, None, False),
        ("", None, None, False),
    ],
)
def test_a_token_is_accepted_if_whole_and_in_time(
    catalog: Catalog, sha256: str, expires: float | None, revoked: float | None, accepted: bool
) -> None:
    ada = catalog.people.add_principal("ada")
    catalog.people.add_token("ada", label="laptop", handle="handle", sha256="digest", expires=expires)
    if revoked is not None:
        catalog.people.revoke_token("handle", revoked)
    assert catalog.people.authenticate("handle", sha256, 1000.0) == (ada if accepted else None)


def test_an_unknown_handle_is_nobody(catalog: Catalog) -> None:
    assert catalog.people.authenticate("handle", "", 0.0) is None


def test_tokens_are_listed_oldest_first(catalog: Catalog) -> None:
    for name in ("ada", "bob"):
        catalog.people.add_principal(name)
        catalog.people.add_token(name, label=f"of {name}", handle=f"h-{name}", sha256="digest", expires=7.5)
    ada_s, bob_s = (Token(f"h-{name}", "digest", name, f"of {name}", 7.5, None) for name in ("ada", "bob"))
    assert catalog.people.tokens(None) == (ada_s, bob_s)
    assert catalog.people.tokens("bob") == (bob_s,)


def test_the_first_revocation_counts(catalog: Catalog) -> None:
    catalog.people.add_principal("ada")
    catalog.people.add_token("ada", label="", handle="handle", sha256="digest", expires=None)
    catalog.people.revoke_token("handle", 10.0)
    catalog.people.revoke_token("handle", 20.0)
    assert catalog.people.tokens("ada")[0].revoked == 10.0


def test_revoking_a_token_that_does_not_exist_says_so(catalog: Catalog) -> None:
    with pytest.raises(NotFoundError, match="'handle'"):
        catalog.people.revoke_token("handle", 10.0)


def test_a_token_for_nobody_is_refused(catalog: Catalog) -> None:
    with pytest.raises(NotFoundError, match="fomrepo user add eve"):
        catalog.people.add_token("eve", label="", handle="handle", sha256="digest", expires=None)


def test_members_come_and_go(catalog: Catalog) -> None:
    catalog.people.add_principal("ada")
    bob = catalog.people.add_principal("bob")
    project = catalog.people.add_project("enzymes", members=["bob", "ada", "bob"])
    assert project.members == ("ada", "bob")
    assert catalog.people.project("enzymes") == project
    catalog.people.remove_member("enzymes", "ada")
    catalog.people.remove_member("enzymes", "ada")
    assert catalog.people.project("enzymes") == Project(project.id, "enzymes", ("bob",))
    catalog.people.add_member("enzymes", "ada")
    catalog.people.add_member("enzymes", "ada")
    assert catalog.people.project("enzymes") == project
    assert [one.name for one in catalog.people.projects_of(bob.id)] == ["bob", "enzymes"]
    assert [one.name for one in catalog.people.projects()] == ["ada", "bob", "enzymes"]


def test_a_project_without_members_is_listed(catalog: Catalog) -> None:
    project = catalog.people.add_project("enzymes", members=[])
    assert catalog.people.projects() == (project,)


def test_a_project_with_an_unknown_member_is_not_added(catalog: Catalog) -> None:
    with pytest.raises(NotFoundError, match="'eve'"):
        catalog.people.add_project("enzymes", members=["eve"])
    assert catalog.people.project("enzymes") is None


def test_an_unknown_project_takes_no_members(catalog: Catalog) -> None:
    catalog.people.add_principal("ada")
    with pytest.raises(NotFoundError, match="'enzymes'"):
        catalog.people.add_member("enzymes", "ada")


def test_one_revokes_ones_own_tokens_and_no_others(catalog: Catalog) -> None:
    ada, bob = (catalog.people.add_principal(name) for name in ("ada", "bob"))
    catalog.people.add_token("ada", label="laptop", handle="h", sha256="digest", expires=None)
    with pytest.raises(NotFoundError, match="you have no token 'h'"):
        catalog.people.revoke_own_token(bob, "h", 2.0)
    catalog.people.revoke_own_token(ada, "h", 3.0)
    catalog.people.revoke_own_token(ada, "h", 4.0)
    assert [(one.handle, one.revoked) for one in catalog.people.tokens("ada")] == [("h", 3.0)]
    assert [(one.actor, one.subject) for one in catalog.audit.all() if one.action == "token revoked"] == [
        ("ada", "ada")
    ]
