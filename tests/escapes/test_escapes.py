"""Every attack meets its verdict, and leaves nothing alive."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from fomrepo.installed_files import installed_folder
from fomrepo.isolation.environment import default_environments_folder, find_or_build_environment

HERE = Path(__file__).parent
CHECKOUT = HERE.parent.parent
ATTACKS = {each.parent.name: tomllib.loads(each.read_text()) for each in sorted(HERE.glob("*/expected.toml"))}
CONTROLLED = [name for name, expected in ATTACKS.items() if "control" in expected]

#: Whose processes the attacks are: numbers that nobody else has, so that survivors are known.
SERVICE_USERS = {"cold": 61183, "hot": 61193}
ORDINARY_USERS = {"cold": 61184, "hot": 61194}
WAYS = ("cold", "hot")
IDENTITIES = ("service user of root", "ordinary user") if os.geteuid() == 0 else ("ordinary user",)

#: Waiting for one's turn: all attacks of an identity are queued at the start and run one after the other.
TURN_TIMEOUT_S = 600.0

ONE_ATOM = (
    "CRYST1   10.000   10.000   10.000  90.00  90.00  90.00 P 1           1\n"
    "ATOM      1  CA  ALA A   1       1.000   2.000   3.000  1.00  0.00           C\n"
    "END\n"
)


class Driver:
    """The process that plays the site for one identity, and runs attacks in one way."""

    def __init__(self, identity: str, way: str, environments: Path, bundles: Path) -> None:
        number = str(SERVICE_USERS[way])
        runner = "spare" if way == "hot" and identity == IDENTITIES[-1] else way  # hot in both: one was a spare
        command = (sys.executable, "-m", "tests.escapes.driver", number, str(environments), runner)
        who = _as_ordinary_user(way) if identity == "ordinary user" else {}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"},
            **who,
        )
        self.answers: dict[str, Future[dict[str, Any]]] = {name: Future() for name in ATTACKS}
        self._bundles = bundles
        self._thread = threading.Thread(target=self._talk)
        self._thread.start()

    def _talk(self) -> None:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with stdin, stdout:
            for name, expected in ATTACKS.items():
                order = {
                    "name": name,
                    "folder": str(self._bundles / name),
                    "data": str(self._bundles / "one.pdb"),
                    "limits": expected.get("limits", {}),
                    "times": expected.get("times", 1),
                }
                try:
                    stdin.write(json.dumps(order) + "\n")
                    stdin.flush()
                    answer = stdout.readline()
                except (OSError, ValueError):
                    answer = ""
                if not answer:
                    break
                self.answers[name].set_result(json.loads(answer))
        for future in self.answers.values():
            if not future.done():
                future.set_exception(RuntimeError("the driver is dead"))

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()


def _as_ordinary_user(way: str) -> dict[str, Any]:
    """Arguments of subprocess; attacks outside a sandbox are never run by root, not even harmless ones."""
    number = ORDINARY_USERS[way]
    return {"user": number, "group": number, "extra_groups": []} if os.geteuid() == 0 else {}


@pytest.fixture(scope="module")
def bundles() -> Iterator[Path]:
    """Every attack as a bundle, in a folder that every user can read; pytest's own folders are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="fomrepo-escapes-"))
    folder.chmod(0o755)
    for name, expected in ATTACKS.items():
        shutil.copytree(HERE / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for tool in ("tried.py", "raw_answer.py"):
            shutil.copy(HERE / tool, folder / name)
        for link, target in expected.get("links", {}).items():
            (folder / name / link).symlink_to(target)
    (folder / "one.pdb").write_text(ONE_ATOM)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def drivers(bubblewrap: Path, bundles: Path) -> Iterator[dict[tuple[str, str], Driver]]:
    """One driver an identity and way; they begin at once, side by side."""
    environments = default_environments_folder()
    find_or_build_environment(installed_folder("sandbox") / "requirements.lock", environments)
    started: dict[tuple[str, str], Driver] = {}
    try:
        for identity in IDENTITIES:
            for way in WAYS:
                started[identity, way] = Driver(identity, way, environments, bundles)
        yield started
    finally:
        for driver in started.values():
            driver.end()


@pytest.mark.timeout(TURN_TIMEOUT_S)
@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("identity", IDENTITIES)
def test_the_wall_holds(drivers, identity, way, name):
    seen = drivers[identity, way].answers[name].result(TURN_TIMEOUT_S)
    expected = ATTACKS[name]
    assert _verdict(seen, expected) == expected.get(f"verdict_{way}", expected["verdict"]), seen
    assert seen["alive"] == []
    assert all(each.isprintable() or each in "\n\t" for each in seen["report"]["log_tail"])


def _verdict(seen: dict[str, Any], expected: dict[str, Any]) -> str:
    """Say in the words of README.md what came of an attack."""
    report, told, texts = seen["report"], seen["told"], seen["texts"]
    if report["ended"] == "limit":
        return "limit" if report["limit"]["name"] == expected.get("limit") else f"limit {report['limit']}"
    if report["ended"] != "outcome":
        return report["ended"]
    if told is None:
        if texts["gained"] or not texts["refused"]:
            return f"gained {texts['gained']}"
        return expected["verdict"] if expected["verdict"] == "outcome" else "refused"
    kind, _, limit = told
    if kind == "OutcomeRefusedError":
        return "refused outcome"
    if kind == "MethodFailedError" and limit.startswith(f"{expected.get('limit')}:"):
        return "limit"
    return "failed" if kind == "MethodFailedError" else kind


@pytest.mark.parametrize("name", CONTROLLED)
def test_the_attack_works_where_there_is_no_wall(bundles, name):
    done = subprocess.run(
        [sys.executable, "-I", "-B", HERE / "without_a_wall.py", bundles / name],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        **_as_ordinary_user("cold"),
    )
    assert done.returncode == 0, done.stderr
    gained = json.loads(done.stdout)
    for wanted in ATTACKS[name]["control"]:
        assert any(line.startswith(wanted) for line in gained), gained


def test_there_are_attacks_of_every_class():
    assert len(ATTACKS) >= 120
    assert {expected["class"] for expected in ATTACKS.values()} >= {
        *("network", "mounts", "namespaces", "processes", "identity", "kernel", "foreign calls", "terminal"),
        *("leaks", "writing", "bombs", "time", "output", "covert channels", "outcomes", "harness", "state"),
    }
