"""Plays the site: runs guests cold and in holders, and hands back what they answered.

Run as ``python -m tests.hot.driver ENVIRONMENTS < orders``: one JSON line in, one out. Started by root it becomes a
service user; otherwise it stays who it is.
"""

from __future__ import annotations

import base64
import io
import json
import os
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fomrepo.errors import FomrepoError, SandboxUnavailableError
from fomrepo.installed_files import installed_folder
from fomrepo.isolation.environment import GuestEnvironment, find_or_build_environment
from fomrepo.isolation.holder import Holder, HolderFailed
from fomrepo.isolation.orders import HoldOrder, InputFile, RunLimits, RunOrder, RunReport
from fomrepo.isolation.service_user import drop_to_service_user
from fomrepo.isolation.spare import SPARE_REQUEST, Spare
from fomrepo.isolation.warden import Warden
from fomrepo.site.together import Seat, Together
from tests.survivors import adopt_orphans, descendants

ROOM_BYTES = 256 << 20
SERVICE_USER = "61195"  # a number that nobody else has


class Site:
    """Warden and holders; each public method is an order."""

    def __init__(self, environments: Path) -> None:
        lock = installed_folder("sandbox") / "requirements.lock"
        self._environment: GuestEnvironment = find_or_build_environment(lock, environments)
        self._warden = Warden.start()
        self._holders: dict[str, Holder] = {}
        self._spares: dict[str, Spare] = {}
        self._behind: list[Future[Any]] = []

    def hold(
        self, name: str, request: dict[str, Any], inputs: dict[str, str], spare: str | None = None, **limits: Any
    ) -> dict[str, Any]:
        """Start a holder under a name, of a sandbox of its own or of a spare."""
        holder_memory_bytes = limits.pop("holder_memory_bytes", 2 << 30)
        order = HoldOrder(
            name,
            self._environment,
            tuple(InputFile(Path(path), inside) for inside, path in inputs.items()),
            json.dumps(request).encode(),
            _limits(request, limits),
            holder_memory_bytes,
        )
        try:
            self._holders[name] = self._warden.hold(order, spare=None if spare is None else self._spares.pop(spare))
        except HolderFailed as error:
            return {"failed": asdict(error.report), "cause": type(error.cause).__name__, "message": str(error)}
        except SandboxUnavailableError as error:
            return {"unavailable": error.message}
        return asdict(self._holders[name].facts)

    def spare(self, name: str) -> dict[str, Any]:
        """Make a spare under a name."""
        limits = RunLimits(memory_bytes=1 << 30, wall_s=60.0, tmp_bytes=1 << 20)
        order = HoldOrder(name, self._environment, (), SPARE_REQUEST, limits, 4 << 30, ROOM_BYTES)
        self._spares[name] = self._warden.spare(order)
        return {"name": name, "pid": self._spares[name].process}

    def hot(self, name: str, request: dict[str, Any], cancel_after_s: float | None = None, **limits: Any) -> Any:
        """Run a method in a holder's child."""
        body, cancelled = io.BytesIO(), threading.Event()
        if cancel_after_s is not None:
            threading.Timer(cancel_after_s, cancelled.set).start()
        began = time.monotonic()
        try:
            report = self._holders[name].run(
                json.dumps(request).encode(), limits=_limits(request, limits), outcome=body, cancelled=cancelled
            )
        except FomrepoError as error:
            return {"error": f"{type(error).__name__}: {error}"}
        return {**_told(report, body), "took_s": time.monotonic() - began}

    def hot_at_once(
        self, name: str, requests: list[dict[str, Any]], limits: list[dict[str, Any]] | None = None
    ) -> list[Any]:
        """Run some methods in children of one holder at once."""
        answers: list[Any] = [None] * len(requests)

        def run(place: int) -> None:
            answers[place] = self.hot(name, requests[place], **(limits[place] if limits else {}))

        threads = [threading.Thread(target=run, args=(place,)) for place in range(len(requests))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def together(self, name: str, requests: list[dict[str, Any]], frames: dict[str, Any]) -> list[Any]:
        """Run some methods in children of one holder, and decode their frames in one more, as a site does."""
        holder, answers, calls = self._holders[name], list[Any]([None] * len(requests)), Together(len(requests))
        never = threading.Event()

        def run(place: int, seat: Seat) -> None:
            request, body = requests[place], io.BytesIO()
            limits = _limits(request, {})
            with seat, seat.frames(holder, json.dumps(frames).encode(), limits, never) as feed:
                asked = json.dumps({**request, "frames_follow": feed is not None}).encode()
                answers[place] = _told(holder.run(asked, limits=limits, outcome=body, following=feed), body)
                answers[place]["alone"] = feed is None

        threads = [threading.Thread(target=run, args=(place, calls.seat())) for place in range(len(requests))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def cold(self, request: dict[str, Any], inputs: dict[str, str], method_folder: str, **limits: Any) -> Any:
        """Run a method in a cold sandbox."""
        order = RunOrder(
            run_id="cold",
            task="method",
            environment=self._environment,
            method_folder=Path(method_folder),
            inputs=tuple(InputFile(Path(path), inside) for inside, path in inputs.items()),
            limits=_limits(request, limits),
            request=json.dumps(request).encode(),
        )
        body, began = io.BytesIO(), time.monotonic()
        report = self._warden.run(order, outcome=body)
        return {**_told(report, body), "took_s": time.monotonic() - began}

    def behind(self, orders: list[dict[str, Any]]) -> dict[str, Any]:
        """Carry out orders at once, and do not wait for them."""
        started = ThreadPoolExecutor(len(orders))
        self._behind = [started.submit(getattr(self, order.pop("do")), **order) for order in orders]
        return {}

    def answer(self, place: int) -> Any:
        """Wait for one of the orders that are carried out behind."""
        return self._behind[place].result()

    def facts(self, name: str) -> dict[str, Any]:
        """Say what a holder holds now, and whether it is alive."""
        return {**asdict(self._holders[name].facts), "alive": self._holders[name].alive}

    def processes(self, name: str) -> list[int]:
        """Say which processes a holder and its ready children are."""
        return list(self._holders[name].processes())

    def warden_processes(self) -> list[int]:
        """Say which processes this one started, and what they started: the warden is the first."""
        return descendants()

    def children(self, name: str) -> list[int]:
        """Processes that a holder has, by the host's numbers."""
        holder = self._holders[name].facts.pid
        return [int(each) for each in Path(f"/proc/{holder}/task/{holder}/children").read_text().split()]

    def close(self, name: str) -> dict[str, Any]:
        """End a holder."""
        self._holders.pop(name).close()
        return {}


def _limits(request: dict[str, Any], others: dict[str, Any]) -> RunLimits:
    named = request["limits"]
    common = {"memory_bytes": named["memory_bytes"], "result_bytes": named["result_bytes"], "cpu_s": named["cpu_s"]}
    return RunLimits(**{**common, "wall_s": 60.0, "tmp_bytes": 1 << 20, **others})


def _told(report: RunReport, body: io.BytesIO) -> dict[str, Any]:
    return {**asdict(report), "outcome": base64.b64encode(body.getvalue()).decode()}


def main(site_class: type[Site] = Site) -> None:
    """Become somebody, start a warden, carry out what comes."""
    adopt_orphans()
    if os.geteuid() == 0:
        drop_to_service_user((), user=SERVICE_USER)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a site logs
    site = site_class(Path(sys.argv[1]))
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(getattr(site, order.pop("do"))(**order)), flush=True, file=answers)


if __name__ == "__main__":
    main()
