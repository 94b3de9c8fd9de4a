"""Commands of authors, of reviewers, and of who says who may review."""

from __future__ import annotations

from pathlib import Path

import pytest

from fomrepo.client.keys import new_key
from fomrepo.isolation.environment import default_environments_folder
from fomrepo.model.submissions import ReviewPolicy
from fomrepo.model.trust import TrustPolicy
from fomrepo.site.administration import open_administration
from fomrepo.site.gate import find_or_build_samples
from fomrepo.testing import LocalFederation
from tests.cli.conftest import CommandLine
from tests.count_bundle import CODE, METHOD, write_bundle

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="session", autouse=True)
def samples() -> None:
    find_or_build_samples(default_environments_folder())


@pytest.fixture(scope="session")
def rita(federation: LocalFederation) -> str:
    """Token of somebody who reviews."""
    federation.token("rita")
    return federation.token("rita")


def test_a_submission_from_submit_to_reject(
    run: CommandLine, rita: str, federation: LocalFederation, tmp_path: Path
) -> None:
    added = run("reviewer", "add", "rita", "--home", federation.home, "--institution", "Institute of Ice")
    assert "fomrepo key new" in added.out
    folder = write_bundle(tmp_path, "count_shown")
    submitted = run("method", "submit", folder, "--json").document
    assert (submitted["state"], submitted["name"], submitted["author"]) == ("in review", "count_shown", "alice")
    again = run("method", "submit", folder)
    assert again.out == f"count_shown 1.0.0 is in review; submission {submitted['id']}\n"
    assert [one["id"] for one in run("method", "status", "--json").documents] == [submitted["id"]]

    as_rita = {"FOMREPO_TOKEN": rita}
    assert submitted["id"] in run("review", "list", **as_rita).out
    as_nobody = {"FOMREPO_TOKEN": federation.token("zoe")}  # who submitted nothing, and reviews nothing
    assert run("review", "list", **as_nobody).out == "no submission waits for you\n"
    assert run("method", "status", **as_nobody).out.startswith("you submitted no method")
    shown = run("review", "show", submitted["id"], "--lock", **as_rita).out
    for part in (
        "count_shown 1.0.0 by alice: in review",
        submitted["bundle_digest"],
        f"mdanalysis {submitted['environment_digest']}",
        "ok      golden",
        "+++ b/count.py",
        "+def count(universe, frames):",
        "mdanalysis==",
        "alice: received",
    ):
        assert part in shown
    papers = run("review", "show", submitted["id"], "--json", **as_rita).document
    assert papers["report"]["passed"]
    assert papers["policy"] == {"approvals": 1, "other_institution": False}
    assert "+def count(universe, frames):" in papers["file_differences"]

    run("review", "comment", submitted["id"], "Which units?", **as_rita)
    run("review", "reject", submitted["id"], "It has no unit.", **as_rita)
    status = run("method", "status", submitted["id"]).out
    assert "rita: commented\n    Which units?" in status
    assert "rejected" in status
    refused = run("method", "submit", folder)
    assert (refused.status, "It has no unit." in refused.out) == (1, True)


