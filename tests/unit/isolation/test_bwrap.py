"""A policy becomes exactly these arguments."""

from pathlib import Path

import pytest

from fomrepo.errors import SandboxUnavailableError
from fomrepo.isolation import bwrap
from fomrepo.isolation.policy import Bind, GuestPolicy

POLICY = GuestPolicy(
    binds=(Bind(Path("/usr/lib/libz.so.1.2"), "/lib/libz.so.1"), Bind(Path("/vault/ab"), "/in/universe.topology.psf")),
    covered=("/opt/python/site-packages",),
    variables=(("HOME", "/tmp"), ("LANG", "C.UTF-8")),
    tmp_bytes=4096,
    program=("/usr/bin/python3.11", "-I", "/harness/sandbox/start.py"),
)


def test_the_arguments_of_a_policy():
    assert bwrap.bwrap_arguments(POLICY, "/usr/bin/bwrap") == (
        "/usr/bin/bwrap",
        *("--unshare-all", "--unshare-user"),
        *("--uid", "65534", "--gid", "65534", "--hostname", "guest", "--cap-drop", "ALL"),
        *("--new-session", "--die-with-parent", "--as-pid-1", "--clearenv"),
        *("--disable-userns", "--assert-userns-disabled"),
        *("--seccomp", "4", "--info-fd", "6", "--block-fd", "7"),
        *("--size", "1048576", "--perms", "0755", "--tmpfs", "/", "--dir", "/dev"),
        *("--dev-bind", "/dev/null", "/dev/null", "--dev-bind", "/dev/urandom", "/dev/urandom"),
        *("--ro-bind", "/usr/lib/libz.so.1.2", "/lib/libz.so.1"),
        *("--ro-bind", "/vault/ab", "/in/universe.topology.psf"),
        *("--size", "4096", "--perms", "0555", "--tmpfs", "/opt/python/site-packages"),
        *("--remount-ro", "/opt/python/site-packages"),
        *("--perms", "0444", "--file", "5", "/harness/second-filter.bpf"),
        *("--size", "4096", "--perms", "0700", "--tmpfs", "/tmp"),
        *("--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8"),
        *("--remount-ro", "/", "--chdir", "/", "--"),
        *("/usr/bin/python3.11", "-I", "/harness/sandbox/start.py"),
    )


def test_a_machine_without_bubblewrap_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setattr(bwrap.shutil, "which", lambda *_, **__: None)
    with pytest.raises(SandboxUnavailableError, match="apt install bubblewrap"):
        bwrap.find_bwrap()
