"""The warden starts guests, ends them, and leaves nothing behind, whoever dies first."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fomrepo.errors import SandboxUnavailableError
from fomrepo.installed_files import installed_folder
from fomrepo.isolation.environment import default_environments_folder, find_or_build_environment
from fomrepo.isolation.warden import Warden

CHECKOUT = Path(__file__).parents[3]

#: A number that nobody else has.
SERVICE_USER = "61185"

BUNDLES = {
    "answer": "def attack(universe):\n    print('hello')\n    return {'gained': [], 'refused': ['x']}\n",
    "sleep": "import time\n\ndef attack(universe):\n    time.sleep(1000)\n",
}
ONE_ATOM = "ATOM      1  CA  ALA A   1       1.000   2.000   3.000  1.00  0.00           C\nEND\n"


@pytest.fixture(scope="module")
def stage(bubblewrap: Path) -> Iterator[tuple[str, ...]]:
    """Environment, bundles and data that the service user can read."""
    environments = default_environments_folder()
    find_or_build_environment(installed_folder("sandbox") / "requirements.lock", environments)
    folder = Path("/tmp") / f"fomrepo-warden-{os.getpid()}"  # pytest's own folders are closed to other users
    for name, code in BUNDLES.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "attack.py").write_text(code)
    (folder / "one.pdb").write_text(ONE_ATOM)
    yield (SERVICE_USER, str(environments), str(folder))
    shutil.rmtree(folder)


def start(scene: str, stage: tuple[str, ...]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.unit.isolation.warden_scenes", scene, *stage],
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )


def play(scene: str, stage: tuple[str, ...]) -> dict[str, object]:
    with start(scene, stage) as process:
        said, _ = process.communicate(timeout=100)
    return json.loads(said)


def test_a_run_reports_what_it_used(stage):
    report = play("report", stage)
    used = {name: report.pop(name) for name in ("wall_s", "cpu_s", "peak_memory_bytes", "outcome_bytes")}
    assert report == {
        "ended": "outcome",
        "exit_status": 0,
        "signal": None,
        "limit": None,
        "log_tail": "hello",
        "detail": "one whole outcome",
    }
    assert 0.1 < used["cpu_s"] < used["wall_s"] + 1 < 60
    assert 20e6 < used["peak_memory_bytes"] < 512e6
    assert used["outcome_bytes"] > 100


def test_many_runs_at_once(stage):
    assert play("parallel", stage) == {"ended": ["outcome"] * 6}


def test_a_cancelled_run_ends_at_once(stage):
    seen = play("cancel", stage)
    assert (seen["ended"], seen["alive"]) == ("cancelled", 0)
    assert seen["took_s"] < 3


def test_closing_the_warden_ends_its_guests(stage):
    assert play("close", stage) == {"alive": 0, "came": "RunReport"}


def test_a_killed_warden_takes_its_guests_along_and_says_so(stage):
    seen = play("warden_killed", stage)
    assert seen["alive"] == []
    assert "the warden process is gone" in str(seen["came"])
    assert "the warden process is gone" in str(seen["again"])


def test_a_killed_site_leaves_no_warden_and_no_guest(stage):
    with start("site_killed", stage) as site:
        assert site.stdout is not None
        processes = json.loads(site.stdout.readline())["processes"]
        assert len(processes) >= 3
        site.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while (left := [each for each in processes if _is_alive(each)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def test_a_full_disk_at_the_site_ends_the_run(stage):
    assert play("raising_listener", stage) == {"error": "[Errno 28] No space left on device", "alive": 0}


def test_an_order_for_a_missing_bundle_is_refused_before_anything_starts(stage):
    assert play("missing_bundle", stage) == {"error": "FileNotFoundError", "alive": 0}


def test_the_warden_process_is_light(stage):
    assert play("light_process", stage) == {"heavy": [], "own_grpc": False}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
def test_root_is_refused():
    with pytest.raises(SandboxUnavailableError, match="never run by root"):
        Warden.start()


def _is_alive(process: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
