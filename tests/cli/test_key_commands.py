"""Commands of reviewers and operators about keys, each as a person reads it and as a program does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fomrepo.site.administration import open_administration
from fomrepo.site.founding import init_site
from fomrepo.site.settings import SiteHome
from fomrepo.site.trust_home import ROOT_KEY
from fomrepo.testing import LocalFederation
from tests.cli.conftest import CommandLine

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the homes of two sites that never run."""
    folder = tmp_path_factory.mktemp("founded")
    init_site(folder / "site-a", name="site-a")
    init_site(folder / "site-b", name="site-b", join=folder / "site-a")
    return folder


@pytest.fixture
def homes(founded: Path, tmp_path: Path) -> Path:
    """Return a copy of them of a test's own."""
    shutil.copytree(founded, tmp_path / "homes")
    for name in ("site-a", "site-b"):
        settings = tmp_path / "homes" / name / "site.toml"
        settings.write_text(settings.read_text().replace(str(founded), str(tmp_path / "homes")))
    return tmp_path / "homes"


def published(home: Path, owner: str, public: bytes = b"\x01" * 32) -> str:
    """Publish a key as a site does for its owner; returns its id."""
    with open_administration(home) as administration:
        person = administration.catalog.people.add_principal(owner)
        return administration.catalog.keys.publish(person.id, public, label="laptop")


# --- reviewers --------------------------------------------------------------------------------------------------------


def test_a_key_from_new_to_revoke(run: CommandLine, federation: LocalFederation) -> None:
    made = run("key", "new", "--json").document
    assert set(made) == {"key", "name", "path"}
    assert Path(made["path"]).stat().st_mode & 0o777 == 0o600
    assert run("key", "new", "--json").failure["error"] == "conflict"
    first = run("key", "publish", "--label", "laptop")
    told = f"an operator accepts it: fomrepo key accept {made['key'][:16]} --home HOME"
    assert first.out == f"{made['key']} is published; {told}\n"
    at_home = ("--home", federation.home)
    accepted = run("key", "accept", made["key"][:16], "--institution", "Institute of Ice", *at_home)
    assert accepted.out.startswith(f"{made['key'][:16]} of alice, Institute of Ice, is in root ")

    rotated = run("key", "rotate", "default", "newer", "--json").document
    assert (rotated["state"], rotated["replaces"], rotated["owner"]) == ("published", made["key"], "alice")
    again = run("key", "accept", rotated["key"], "--json", *at_home).document
    assert (again["institution"], again["missing"]) == ("Institute of Ice", 0)
    listed = {one["key"]: one for one in run("key", "list", "--json").documents if one["owner"] == "alice"}
    assert {key: (one["state"], one["name"]) for key, one in listed.items()} == {
        made["key"]: ("retired", "default"),
        rotated["key"]: ("accepted", "newer"),
    }
    assert "Institute of Ice" in run("key", "list").out

    asked = run("key", "revoke", rotated["key"][:16])
    assert "That cannot be taken back" in asked.err
    assert "--yes" in asked.err
    assert run("key", "revoke", rotated["key"][:16], "--yes").out == f"{rotated['key'][:16]} is revoked\n"
    revoked = run("key", "revoke", made["key"], "--operator", "--yes", "--json", *at_home).document
    assert revoked == {"key": made["key"], "state": "revoked", "lost": []}
    states = {one["state"] for one in run("key", "list", "--operator", "--json", *at_home).documents}
    assert states == {"revoked"}


def test_a_key_that_is_not_there_is_named(run: CommandLine) -> None:
    for words in (("key", "publish", "nothing"), ("key", "rotate", "nothing", "newer"), ("key", "revoke", "0000")):
        failure = run(*words, "--json").failure
        assert failure["error"] == "not_found"
        assert "fomrepo key" in failure["remedy"]


def test_a_passphrase_is_asked_for_and_has_to_be_right(alone: CommandLine) -> None:
    made = alone("key", "new", "closed", "--passphrase", "--json", typed="correct horse\ncorrect horse\n")
    assert made.status == 0
    wrong = alone("key", "publish", "closed", "--json", FOMREPO_KEY_PASSPHRASE="wrong")
    assert wrong.failure["error"] == "argument", wrong.err
    silent = alone("key", "publish", "closed")
    assert (silent.status, "FOMREPO_KEY_PASSPHRASE" in silent.err) == (1, True)


# --- operators --------------------------------------------------------------------------------------------------------


def test_only_the_founders_home_accepts_a_key(alone: CommandLine, homes: Path) -> None:
    key = published(homes / "site-a", "rita")
    other = alone("key", "accept", key, "--home", homes / "site-b", "--json").failure
    assert (other["error"], "founded the federation" in other["remedy"]) == ("settings", True)
    assert alone("key", "accept", "ffff", "--home", homes / "site-a", "--json").failure["error"] == "not_found"
    done = alone("key", "accept", key[:16], "--home", homes / "site-a")
    assert done.out.startswith(f"{key[:16]} of rita is in root ")


