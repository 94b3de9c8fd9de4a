"""Commands of operators, and profiles."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fomrepo.cli import first_start
from fomrepo.testing import LocalFederation
from tests.cli.conftest import CommandLine

pytestmark = pytest.mark.timeout(600)


def test_help_is_quick_and_light() -> None:
    code = "import sys\nfrom fomrepo.cli import app\ntry: app(['--help'])\nfinally: print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert "deposit" in shown
    assert {"grpc", "numpy", "sqlalchemy"}.isdisjoint(shown.split())


@pytest.mark.parametrize(
    "words",
    [
        ["deposit files", "ls", "show", "call", "get", "replicate", "login", "doctor", "up"],
        ["deposit init", "deposit check", "deposit push", "deposit submit", "deposit status", "deposit abandon"],
        ["method list", "method show", "method try", "method lock", "operation show", "operation wait"],
        ["operation cancel", "profile show", "environment build", "catalog upgrade", "site init", "site serve"],
        [
            "site status",
            "site renew",
            "user add",
            "user list",
            "token new",
            "token list",
            "token revoke",
            "project new",
        ],
        ["project list", "project add-member", "project remove-member", "site renew-authority"],
        ["key new", "key publish", "key rotate", "key revoke", "key list", "key accept", "key accept-site"],
        ["key renew-site", "key renew-root", "key renew-list", "key countersign", "environment add"],
        ["environment list", "environment show", "method revoke", "method deprecate", "method tainted"],
        ["publish", "embargo", "supersede", "withdraw", "similar", "audit list", "audit verify"],
        ["key new-root", "key share-root", "review list", "review show", "review comment", "review approve"],
        ["review reject", "review policy", "reviewer add", "reviewer remove", "reviewer list", "user institution"],
        ["method new", "method test", "method submit", "method status", "method withdraw", "method attach"],
        ["operation list", "deposit list", "method search", "method verify", "samples list", "samples build", "stubs"],
    ],
)
def test_every_command_has_help_and_json(alone: CommandLine, words: list[str]) -> None:
    for command in words:
        shown = alone(*command.split(), "--help", COLUMNS="200")
        assert shown.status == 0
        assert "--json" in shown.out


def test_the_version(alone: CommandLine) -> None:
    number = alone("--version").out.removeprefix("fomrepo ").strip()
    assert alone("--version", "--json").document == alone("--json", "--version").document == {"version": number}


def test_what_stands_before_a_command_is_told_to_programs_too(alone: CommandLine) -> None:
    assert "behind" in alone("--json", "ls").failure["remedy"]
    assert alone("--no-such-option", "--json").failure["error"] == "usage"


def test_without_a_profile_the_remedy_is_login(alone: CommandLine) -> None:
    assert alone("ls", "--json").failure["error"] == "settings"
    assert "fomrepo login" in alone("ls").err


def test_a_site_founds_a_federation_or_joins_one(alone: CommandLine, tmp_path: Path) -> None:
    names = ("--name", "site-x", "--federation", "mine", "--join", tmp_path)
    assert "not both" in alone("site", "init", "--home", tmp_path / "x", *names, "--json").failure["remedy"]
    assert list(tmp_path.iterdir()) == []


def test_login_keeps_a_profile(alone: CommandLine, federation: LocalFederation) -> None:
    address, token = federation["site-a"].address, federation.token("alice")
    done = alone("login", address, "--ca", federation.ca, "--json", typed=token + "\n")
    assert (done.status, done.document["user"], done.document["federation"]) == (0, "alice", "local")
    path = Path(done.document["path"])
    assert path.stat().st_mode & 0o777 == 0o600
    shown = alone("profile", "show", "--json")
    assert shown.document["sites"] == [address, federation["site-b"].address]
    assert token not in shown.out + shown.err + done.out + done.err
    assert alone("ls").status == 0
    names = [one["site"] for one in alone("site", "status", "--json").documents]
    assert names == ["site-a", "site-b"]


@pytest.mark.parametrize(
    ("typed", "code"), [("hello\n", "argument"), ("fom_" + "a" * 12 + "_" + "b" * 43 + "\n", "not_authenticated")]
)
def test_a_bad_token_is_not_kept(alone: CommandLine, federation: LocalFederation, typed: str, code: str) -> None:
    failed = alone("login", federation["site-a"].address, "--ca", federation.ca, "--json", typed=typed)
    assert failed.failure["error"] == code
    assert not Path(alone.variables["FOMREPO_CONFIG"]).exists()


def test_people_tokens_and_projects(alone: CommandLine, federation: LocalFederation) -> None:
    def told(*words: object) -> list[dict[str, object]]:
        done = alone(*words, "--home", federation.home, "--json")
        assert done.status == 0, done.err
        return done.documents

    told("user", "add", "carol")
    token = str(told("token", "new", "carol", "--label", "laptop", "--days", "1")[0]["token"])
    told("project", "new", "membranes", "--member", "carol")
    told("user", "add", "dave")
    told("project", "add-member", "membranes", "dave")
    assert {"project": "membranes", "members": ["carol", "dave"]} in told("project", "list")
    assert {"user": "carol", "projects": ["carol", "membranes"]} in told("user", "list")
    told("project", "remove-member", "membranes", "carol")
    assert {"project": "membranes", "members": ["dave"]} in told("project", "list")
    access = {"FOMREPO_ADDRESS": federation["site-a"].address, "FOMREPO_CA": str(federation.ca), "FOMREPO_TOKEN": token}
    assert alone("ls", **access).status == 0
    (listed,) = told("token", "list", "carol")
    assert listed["label"] == "laptop"
    assert token not in json.dumps(listed)
    own = alone("token", "list", "--own", "--json", **access).documents
    assert [(one["token"], one["label"], one["revoked"]) for one in own] == [(listed["token"], "laptop", None)]
    assert alone("token", "revoke", "nothing", "--own", "--json", **access).failure["error"] == "not_found"
    assert alone("token", "revoke", token, "--own", **access).status == 0
    told("token", "revoke", token)
    assert alone("ls", "--json", **access).failure["error"] == "not_authenticated"
    expired = str(told("token", "new", "dave", "--days", "0")[0]["token"])
    assert alone("ls", "--json", **access | {"FOMREPO_TOKEN": expired}).failure["error"] == "not_authenticated"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["user", "add", "Alice!"], "argument"),
        (["user", "add", "alice"], "conflict"),
        (["token", "new", "nobody"], "not_found"),
        (["token", "new", "alice", "--days", "1e9"], "argument"),
        (["token", "revoke", "nothing"], "not_found"),
        (["project", "add-member", "nothing", "alice"], "not_found"),
    ],
)
def test_operators_err_too(alone: CommandLine, federation: LocalFederation, words: list[str], code: str) -> None:
    federation.token("alice")
    assert alone(*words, "--home", federation.home, "--json").failure["error"] == code


def test_a_folder_that_is_no_home_is_named(alone: CommandLine, tmp_path: Path) -> None:
    failed = alone("user", "list", "--home", tmp_path, "--json").failure
    assert failed["error"] == "settings"
    assert "fomrepo site init" in failed["remedy"]


def test_a_site_is_made_once(alone: CommandLine, tmp_path: Path) -> None:
    made = alone("site", "init", "--home", tmp_path / "home", "--name", "site-x", "--json")
    assert made.document["site"] == "site-x"
    assert alone("catalog", "upgrade", "--home", tmp_path / "home", "--json").status == 0
    again = alone("site", "init", "--home", tmp_path / "home", "--name", "site-x", "--json")
    assert again.failure["error"] == "conflict"
    shown = alone("site", "status", "--home", tmp_path / "home").out.splitlines()[1].split()
    assert shown[2:5] == ["never", "started", "-"]
    assert alone("site", "status", "--home", tmp_path / "home", "--json").document["wall"] == "UNKNOWN"


def test_a_certificate_that_ends_is_warned_of_until_it_is_renewed(
    alone: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_home = ("--home", tmp_path / "home")
    with monkeypatch.context() as short:
        short.setattr("fomrepo.site.certificates.SITE_DAYS", 59.5)
        alone("site", "init", *at_home, "--name", "site-x")
    warned = alone("site", "status", *at_home)
    assert (warned.status, "of site-x ends on" in warned.err, "fomrepo site renew --home" in warned.err) == (
        0,
        True,
        True,
    )
    assert "in 59 days" in json.loads(alone("site", "status", *at_home, "--json").err)["warning"]
    renewed = alone("site", "renew", *at_home, "--json").document
    assert renewed["site"] == "site-x"
    assert alone("site", "status", *at_home).err == ""
    assert alone("site", "renew", *at_home).out.endswith("start site-x again\n")


def test_the_doctor_gives_a_verdict(alone: CommandLine, bubblewrap: Path) -> None:
    verdict = alone("doctor", "--json").document
    assert verdict["ok"]
    assert len(verdict["canaries"]) >= 24
    assert "held" in alone("doctor", "--verbose").out


@pytest.mark.usefixtures("bubblewrap")
def test_one_command_makes_and_runs_a_site(alone: CommandLine, tmp_path: Path) -> None:
    variables = alone.variables | {"FOMREPO_HOME": str(tmp_path / "mine")}
    for _ in range(2):  # made at the first time, found at the second
        process = subprocess.Popen(
            [sys.executable, "-c", "from fomrepo.cli import app; app()", "up"],
            env=os.environ | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            until = time.monotonic() + 300
            while not (tmp_path / "mine" / "ready.json").exists() and process.poll() is None:
                assert time.monotonic() < until
                time.sleep(0.05)
            assert alone("ls", FOMREPO_HOME=variables["FOMREPO_HOME"]).status == 0
        finally:
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=30)
        assert process.returncode == 0, said
        assert "is ready at" in said


def test_a_user_whom_the_machine_has_no_name_for_has_a_site_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr("getpass.getuser", nameless)
    monkeypatch.setenv("FOMREPO_CONFIG", str(tmp_path / "config.toml"))
    said = list(first_start.prepare_own_site(tmp_path / "home"))
    assert any(f"user-{os.getuid()}" in line for line in said)
