"""Sites of tests, forked from one process that has imported what a site needs: each import of it takes a second.

A fork is the process that ``python -m fomrepo.site`` would be: in a session of its own, with the same output, variables
and signals. gRPC is not imported before the fork, as it is not before the warden has started (``fomrepo.site.serve``).
"""

from __future__ import annotations

import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


class SiteForks:
    """The process that forks sites; it starts with the first one."""

    def __init__(self) -> None:
        self._orders: socket.socket | None = None

    def start(self, module: str, arguments: tuple[str, ...], *, output: Path, more: Mapping[str, str]) -> ForkedProgram:
        """Do what ``fomrepo.isolation.launch.start_program`` does."""
        if self._orders is None:
            self._orders, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with its:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", __file__, str(its.fileno())],
                    pass_fds=[its.fileno()],
                    env={
                        **os.environ,
                        "OPENBLAS_NUM_THREADS": "1",
                    },  # numpy starts threads else
                )
        order = {"module": module, "arguments": arguments, "folder": os.getcwd(), "variables": {**os.environ, **more}}
        with output.open("ab") as log:
            socket.send_fds(self._orders, [json.dumps(order).encode()], [log.fileno()])
        answer, (handle,), _, _ = socket.recv_fds(self._orders, 100, 1)
        return ForkedProgram(int(answer), handle)

    def close(self) -> None:
        """End the process; sites that were forked go on."""
        if self._orders is not None:
            self._orders.close()
            self._process.kill()  # which takes no time
            self._process.wait()


class ForkedProgram:
    """A process that is a child of another one: what ``fomrepo.isolation.launch.Program`` is."""

    def __init__(self, pid: int, handle: int) -> None:
        self.pid, self._handle = pid, handle

    def __del__(self) -> None:
        os.close(self._handle)

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
    """Fork a process for each order, and in it return; end when nobody orders any more."""
    orders = socket.socket(fileno=int(sys.argv[1]))
    ends, noticed = socket.socketpair()
    noticed.setblocking(False)
    signal.set_wakeup_fd(noticed.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        readable = select.select([orders, ends], [], [])[0]
        if ends in readable:
            ends.recv(4096)
            while _reap():
                pass
        if orders in readable:
            order, given, _, _ = socket.recv_fds(orders, 1 << 20, 1)
            if not order:
                sys.exit()
            if (child := os.fork()) == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for one in (orders, ends, noticed):
                    one.close()
                _become(json.loads(order), given[0])
                return
            handle = os.pidfd_open(child)  # nobody has reaped it yet: that is done above
            socket.send_fds(orders, [str(child).encode()], [handle])
            for descriptor in (handle, *given):
                os.close(descriptor)


def _reap() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


def _become(order: dict[str, object], output: int) -> None:
    os.setsid()
    for descriptor, source in enumerate((os.open(os.devnull, os.O_RDONLY), output, output)):
        os.dup2(source, descriptor)
    os.close(output)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["variables"])
    sys.argv = [order["module"], *order["arguments"]]


if __name__ == "__main__":
    import fomrepo.site.run
    import fomrepo.site.serve
    import fomrepo.site.trusted_list  # noqa: F401 - loaded before the first fork

    assert "grpc" not in sys.modules
    assert len(os.listdir("/proc/self/task")) == 1
    main()
    runpy.run_module(sys.argv[0], run_name="__main__")
