"""What authors have: tests of their methods at home and at a site, and the health of what is published."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fomrepo.cli import app
from fomrepo.client.bundle_folder import read_folder
from fomrepo.client.repository import Repository
from fomrepo.errors import BundleRefusedError, NotFoundError, SiteBusyError
from fomrepo.isolation.environment import default_environments_folder
from fomrepo.model.gate_report import GateReport
from fomrepo.site.gate import find_or_build_samples
from fomrepo.testing import LocalFederation
from fomrepo.wire.methods import bundle_to_wire
from fomrepo.wire.v1 import checks_pb2
from tests.federation.methods import publish
from tests.unit.site.gate_bundles import CASE, FILES, SCHEMA, SOURCE

Written = Callable[..., Path]

#: A test that reaches out, as somebody would who wants to know where his method is reviewed.
NETWORK = SOURCE.replace(
    "    atoms =", "    import socket\n    socket.create_connection(('192.0.2.1', 80), timeout=1)\n    atoms ="
)
#: A method that never ends, whose author thought that two seconds are enough.
ENDLESS = SOURCE.replace("    for _ in frames", "    while True:\n        pass\n    for _ in frames")


@pytest.fixture(scope="module", autouse=True)
def samples() -> None:
    find_or_build_samples(default_environments_folder())


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Return what writes a good bundle, with some files replaced."""

    def write(**changes: str) -> Path:
        folder = tmp_path / "spread"
        for path, text in {**FILES, **changes}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder

    return write


def command(federation: LocalFederation, user: str, *words: object) -> tuple[int, str]:
    """Run a command of a user in this process; its status and what it printed."""
    variables = {
        "FOMREPO_ADDRESS": federation["site-a"].address,
        "FOMREPO_TOKEN": federation.token(user),
        "FOMREPO_CA": str(federation.ca),
    }
    done = CliRunner().invoke(app, list(map(str, words)), env=variables)
    return done.exit_code, done.stdout


def at_home(*words: object) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, which becomes somebody else if this one is root's."""
    program = Path(sys.executable).with_name("fomrepo")
    return subprocess.run([program, *map(str, words)], capture_output=True, text=True, timeout=100, check=False)


def test_a_method_is_tested_at_a_site(repo: Repository, written: Written) -> None:
    told: list[tuple[int, int, str]] = []
    report = repo.checks.test(written(), at_site="site-b", progress=lambda *said: told.append(said))
    assert report.passed
    assert [(one.name, one.ok, one.deterministic, one.split_equal) for one in report.cases] == [
        ("tests/first.toml", True, True, True)
    ]
    assert 0.1 < report.cases[0].wall_s < 60
    assert report.cases[0].memory_bytes > 2**25
    assert told
    assert "spread" not in {one.schema.name for one in repo.methods()}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (NETWORK, "PermissionError: [Errno 1] Operation not permitted"),
        (ENDLESS, "limit hit: wall: "),
        (SOURCE.replace('{"spread"', '{"more": 1.0, "spread"'), "'more', which method.toml does not declare"),
    ],
    ids=["network", "endless", "undeclared"],
)
def test_what_a_test_may_not_do_is_told_to_its_author(
    repo: Repository, written: Written, source: str, message: str
) -> None:
    schema = SCHEMA.replace("[inputs]", f"[limits]\nwall_s = {2 if source == ENDLESS else 60}\n[inputs]")
    report = repo.checks.test(written(**{"spread.py": source, "method.toml": schema}))
    assert not report.passed
    assert message in report.cases[0].message
    assert ("a method has no network" in report.cases[0].message) is (source == NETWORK)


def test_a_bundle_that_is_none_is_refused_before_anything_is_sent(repo: Repository, written: Written) -> None:
    folder = written(**{"method.toml": SCHEMA.replace('"selection"', '"selektion"')})
    with pytest.raises(BundleRefusedError, match=r"method\.toml, line 11: parameters\.select\.type") as caught:
        repo.checks.test(folder)
    assert caught.value.remedy
    (folder / "leak").symlink_to("/etc/passwd")
    with pytest.raises(BundleRefusedError, match="a link to /etc/passwd"):
        repo.checks.test(folder)


def test_nobody_can_take_all_of_a_sites_checks(federation: LocalFederation, user: str, written: Written) -> None:
    """Four are taken, one more is refused; they are their author's alone, and end when he cancels them."""
    source = SOURCE.replace("    for _ in frames", "    import time\n    time.sleep(60)\n    for _ in frames")
    request = checks_pb2.TestMethodRequest(bundle=bundle_to_wire(read_folder(written(**{"spread.py": source})).files))
    with federation.connect(user, site="site-c") as repo, federation.connect("somebody-else", site="site-c") as other:
        site = repo.checks._connection.only(federation["site-c"].address)
        begun = [site.ask(lambda one: one.checks.TestMethod, request).check for _ in range(4)]
        with pytest.raises(SiteBusyError, match="4 checks of yours are under way at site-c"):
            site._from_any_site(lambda one: one.checks.TestMethod(request, metadata=one.token))
        theirs = checks_pb2.WaitForCheckRequest(check=begun[0])
        with pytest.raises(NotFoundError):
            other.checks._connection.ask(lambda one: one.checks.WaitForCheck, theirs)
        for check in begun:
            site.ask(lambda one: one.checks.CancelCheck, checks_pb2.CancelCheckRequest(check=check))
        for check in begun:
            until = time.monotonic() + 30
            wait = checks_pb2.WaitForCheckRequest(check=check, wait_s=5.0)
            while not (reply := site.ask(lambda one: one.checks.WaitForCheck, wait)).ended:
                assert time.monotonic() < until
            assert reply.failure.code == "cancelled"
        site.close()


