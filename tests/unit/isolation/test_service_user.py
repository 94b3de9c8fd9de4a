"""Root becomes the service user for good, and keeps the ways that it needs."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fomrepo.errors import SandboxUnavailableError
from fomrepo.isolation import service_user
from fomrepo.isolation.service_user import ServiceUser, drop_to_service_user, find_service_user

CHECKOUT = Path(__file__).parents[3]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

#: Played by root in a process of its own, with a copy of the package in a home of mode 0700.
SCENE = """
import json, os, sys
from pathlib import Path
from fomrepo.isolation.service_user import drop_to_service_user

closed = Path(sys.argv[1])
os.environ["FOMREPO_ENVIRONMENTS"] = str(closed / "environments")
drop_to_service_user((closed / "kept",), user="61186", own=(closed / "site",))

def attempt(action):
    try:
        return action()
    except OSError as error:
        return error.strerror

from fomrepo.isolation.doctor import detect_wall
verdict = detect_wall()
print(json.dumps({
    "ids": [os.getresuid(), os.getresgid(), os.getgroups()],
    "package": __import__("fomrepo").__file__,
    "seen": sorted(os.listdir(closed)),
    "kept": (closed / "kept" / "file").read_text(),
    "write kept": attempt(lambda: (closed / "kept" / "new").write_text("x")),
    "write site": attempt(lambda: (closed / "site" / "new").write_text("x")),
    "owner of old": (closed / "site" / "old").stat().st_uid,
    "write closed": attempt(lambda: (closed / "new").write_text("x")),
    "root again": attempt(lambda: os.setuid(0)),
    "umask": os.umask(0),
    "wall": verdict.level,
    "cause": verdict.cause,
    "environments": os.environ["FOMREPO_ENVIRONMENTS"],
}))
"""


@pytest.fixture
def closed_home(bubblewrap: Path) -> Iterator[Path]:
    """Return a home of mode 0700 with a checkout, a kept folder, a site and a secret in it."""
    home = Path("/root") / f"fomrepo-test-{os.getpid()}"
    home.mkdir(mode=0o700)
    try:
        shutil.copytree(
            CHECKOUT / "fomrepo", home / "checkout" / "fomrepo", ignore=shutil.ignore_patterns("__pycache__")
        )
        shutil.copytree(CHECKOUT / "sandbox", home / "checkout" / "sandbox")
        for name in ("kept", "site", "secret"):
            (home / name).mkdir()
        (home / "kept" / "file").write_text("readable")
        (home / "site" / "old").write_text("")
        yield home
    finally:
        shutil.rmtree(home)


@needs_root
def test_a_checkout_in_a_closed_home_is_reached_and_nothing_else_of_that_home(closed_home):
    done = subprocess.run(
        [sys.executable, "-c", SCENE, closed_home],
        capture_output=True,
        text=True,
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(closed_home / "checkout")},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen.pop("wall") in ("FULL", "NO-CGROUP"), seen["cause"]
    del seen["cause"]
    assert seen == {
        "ids": [[61186] * 3, [61186] * 3, []],
        "package": f"{closed_home}/checkout/fomrepo/__init__.py",
        "seen": ["checkout", "environments", "kept", "site"],
        "kept": "readable",
        "write kept": "Read-only file system",
        "write site": 1,
        "owner of old": 61186,
        "write closed": "Permission denied",
        "root again": "Operation not permitted",
        "umask": 0o077,
        "environments": f"{closed_home}/environments",
    }
    mounts = Path("/proc/self/mounts").read_text()
    assert str(closed_home) not in mounts


@pytest.mark.skipif(os.geteuid() == 0, reason="root is changed")
def test_an_ordinary_user_stays_who_it_is():
    drop_to_service_user((), own=(Path("/"),))


@needs_root
def test_a_folder_that_is_no_sites_own_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("threading.active_count", lambda: 1)  # other tests may have left threads behind
    with pytest.raises(SandboxUnavailableError, match="/home is not a folder of a site's own"):
        drop_to_service_user((), own=(Path("/home"),))


def test_without_such_a_user_it_is_nobody():
    assert find_service_user("no-such-user-here") == ServiceUser(65534, 65534, Path("/nonexistent"))


def test_a_number_names_a_user():
    assert find_service_user("61186") == ServiceUser(61186, 61186, Path("/nonexistent"))


@pytest.mark.parametrize("name", ["root", "0"])
def test_root_is_no_service_user(name):
    with pytest.raises(SandboxUnavailableError, match="is root"):
        find_service_user(name)


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "passes"),
    [
        (0o755, 0, 0, True),
        (0o700, 0, 0, False),
        (0o700, 7, 0, True),
        (0o677, 7, 0, False),
        (0o710, 0, 7, True),
        (0o701, 0, 7, False),
    ],
)
def test_who_can_pass_a_folder(mode, uid, gid, passes):
    entry = os.stat_result((mode | 0o040000, 0, 0, 0, uid, gid, 0, 0, 0, 0))
    assert service_user._can_pass(entry, ServiceUser(7, 7, Path("/"))) is passes
