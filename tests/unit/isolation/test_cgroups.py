"""Where a memory cgroup may be made, the kernel holds what the warden watches."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fomrepo.isolation import cgroups
from fomrepo.isolation.cgroups import GuestCgroups, RunCgroup

CHECKOUT = Path(__file__).parents[3]

#: A bomb whose watch would let it have a gigabyte, in a cgroup of 96 MiB.
SCENE = """
import json, os, socket
from pathlib import Path
from fomrepo.isolation import cgroups
from fomrepo.isolation.service_user import drop_to_service_user
drop_to_service_user((), user="61187")
from fomrepo.isolation import doctor, guest_run
from fomrepo.isolation.limits import RunLimits

place = cgroups.find_guest_cgroups()
if place is None:
    print(json.dumps(None))
else:
    class Tight:
        def make(self, first, memory_bytes):
            return place.make(first, 2**25)
    guest_run.find_guest_cgroups = Tight
    _, end = doctor._run("bomb.py", RunLimits(memory_bytes=2**30, wall_s=20, cpu_s=20))
    print(json.dumps([end.limit and end.limit.name, end.signal, end.in_cgroup]))
    print(json.dumps([name for name in os.listdir(place.folder) if os.path.isdir(place.folder / name)]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user gets a cgroup of its own only from systemd")
def test_the_kernel_ends_a_bomb_that_outruns_the_watch(bubblewrap):
    done = subprocess.run(
        [sys.executable, "-c", SCENE], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(CHECKOUT)}
    )
    assert done.returncode == 0, done.stderr
    first, *rest = [json.loads(line) for line in done.stdout.splitlines()]
    if first is None:
        pytest.skip("this machine's cgroups belong to somebody else")
    assert first == ["memory", 9, True]
    assert rest == [[]]


MOUNTS_V1 = (
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
)
MOUNTS_V2 = "31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
MOUNTS_CONTAINER = "31 23 0:28 /docker/ab /sys/fs/cgroup rw - cgroup2 cgroup rw\n"


@pytest.mark.parametrize(
    ("groups", "mounts", "expected"),
    [
        ("4:memory:/a/b\n0::/\n", MOUNTS_V1, [(Path("/sys/fs/cgroup/memory/a/b"), *cgroups.V1_FILES)]),
        ("4:cpu,memory:/a\n", MOUNTS_V1, [(Path("/sys/fs/cgroup/memory/a"), *cgroups.V1_FILES)]),
        (
            "0::/system.slice/x.service\n",
            MOUNTS_V2,
            [(Path("/sys/fs/cgroup/system.slice/x.service"), *cgroups.V2_FILES)],
        ),
        ("0::/docker/ab/c\n", MOUNTS_CONTAINER, [(Path("/sys/fs/cgroup/c"), *cgroups.V2_FILES)]),
        ("0::/\n", "", []),
    ],
)
def test_where_the_own_cgroup_is(monkeypatch, groups, mounts, expected):
    texts = {"/proc/self/cgroup": groups, "/proc/self/mountinfo": mounts}
    monkeypatch.setattr(Path, "read_text", lambda self: texts[str(self)])
    assert cgroups._own_cgroups() == expected


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that looks like this process's own cgroup of version two."""
    (tmp_path / "cgroup.procs").write_text(f"{os.getpid()}\n")
    monkeypatch.setattr(cgroups, "_own_cgroups", lambda: [(tmp_path, *cgroups.V2_FILES)])
    monkeypatch.setattr(cgroups.os, "chown", lambda *_: None)
    return tmp_path


def test_version_two_is_divided_into_a_leaf_for_the_site_and_a_folder_for_guests(own):
    guests = own / f"fomrepo-guests-{os.getuid()}"
    cgroups.prepare_guest_cgroups(os.getuid(), os.getgid())
    assert (own / "fomrepo-site" / "cgroup.procs").read_text() == str(os.getpid())
    assert (own / "cgroup.subtree_control").read_text() == "+memory"
    assert (guests / "cgroup.subtree_control").read_text() == "+memory"
    assert cgroups.find_guest_cgroups() == GuestCgroups(guests, *cgroups.V2_FILES)


def test_a_cgroup_with_other_processes_in_it_is_left_alone(own):
    (own / "cgroup.procs").write_text(f"{os.getpid()}\n1\n")
    cgroups.prepare_guest_cgroups(os.getuid(), os.getgid())
    assert [each.name for each in own.iterdir()] == ["cgroup.procs"]
    assert cgroups.find_guest_cgroups() is None


def test_a_site_in_its_leaf_finds_the_folder_beside_it(own, monkeypatch):
    cgroups.prepare_guest_cgroups(os.getuid(), os.getgid())
    monkeypatch.setattr(cgroups, "_own_cgroups", lambda: [(own / "fomrepo-site", *cgroups.V2_FILES)])
    assert cgroups.find_guest_cgroups() == GuestCgroups(own / f"fomrepo-guests-{os.getuid()}", *cgroups.V2_FILES)


def test_what_a_killed_warden_left_is_removed_and_nothing_else(tmp_path):
    ended = subprocess.Popen(["/bin/true"])
    ended.wait()
    for name in (f"{ended.pid}-7", f"{os.getpid()}-8", "elsewhere"):
        (tmp_path / name).mkdir()
    GuestCgroups(tmp_path, *cgroups.V2_FILES).sweep()
    assert {each.name for each in tmp_path.iterdir()} == {f"{os.getpid()}-8", "elsewhere"}


@pytest.mark.parametrize(("events", "killed"), [("low 0\noom 1\noom_kill 2\n", True), ("oom 3\noom_kill 0\n", False)])
def test_a_kill_for_want_of_memory_is_seen(tmp_path, events, killed):
    (tmp_path / "memory.events").write_text(events)
    assert RunCgroup(tmp_path, "memory.max", "memory.events").killed() is killed
