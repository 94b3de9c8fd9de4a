"""Sites that die at a named step of a deposit: ``python -m soak.mortal_sites`` forks one for each line on its stdin.

A line is JSON: ``home`` and ``variables``; the answer is the site's process id. Everything is imported and the wall is
tried out once, before the first fork, so that a site that was killed is back within half a second. Where a site dies
stands in ``HOME/die-at``, which it reads whenever it comes to a step.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fomrepo.site import serve
from fomrepo.testing.federation import LocalSite
from soak.deposit_steps import ABANDON_STEPS, PLACE_STEPS, REFUSAL_STEPS, SITE_STEPS, die_at


class SiteForks:
    """The program that forks sites; use it in a ``with`` block."""

    def __enter__(self) -> SiteForks:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "soak.mortal_sites"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def fork(self, home: Path, variables: Mapping[str, str]) -> int:
        """Start the site of a home; returns its process id."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"home": str(home), "variables": dict(variables)}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


class MortalSite(LocalSite):
    """A site that dies where it is told to.

    Parameters
    ----------
    forks
        What starts it.
    home, variables
        As for every local site.
    """

    def __init__(self, forks: SiteForks, home: Path, variables: Mapping[str, str]) -> None:
        super().__init__(home, variables)
        self._forks = forks

    def begin_start(self) -> None:
        """Fork the process without waiting until it is ready."""
        self._process = _Forked(self._forks.fork(self.home, self._variables))

    def die_at(self, step: str) -> None:
        """Say at which step it dies the next time; empty: at none."""
        (self.home / "die-at").write_text(step)

    def wait_until_dead(self, timeout_s: float) -> None:
        """Wait until it has died.

        Raises
        ------
        TimeoutError
            If it does not come to the step in time.
        """
        assert self._process is not None
        self._process.wait(timeout_s)
        self._wait()
        (self.home / "ready.json").unlink(missing_ok=True)


class _Forked:
    """A process that is a child of somebody else."""

    def __init__(self, pid: int) -> None:
        self.pid, self._handle = pid, os.pidfd_open(pid)

    @property
    def ended(self) -> bool:
        return self._ends_within(0)

    def wait(self, timeout_s: float) -> int:
        if not self._ends_within(timeout_s):
            raise TimeoutError(f"process {self.pid} did not end within {timeout_s:g} s")
        return 0

    def _ends_within(self, timeout_s: float) -> bool:
        return bool(select.select([self._handle], [], [], timeout_s)[0])


def main() -> None:
    """Answer until nobody asks any more."""
    os.environ["GRPC_SSL_CIPHER_SUITES"] = serve.CIPHERS_WITHOUT_TLS_1_2
    from fomrepo.site import server  # noqa: F401 - a site imports it, and gRPC, late; nothing of gRPC is used here

    wall = serve.detect_wall()
    serve.detect_wall = lambda: wall
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for sites
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _serve(json.loads(line))
        print(child, flush=True)


def _serve(order: dict[str, Any]) -> None:
    home = Path(str(order["home"]))
    os.setsid()
    output = os.open(home / "output.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(order["variables"])
    place = home / "die-at"
    every = {**SITE_STEPS, **PLACE_STEPS, **ABANDON_STEPS, **REFUSAL_STEPS}
    die_at(every, lambda name: place.exists() and place.read_text() == name)
    serve.serve(home)
    os._exit(0)


if __name__ == "__main__":
    main()
