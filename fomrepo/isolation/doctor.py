"""Whether this machine can hold a stranger's code: tried out, not assumed.

The canaries are attempts to get out, made in a real sandbox of the kind that guests get. Two sandboxes are started: one
makes all attempts under both filters, one is a bomb that the host has to end. Both together take well under a second.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from fomrepo.errors import SandboxUnavailableError
from fomrepo.isolation.guest_run import GuestEnd, run_guest
from fomrepo.isolation.interpreter import find_interpreter
from fomrepo.isolation.launch import run_module
from fomrepo.isolation.limits import MIB, RunLimits
from fomrepo.isolation.policy import bare_policy
from fomrepo.isolation.service_user import drop_to_service_user
from fomrepo.isolation.usage import processes_of_namespace

__all__ = ["Canary", "WallVerdict", "detect_wall"]

#: Fewer answers than this mean that the canaries did not all run.
LEAST_CANARIES = 24

#: All answers together are about 10 KiB.
ANSWER_BYTES = 1 * MIB

CANARY_LIMITS = RunLimits(memory_bytes=256 * MIB, wall_s=20, cpu_s=20, tmp_bytes=1 * MIB, processes=16)
BOMB_LIMITS = RunLimits(memory_bytes=64 * MIB, wall_s=10, cpu_s=10, tmp_bytes=1 * MIB, processes=16)

WITHOUT_CGROUP = "memory is watched by the warden every 20 ms, not held by a cgroup"
CGROUP_REMEDY = "for a cgroup as well, run the site as a systemd service with Delegate=yes"


@dataclass(frozen=True, slots=True)
class Canary:
    """One attempt to get out."""

    name: str
    #: What was tried.
    tried: str
    #: Whether the wall held.
    held: bool
    #: What the kernel answered, or what was found.
    detail: str


@dataclass(frozen=True, slots=True)
class WallVerdict:
    """What this machine's wall is worth."""

    #: ``FULL``: it holds, and memory is limited by a cgroup. ``NO-CGROUP``: it holds, and memory is watched by the
    #: warden. ``REFUSE``: no method is run on this machine.
    level: Literal["FULL", "NO-CGROUP", "REFUSE"]
    #: Why, in one sentence.
    cause: str
    #: What mends it, or would make it better; None if there is nothing to mend.
    remedy: str | None
    #: All attempts; empty if no sandbox could be made.
    canaries: tuple[Canary, ...]

    @property
    def holds(self) -> bool:
        """Whether methods may be run."""
        return self.level != "REFUSE"


def detect_wall() -> WallVerdict:
    """Try out the wall. As root, a child does it as the service user, as a site's guests would be run."""
    if os.geteuid() == 0:
        answer = run_module("fomrepo.isolation.doctor", timeout_s=60.0)
        if answer.status != 0:
            last_line = (answer.stderr.strip().splitlines() or ["it said nothing"])[-1]
            return _refuse(f"the canaries could not be run as the service user: {last_line}", None, ())
        plain = json.loads(answer.stdout)
        return WallVerdict(**{**plain, "canaries": tuple(Canary(**each) for each in plain["canaries"])})
    try:
        attempts, (bomb, in_cgroup) = _attempts(), _bomb()
    except SandboxUnavailableError as error:
        cause, remedy = _explain(error)
        return _refuse(cause, remedy, ())
    canaries = (*attempts, *bomb)
    failed = [each for each in canaries if not each.held]
    if failed:
        names = ", ".join(each.name for each in failed)
        return _refuse(f"the wall did not hold: {names}", "report this with the output of: fomrepo doctor", canaries)
    if len(canaries) < LEAST_CANARIES:
        return _refuse(f"only {len(canaries)} canaries answered", "report this", canaries)
    if in_cgroup:
        return WallVerdict("FULL", f"all {len(canaries)} canaries were held", None, canaries)
    return WallVerdict(
        "NO-CGROUP", f"all {len(canaries)} canaries were held; {WITHOUT_CGROUP}", CGROUP_REMEDY, canaries
    )


