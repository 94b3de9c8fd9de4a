"""Scenes from a warden's life, each played in a process of its own as an ordinary user.

Run as ``python -m tests.unit.isolation.warden_scenes SCENE SERVICE_USER ENVIRONMENTS FOLDER``; prints JSON lines.
"""

from __future__ import annotations

import io
import json
import os
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

from fomrepo.errors import SandboxUnavailableError
from fomrepo.installed_files import installed_folder
from fomrepo.isolation.environment import GuestEnvironment, find_or_build_environment
from fomrepo.isolation.limits import MIB, RunLimits
from fomrepo.isolation.orders import InputFile, RunOrder, RunReport
from fomrepo.isolation.service_user import drop_to_service_user
from fomrepo.isolation.warden import Warden
from tests.escapes.driver import request

_, SCENE, USER, ENVIRONMENTS, FOLDER = sys.argv


def say(**told: object) -> None:
    print(json.dumps(told), flush=True)


def order(name: str, environment: GuestEnvironment) -> RunOrder:
    folder = Path(FOLDER)
    limits = RunLimits(memory_bytes=512 * MIB, wall_s=60, cpu_s=30, tmp_bytes=1 * MIB)
    inputs = (InputFile(folder / "one.pdb", "universe.structure.pdb"),)
    return RunOrder(name, "method", environment, folder / name, inputs, limits, request(limits))


def family(process: int) -> list[int]:
    """Return a process's descendants."""
    found = []
    for task in Path(f"/proc/{process}/task").glob("*"):
        for child in (task / "children").read_text().split():
            found += [int(child), *family(int(child))]
    return found


def start_sleeper(warden: Warden, environment: GuestEnvironment, cancelled: threading.Event) -> list[object]:
    """Start a run that sleeps, on a thread; return a list that gets its report or error."""
    came: list[object] = []

    def run() -> None:
        try:
            came.append(warden.run(order("sleep", environment), outcome=io.BytesIO(), cancelled=cancelled))
        except SandboxUnavailableError as error:
            came.append(error)

    threading.Thread(target=run, daemon=True).start()
    deadline = time.monotonic() + 30
    while len(family(os.getpid())) < 3 and time.monotonic() < deadline:  # warden, bwrap, guest
        time.sleep(0.02)
    time.sleep(0.3)
    return came


def wait_for(came: list[object]) -> object:
    deadline = time.monotonic() + 20
    while not came and time.monotonic() < deadline:
        time.sleep(0.01)
    return came[0] if came else None


def parallel(warden: Warden, environment: GuestEnvironment) -> None:
    reports: list[RunReport] = []

    def run() -> None:
        reports.append(warden.run(order("answer", environment), outcome=io.BytesIO()))

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    say(ended=[each.ended for each in reports])


def cancel(warden: Warden, environment: GuestEnvironment) -> None:
    cancelled = threading.Event()
    came = start_sleeper(warden, environment, cancelled)
    began = time.monotonic()
    cancelled.set()
    report = wait_for(came)
    assert isinstance(report, RunReport)
    say(ended=report.ended, took_s=time.monotonic() - began, alive=len(family(os.getpid())) - 1)


def close(warden: Warden, environment: GuestEnvironment) -> None:
    came = start_sleeper(warden, environment, threading.Event())
    warden.close()
    say(alive=len(family(os.getpid())), came=type(wait_for(came)).__name__)


def warden_killed(warden: Warden, environment: GuestEnvironment) -> None:
    came = start_sleeper(warden, environment, threading.Event())
    first, *rest = family(os.getpid())
    os.kill(first, 9)
    error = wait_for(came)
    time.sleep(0.5)
    try:
        warden.run(order("answer", environment), outcome=io.BytesIO())
        again = "ran"
    except SandboxUnavailableError as refusal:
        again = str(refusal)
    say(came=str(error), again=again, alive=[each for each in rest if os.path.exists(f"/proc/{each}/exe")])


def site_killed(warden: Warden, environment: GuestEnvironment) -> None:
    start_sleeper(warden, environment, threading.Event())
    say(processes=family(os.getpid()))
    time.sleep(60)


def raising_listener(warden: Warden, environment: GuestEnvironment) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    try:
        warden.run(order("answer", environment), outcome=Full())
    except OSError as error:
        say(error=str(error), alive=len(family(os.getpid())) - 1)


def missing_bundle(warden: Warden, environment: GuestEnvironment) -> None:
    try:
        warden.run(order("no such folder", environment), outcome=io.BytesIO())
    except FileNotFoundError as error:
        say(error=type(error).__name__, alive=len(family(os.getpid())) - 1)


def light_process(warden: Warden, environment: GuestEnvironment) -> None:
    maps = Path(f"/proc/{family(os.getpid())[0]}/maps").read_text()
    say(heavy=[name for name in ("cygrpc", "numpy", "sqlalchemy") if name in maps], own_grpc="grpc" in sys.modules)


def report(warden: Warden, environment: GuestEnvironment) -> None:
    say(**asdict(warden.run(order("answer", environment), outcome=io.BytesIO())))


if __name__ == "__main__":
    drop_to_service_user((), user=USER)
    built = find_or_build_environment(installed_folder("sandbox") / "requirements.lock", Path(ENVIRONMENTS))
    its_warden = Warden.start()
    globals()[SCENE](its_warden, built)