def test_the_health_of_a_method_is_shown_where_methods_are_listed(
    federation: LocalFederation, user: str, written: Written
) -> None:
    schema = SCHEMA.replace('name = "spread"', 'name = "ailing"')
    folder = written(**{"method.toml": schema, "tests/first.toml": CASE.replace("15.456", "99.9")})
    publish(federation, folder)
    with federation.connect(user, site="site-a") as repo:
        good = repo.checks.verify("box", at_site="site-b")
        bad = repo.checks.verify("ailing", at_site="site-b")
        assert (good.passed, bad.passed) == (True, False)
        assert {one.deterministic for one in good.cases} == {None}  # each was run once
        found = {one.method: one for one in repo.checks.health() if one.method in ("box", "ailing")}
        assert [(one.ok, one.site) for one in (found["box"], found["ailing"])] == [(True, "site-b"), (False, "site-b")]
        assert found["ailing"].message.startswith("tests/first.toml: first of spread is 15.")
        assert time.time() - found["box"].checked < 60
        again = [repo.checks.verify(name, at_site="site-b") for name in ("box", "ailing")]
        assert [(one.passed, one.cases) for one in again] == [(True, ()), (False, ())]  # nothing ran
        assert again[1].failures[0].message == found["ailing"].message

    _, listed = command(federation, user, "method", "list", "--json")
    health = {one["name"]: one["health"] for one in map(json.loads, listed.splitlines())}
    assert (health["box"], health["ailing"], health["info"]) == ("healthy", "fails at site-b", "")
    _, shown = command(federation, user, "method", "show", "ailing")
    assert "golden cases at site-b" in shown
    status, said = command(federation, user, "method", "verify", "ailing")
    assert (status, said.split()[:3]) == (1, ["FAILED", "ailing", "1.0.0"])


def test_methods_are_found_by_what_they_say_of_themselves(federation: LocalFederation, user: str) -> None:
    def found(*words: str) -> list[str]:
        _, listed = command(federation, user, "method", "search", *words, "--json")
        return [json.loads(line)["name"] for line in listed.splitlines()]

    assert "radius_of_gyration" in found("gyration")
    assert "rmsd" in found("ANGSTROM", "superpos")
    assert found("elephant") == []


def test_an_author_tests_at_home_and_hears_where(bubblewrap: Path, tmp_path: Path) -> None:
    """From a class of MDAnalysis to a bundle that passes the gate, on a machine without a site."""
    folder = tmp_path / "fluctuation"
    made = at_home(
        "method", "new", "fluctuation", "--from-analysis", "MDAnalysis.analysis.rms.RMSF", "--folder", folder
    )
    assert (made.returncode, made.stderr) == (0, "")
    tested = at_home("method", "test", folder, "--json")
    assert (tested.returncode, tested.stderr) == (0, "")
    document = json.loads(tested.stdout)
    assert document.pop("where") == "here"
    report = GateReport.from_json(json.dumps(document))
    assert report.passed
    assert [one.name for one in report.cases] == ["tests/first.toml"]


def test_a_machine_without_a_methods_environment_sends_the_test_to_a_site(
    bubblewrap: Path, written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOMREPO_CONFIG", str(tmp_path / "nobody.toml"))
    monkeypatch.delenv("FOMREPO_ADDRESS", raising=False)
    folder = written(**{"method.toml": SCHEMA.replace('"mdanalysis"', '"elsewhere"')})
    tested = at_home("method", "test", folder)
    first = tested.stderr.splitlines()[0]
    assert first == "this machine does not have the guest environment elsewhere; it is tested at a site"
    assert (tested.returncode, "fomrepo login" in tested.stderr) == (1, True)  # nobody has told it of a site


def test_a_machine_that_cannot_sandbox_sends_the_test_to_a_site(
    federation: LocalFederation, user: str, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    variables = {
        "FOMREPO_ADDRESS": federation["site-a"].address,
        "FOMREPO_TOKEN": federation.token(user),
        "FOMREPO_CA": str(federation.ca),
    }
    folder = written(**{"method.toml": SCHEMA.replace('split = "frames"\n', "")})
    done = CliRunner().invoke(app, ["method", "test", str(folder)], env=variables)
    assert done.exit_code == 0, done.stderr
    assert done.stderr.splitlines()[0] == "only Linux can sandbox; it is tested at a site"
    assert done.stdout.splitlines()[-1] == "spread 1.0.0 passed the gate, tested at site-a"