def _refuse(cause: str, remedy: str | None, canaries: tuple[Canary, ...]) -> WallVerdict:
    return WallVerdict("REFUSE", cause, remedy, canaries)


def _attempts() -> list[Canary]:
    """Run ``canaries/inside.py``; an attempt made under both filters counts as held if both held."""
    lines, end = _run("inside.py", CANARY_LIMITS)
    seen: dict[str, Canary] = {}
    for line in lines.splitlines():
        name, tried, held, detail = json.loads(line)
        before = seen.get(name)
        seen[name] = before if before is not None and not before.held else Canary(name, tried, held is True, detail)
    clean = end.exit_status == 0
    detail = "it ran to its end" if clean else f"it ended early: {end.log_tail[-500:]}"
    return [*seen.values(), Canary("all-attempts", "make every attempt", clean, detail)]


def _bomb() -> tuple[list[Canary], bool]:
    """Run ``canaries/bomb.py``; it must be ended by name of its limit, and wholly. Also whether it was in a cgroup."""
    _, end = _run("bomb.py", BOMB_LIMITS)
    limited = end.limit is not None and end.limit.name == "memory"
    left = processes_of_namespace(end.pid_namespace)
    survivors = f"left alive: {left}" if left else "none"
    canaries = [
        Canary("memory", "fill the memory by several processes", limited, str(end.limit)),
        Canary("survivors", "outlive the sandbox, ignoring signals", not left, survivors),
    ]
    return canaries, end.in_cgroup


def _run(program: str, limits: RunLimits) -> tuple[bytes, GuestEnd]:
    """Run one of the canary programs bare; what it said on its socket, and how it ended."""
    ours, guests = socket.socketpair()
    said = bytearray()

    def listen() -> None:
        while len(said) < ANSWER_BYTES and (chunk := ours.recv(65536)):
            said.extend(chunk)

    listener = threading.Thread(target=listen)
    listener.start()
    stop = os.eventfd(0, os.EFD_CLOEXEC)
    try:
        policy = bare_policy(find_interpreter(), Path(__file__).parent / "canaries" / program, limits)
        end = run_guest(policy, limits, guests, stop)
    finally:
        os.close(stop)
        guests.close()
        listener.join()
        ours.close()
    return bytes(said), end


#: Switches by which distributions refuse user namespaces to ordinary users: file, value that refuses, what it is,
#: what mends it.
NAMESPACE_SWITCHES = (
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "the kernel's switch is off",
        "sudo sysctl kernel.unprivileged_userns_clone=1",
    ),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor refuses them, as on Ubuntu 24.04",
        "give bwrap an AppArmor profile with the rule 'userns,' (apt install apparmor-profiles ships one: "
        "bwrap-userns-restrict), or: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    ("/proc/sys/user/max_user_namespaces", "0", "their number is zero", "sudo sysctl user.max_user_namespaces=15000"),
)


def _explain(error: SandboxUnavailableError) -> tuple[str, str | None]:
    """Name the cause behind what bubblewrap says, where it is a known one."""
    if "Unknown option" in error.message:
        return f"bubblewrap is older than 0.8: {error.message}", "install bubblewrap 0.8 or newer"
    for file, refusing, what, remedy in NAMESPACE_SWITCHES:
        if _setting(file) == refusing:
            return f"this machine refuses user namespaces to ordinary users: {what}", remedy
    if "bwrap: " in error.message:
        return error.message, "let ordinary users make user, mount and PID namespaces here, also inside a container"
    return error.message, error.remedy


def _setting(file: str) -> str | None:
    try:
        return Path(file).read_text().strip()
    except OSError:
        return None


def main() -> None:
    """Answer for a parent that is root: become the service user, try, print the verdict as JSON."""
    if os.geteuid() == 0:
        drop_to_service_user(())
    print(json.dumps(asdict(detect_wall())))


if __name__ == "__main__":
    main()