def test_keys_of_the_root_the_list_and_a_site_are_renewed(alone: CommandLine, homes: Path) -> None:
    founder, other = homes / "site-a", homes / "site-b"
    secrets = SiteHome(founder).secrets
    before = {name: (secrets / name).read_bytes() for name in ("root.key", "list.key", "lease.key")}
    root = alone("key", "renew-root", "--home", founder, "--json").document
    listed = alone("key", "renew-list", "--home", founder, "--json").document
    assert (root["missing"], listed["missing"], listed["root"]) == (0, 0, root["root"] + 1)
    assert all((secrets / name).read_bytes() != content for name, content in before.items())
    public = alone("key", "renew-site", "--home", other).out.strip()
    accepted = alone("key", "accept-site", public, "--home", founder, "--json").document
    assert accepted == {"key": public, "root": listed["root"] + 1, "missing": 0}
    assert alone("key", "accept-site", "xyz", "--home", founder, "--json").failure["error"] == "argument"
    assert alone("method", "deprecate", "box", "1.0.0", "--reason", "old", "--home", founder).status == 0


def test_who_revokes_a_method_is_asked(alone: CommandLine, homes: Path) -> None:
    words = ("method", "revoke", "box", "1.0.0", "--reason", "wrong", "--home", homes / "site-a")
    asked = alone(*words)
    assert (asked.status, "box 1.0.0 is revoked for everybody" in asked.err, "--yes" in asked.err) == (1, True, True)
    assert alone(*words, typed="n\n").status == 1
    assert alone(*words, "--yes", "--json").document["state"] == "revoked"


def test_a_change_waits_where_the_root_key_is_another(alone: CommandLine, homes: Path) -> None:
    founder = homes / "site-a"
    home = SiteHome(founder)
    old = home.read_secret(ROOT_KEY)
    alone("key", "renew-root", "--home", founder)
    new = home.read_secret(ROOT_KEY)
    home.replace_secret(ROOT_KEY, old)
    waits = alone("review", "policy", "--approvals", "2", "--home", founder)
    assert waits.out == "2 reviewers, never the author; waits for 1 more signatures: fomrepo key countersign\n"
    second = alone("review", "policy", "--approvals", "3", "--home", founder, "--json").failure
    assert "fomrepo key countersign" in second["remedy"]
    home.replace_secret(ROOT_KEY, new)
    signed = alone("key", "countersign", "--home", founder, "--json").document
    assert signed["missing"] == 0
    assert alone("review", "policy", "--home", founder).out == "2 reviewers, never the author\n"
    assert alone("key", "countersign", "--home", founder, "--json").failure["error"] == "not_found"
    assert alone("key", "countersign", "--drop", "--home", founder).out == "the change is given up\n"


def test_two_homes_sign_the_root_together(alone: CommandLine, homes: Path) -> None:
    """From then on one stolen key changes nothing."""
    founder, other = homes / "site-a", homes / "site-b"
    public = alone("key", "new-root", "--home", other).out.strip()
    assert alone("key", "new-root", "--home", other, "--json").failure["error"] == "conflict"
    assert (
        alone("key", "share-root", public, "--needed", "3", "--home", founder, "--json").failure["error"] == "argument"
    )
    shared = alone("key", "share-root", public, "--home", founder, "--json").document
    assert (shared["needed"], shared["missing"]) == (2, 1)
    assert alone("key", "countersign", "--home", other, "--json").document["missing"] == 0
    for first, second in ((founder, other), (other, founder)):
        wanted = "3" if first == founder else "1"
        waits = alone("review", "policy", "--approvals", wanted, "--home", first, "--json").document
        assert waits["missing"] == 1
        assert alone("key", "countersign", "--home", first, "--json").document["missing"] == 1  # the same key again
        assert alone("review", "policy", "--home", first, "--json").document["approvals"] != int(wanted)
        assert alone("key", "countersign", "--home", second, "--json").document["missing"] == 0
        assert alone("review", "policy", "--home", first, "--json").document["approvals"] == int(wanted)


# --- environments -----------------------------------------------------------------------------------------------------

LOCK = "mdanalysis==2.11.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"


def test_environments_are_added_listed_and_shown(alone: CommandLine, homes: Path, tmp_path: Path) -> None:
    founder, lock = homes / "site-a", tmp_path / "chem.lock"
    lock.write_text(LOCK)
    added = alone("environment", "add", "chem", lock, "--home", founder)
    assert added.out.endswith("build it at each site: fomrepo environment build chem\n")
    digest = alone("environment", "add", "chem", lock, "--home", founder, "--json").document["lock"]
    listed = {one["environment"]: one for one in alone("environment", "list", "--home", founder, "--json").documents}
    assert set(listed) == {"mdanalysis", "chem"}
    assert (listed["chem"]["lock"], listed["chem"]["packages"], listed["chem"]["sites"]) == (digest, 1, [])
    assert "no site" in alone("environment", "list", "--home", founder).out
    assert alone("environment", "show", "chem", "--home", founder).out == f"chem {digest}\n  mdanalysis==2.11.0\n"
    assert alone("environment", "show", "chem", "--home", founder, "--json").document["text"] == LOCK


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("environment", "show", "nothing"), "not_found"),
        (("environment", "build", "nothing"), "not_found"),
        (("environment", "add", "Not A Slug", "LOCK"), "argument"),
    ],
)
def test_an_environment_that_cannot_be_is_named(
    alone: CommandLine, homes: Path, tmp_path: Path, words: tuple[str, ...], code: str
) -> None:
    (tmp_path / "LOCK").write_text(LOCK)
    given = [tmp_path / "LOCK" if one == "LOCK" else one for one in words]
    failure = alone(*given, "--home", homes / "site-a", "--json").failure
    assert failure["error"] == code
    assert failure["remedy"]