def test_a_reviewer_signs_what_they_have_read(
    run: CommandLine, rita: str, federation: LocalFederation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = str(tmp_path / "rita" / "config.toml")
    monkeypatch.setenv("FOMREPO_CONFIG", config)
    made = new_key(passphrase="correct horse")
    with open_administration(federation.home) as administration:
        administration.catalog.reviewers.add("rita")
        principal = administration.catalog.people.principal("rita")
        assert principal is not None
        administration.catalog.keys.publish(principal.id, made.public, label="laptop")
        administration.trust.accept_key(made.id)
    submitted = run("method", "submit", write_bundle(tmp_path / "bundle", "count_signed"), "--json").document
    as_rita = {"FOMREPO_TOKEN": rita, "FOMREPO_CONFIG": config}
    other = run("review", "approve", submitted["id"], "--digest", "0" * 16, "--json", **as_rita)
    assert "and you have read 0000" in other.failure["message"]
    short = run("review", "approve", submitted["id"], "--digest", submitted["bundle_digest"][:4], "--json", **as_rita)
    assert short.failure["remedy"] == "give 12 digits of it, or more"
    refused = run("review", "approve", submitted["id"], typed="n\n", **as_rita)
    assert (refused.status, submitted["bundle_digest"] in refused.err) == (1, True)
    digest = submitted["bundle_digest"][:16]
    approved = run("review", "approve", submitted["id"], "--digest", digest, typed="correct horse\n", **as_rita)
    assert approved.out.endswith("count_signed 1.0.0 is published\n"), approved.err
    assert "rita" in run("method", "status", submitted["id"], "--json").document["approvals"][0]["reviewer"]
    own = run("review", "approve", submitted["id"], "--yes", "--json", FOMREPO_CONFIG=config, typed="correct horse\n")
    assert "you wrote count_signed 1.0.0" in own.err


def test_what_is_wrong_is_one_message_with_the_line_and_a_remedy(run: CommandLine, tmp_path: Path) -> None:
    broken = METHOD.replace("int64", "int65")
    failure = run("method", "submit", write_bundle(tmp_path, **{"method.toml": broken}), "--json").failure
    assert (failure["error"], failure["message"].partition(":")[0]) == ("bundle_refused", "method.toml, line 14")
    assert failure["remedy"].startswith("use one of float64")


def test_a_comment_with_control_characters_is_refused(run: CommandLine) -> None:
    failure = run("review", "comment", "no-such-id", "\x1b[2J", "--json").failure
    assert (failure["error"], failure["message"]) == ("argument", "the comment holds the control character U+001B")


def test_what_reviewers_read_has_no_character_that_moves_the_cursor(
    run: CommandLine, rita: str, federation: LocalFederation, tmp_path: Path
) -> None:
    run("reviewer", "add", "rita", "--home", federation.home)
    code = CODE + "# \x1b[2J \u202e safe\r\n"
    submitted = run("method", "submit", write_bundle(tmp_path, "count_hidden", **{"count.py": code}), "--json").document
    shown = run("review", "show", submitted["id"], FOMREPO_TOKEN=rita).out
    assert "\x1b[2J" not in shown
    assert "# \\u001b[2J \\u202e safe\\r" in shown
    withdrawn = run("method", "withdraw", submitted["id"])
    assert withdrawn.out == f"count_hidden 1.0.0 is withdrawn; submission {submitted['id']}\n"


def test_a_method_attached_to_a_file_is_called_like_others(run: CommandLine, adk: str, tmp_path: Path) -> None:
    path = f"{adk}/adk_dims.dcd"
    attached = run("method", "attach", write_bundle(tmp_path, "count_attached"), path)
    assert f"fomrepo call {path} count_attached" in attached.out
    assert run("call", path, "count_attached", "--json").document["fields"] == {"n": 3341}
    missing = run("call", path, "count_attached", "--version", "9.9.9", "--json")
    assert missing.failure["error"] == "not_found"


def test_the_policy_of_review(alone: CommandLine, federation: LocalFederation) -> None:
    at_home = ("--home", federation.home)
    assert alone("review", "policy", *at_home).out == "1 reviewer, never the author\n"
    wanted = ("--approvals", "2", "--other-institution")
    changed = alone("review", "policy", *wanted, *at_home, "--json").document
    assert changed | {"lost": []} == {"approvals": 2, "other_institution": True, "missing": 0, "lost": []}
    with open_administration(federation.home) as administration:
        assert administration.trust.root().policy == TrustPolicy(2, other_institution=True)
        assert administration.catalog.reviewers.policy() == ReviewPolicy(2, other_institution=True)
    assert alone("review", "policy", "--approvals", "0", *at_home, "--json").failure["error"] == "argument"
    alone("review", "policy", "--approvals", "1", "--no-other-institution", *at_home)


def test_reviewers_are_listed_with_their_institution(alone: CommandLine, federation: LocalFederation) -> None:
    at_home = ("--home", federation.home)
    alone("user", "add", "ruth", "--institution", "Institute of Water", *at_home)
    alone("reviewer", "add", "ruth", *at_home)
    listed = alone("reviewer", "list", "--json", *at_home).documents
    assert {"reviewer": "ruth", "institution": "Institute of Water"} in listed
    alone("user", "institution", "ruth", "", *at_home)
    assert {"reviewer": "ruth", "institution": None} in alone("reviewer", "list", "--json", *at_home).documents
    alone("reviewer", "remove", "ruth", *at_home)
    assert "ruth" not in alone("reviewer", "list", *at_home).out


def test_a_federation_is_founded_with_its_policy(alone: CommandLine, tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = alone("site", "init", "--home", home, "--name", "site-a", "--approvals", "2", "--other-institution")
    assert made.status == 0
    asked = alone("review", "policy", "--home", home).out
    assert asked == "2 reviewers, never the author, at least one of another institution\n"
