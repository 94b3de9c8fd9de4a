"""The warden's own process: takes the site's orders, starts guests and holders, and says how they ended.

Host counterpart, with what the two say to each other: ``warden``.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import Any

from fomrepo.errors import SandboxUnavailableError
from fomrepo.isolation.cgroups import find_guest_cgroups
from fomrepo.isolation.guest_run import GuestEnd, Lower, run_guest
from fomrepo.isolation.limits import RunLimits, holder_limits, holder_resource_limits
from fomrepo.isolation.orders import HoldOrder, RunOrder, receive_message
from fomrepo.isolation.policy import guest_policy, holder_policy

__all__ = ["main"]

#: Between two looks at what a holder uses; its children are watched by the site, more closely, while they serve.
HOLDER_LOOK_INTERVAL_S = 0.25


class _Post:
    """Takes orders: one thread a guest, which is also the thread whose end would end that guest."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._send_lock = threading.Lock()
        self._stops: dict[str, int] = {}
        self._lowers: dict[str, Lower] = {}
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()

    def serve(self) -> None:
        """Carry out orders until the site has gone, then end all guests."""
        while True:
            message, descriptors = receive_message(self._control)
            if not message:
                break
            wanted = json.loads(message)
            if wanted["do"] == "run":
                order = RunOrder.from_plain(wanted["order"])
                self._start(order.run_id, partial(_run, order), descriptors[0])
            elif wanted["do"] == "hold":
                hold_order = HoldOrder.from_plain(wanted["order"])
                begun = partial(self._begun, hold_order.hold_id)
                self._start(hold_order.hold_id, partial(_hold, hold_order, begun), descriptors[0])
            elif wanted["do"] == "lower":
                self._lower(HoldOrder.from_plain(wanted["order"]))
            else:
                self._stop(wanted["run_id"])
        for run_id in tuple(self._stops):
            self._stop(run_id)
        for thread in tuple(self._threads):
            thread.join()

    def _stop(self, run_id: str) -> None:
        with self._lock:
            if (stop := self._stops.get(run_id)) is not None:
                os.eventfd_write(stop, 1)

    def _lower(self, order: HoldOrder) -> None:
        """Lower the limits of a spare to those of the holder that it becomes; one that has ended says so itself."""
        with self._lock:
            if (lower := self._lowers.get(order.hold_id)) is None:
                return
            try:
                lower(*_limits_of(order))
            except (OSError, ValueError):  # as it cannot be limited, it ends
                os.eventfd_write(self._stops[order.hold_id], 1)
            else:
                self._say(order.hold_id, lowered=True)

    def _start(self, run_id: str, guard: Callable[[socket.socket, int], GuestEnd], guest_socket: int) -> None:
        stop = os.eventfd(0, os.EFD_CLOEXEC)
        thread = threading.Thread(target=self._guard, args=(run_id, guard, guest_socket, stop), daemon=True)
        with self._lock:
            self._stops[run_id] = stop
            self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError as error:  # this user has too many threads; the other runs go on
            os.close(guest_socket)
            self._reply(run_id, thread, unavailable=[f"no guest can be started: {error}", "let some runs end"])

    def _guard(
        self, run_id: str, guard: Callable[[socket.socket, int], GuestEnd], guest_socket: int, stop: int
    ) -> None:
        reply: dict[str, Any] = {}
        try:
            with socket.socket(fileno=guest_socket) as guests_end:
                reply["end"] = asdict(guard(guests_end, stop))
        except SandboxUnavailableError as error:
            reply["unavailable"] = [error.message, error.remedy]
        except Exception as error:
            reply["unavailable"] = [f"the warden failed: {error!r}", None]
        self._reply(run_id, threading.current_thread(), **reply)

    def _begun(self, hold_id: str, process: int, lower: Lower) -> None:
        with self._lock:
            self._lowers[hold_id] = lower
        self._say(hold_id, begun=process)

    def _reply(self, run_id: str, thread: threading.Thread, **reply: object) -> None:
        with self._lock:
            os.close(self._stops.pop(run_id))
            self._lowers.pop(run_id, None)
        self._say(run_id, **reply)
        with self._lock:
            self._threads.discard(thread)

    def _say(self, run_id: str, **reply: object) -> None:
        with self._send_lock, suppress(OSError):
            self._control.send(json.dumps({"run_id": run_id, **reply}).encode())


def _run(order: RunOrder, guest_socket: socket.socket, stop: int) -> GuestEnd:
    return run_guest(guest_policy(order), order.limits, guest_socket, stop)


def _limits_of(order: HoldOrder) -> tuple[RunLimits, tuple[tuple[int, int], ...]]:
    memory_bytes = order.holder_memory_bytes
    return holder_limits(memory_bytes, order.limits), holder_resource_limits(memory_bytes, order.limits)


def _hold(order: HoldOrder, begun: Callable[[int, Lower], None], guest_socket: socket.socket, stop: int) -> GuestEnd:
    limits, kernel_limits = _limits_of(order)
    return run_guest(
        holder_policy(order),
        limits,
        guest_socket,
        stop,
        kernel_limits=kernel_limits,
        begun=begun,
        look_every_s=HOLDER_LOOK_INTERVAL_S,
        child_memory_bytes=order.limits.memory_bytes,
    )


def main() -> None:
    """Be the warden: ``python -m fomrepo.isolation.warden_process DESCRIPTOR``."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    if (cgroups := find_guest_cgroups()) is not None:
        cgroups.sweep()
    _Post(control).serve()


if __name__ == "__main__":
    main()
