"""A contestant: one process with one client library in it, told what to do line by line (see driver.py)."""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import IO, Any

from bench.places import LOGS, PEER_PYTHON, ROOT

START_TIMEOUT_S = 120.0
ORDER_TIMEOUT_S = 600.0
STOP_TIMEOUT_S = 20.0
#: Characters that are shown of what a failed contestant said last.
LINE_LIMIT = 300


class ContestantError(Exception):
    """A contestant could not be started, or could not do its work."""


class Contestant:
    """A process that does one peer's works and times them; use it in a ``with`` block.

    One that cannot be started says so when it is asked for something: the others go on.

    Parameters
    ----------
    peer
        Module of ``bench.peers``.
    setup
        What it is told at its start.
    python
        Interpreter that has what the peer needs.
    variables
        Further environment variables.
    first
        Number of its first call; contestants that ask the same site need numbers of their own.
    """

    def __init__(
        self,
        peer: str,
        setup: Mapping[str, Any] = MappingProxyType({}),
        *,
        python: Path = PEER_PYTHON,
        variables: Mapping[str, str] = MappingProxyType({}),
        first: int = 0,
    ) -> None:
        self.peer = peer
        self._setup = json.dumps(dict(setup))
        self._python = python
        path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"  # Parsl looks for its own programs there
        self._variables = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "PATH": path, **variables}
        self._process: subprocess.Popen[str] | None = None
        self._orders: IO[str]
        self._answers: IO[str]
        self._calls = first
        self._error = ""
        self._is_ready = False
        self._log = LOGS / f"{peer}-{first}.log"

    def __enter__(self) -> Contestant:
        """Start the process; it gets ready by itself."""
        LOGS.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            try:
                process = subprocess.Popen(
                    (self._python, "-m", "bench.driver", self.peer, self._setup),
                    cwd=ROOT,
                    env={**os.environ, **self._variables},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    start_new_session=True,
                )
            except OSError as error:
                self._error = f"{self.peer} cannot be started: {error}"
                return self
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._orders, self._answers = process, process.stdin, process.stdout
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask it to end; if it does not, kill it and what it has started."""
        if (process := self._process) is None:
            return
        with contextlib.suppress(OSError):
            self._orders.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_TIMEOUT_S)
        with contextlib.suppress(ProcessLookupError):  # its own session: nothing of anybody else's
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def wait_until_ready(self) -> None:
        """Wait until it can be asked; one that cannot get ready raises nothing here."""
        if not self._is_ready and not self._error:
            with contextlib.suppress(ContestantError):
                self._answer(START_TIMEOUT_S)
                self._is_ready = True

    def time(self, work: str, *, times: int = 1, idle_s: float = 0.0, at_most_s: float = math.inf) -> list[float]:
        """Seconds of each of so many calls, which are numbered on and on, so that no two are alike.

        No call begins after ``at_most_s``, but the first.

        Raises
        ------
        ContestantError
            If a call failed.
        """
        seconds: list[float] = self._ask("time", work, times=times, idle_s=idle_s, at_most_s=at_most_s)["seconds"]
        self._calls += times
        return seconds

    def count(self, work: str, *, for_s: float, clients: int = 1) -> int:
        """Calls that so many clients get done in a time.

        Raises
        ------
        ContestantError
            If a call failed.
        """
        done: int = self._ask("count", work, for_s=for_s, clients=clients)["done"]
        self._calls += done
        return done

    def value(self, work: str) -> list[float]:
        """Numbers that a work gives back; those of its last call, if that has left them on disk.

        Raises
        ------
        ContestantError
            If the call failed.
        """
        value: list[float] = self._ask("tell", work)["value"]
        self._calls += 1
        return value

    def _ask(self, do: str, work: str, **order: Any) -> dict[str, Any]:
        self.wait_until_ready()
        if self._error:
            raise ContestantError(self._error)
        try:
            self._orders.write(json.dumps({"do": do, "work": work, "first": self._calls, **order}) + "\n")
            self._orders.flush()
        except OSError:
            raise self._failed("it has ended") from None
        return self._answer(ORDER_TIMEOUT_S)

    def _answer(self, timeout_s: float) -> dict[str, Any]:
        readable, _, _ = select.select([self._answers], [], [], timeout_s)
        if not readable:
            raise self._failed(f"no answer within {timeout_s:g} s")
        if not (line := self._answers.readline()):
            raise self._failed(f"it ended; {self._log} ends with {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ContestantError(f"{self.peer}: {answer['error']}")
        return answer

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "nothing")[:LINE_LIMIT]

    def _failed(self, why: str) -> ContestantError:
        self._error = f"{self.peer}: {why}"
        return ContestantError(self._error)


def start_all(contestants: Sequence[Contestant]) -> None:
    """Wait for contestants that were started at the same time."""
    for one in contestants:
        one.wait_until_ready()
