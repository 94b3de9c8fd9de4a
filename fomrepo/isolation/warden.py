"""The site's handle on the warden: a process of its own, the only one that starts guests (``warden_process``).

Starting processes from a program with gRPC's threads in it hangs, so the site starts the warden before it imports gRPC
and then only talks to it, over one inherited socket with whole messages (SOCK_SEQPACKET):

- site to warden: ``{"do": "run", "order": ...}`` with the guest's end of a socket, ``{"do": "stop", "run_id": ...}``;
  ``{"do": "hold", "order": ...}`` likewise for a holder or a spare, ``{"do": "lower", "order": ...}`` for what a spare
  becomes;
- warden to site: ``{"run_id": ..., "end": ...}`` or ``{"run_id": ..., "unavailable": [message, remedy]}``; of a holder,
  ``{"run_id": ..., "begun": process}`` before that, and ``{"run_id": ..., "lowered": true}`` in answer to the last.

The warden reads no byte that a guest has written but its log, which it only counts and keeps. When its socket closes,
because the site has closed it or is dead, the warden ends, and the kernel ends all guests with it.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO

from fomrepo.errors import FomrepoError, LimitHit, SandboxUnavailableError
from fomrepo.isolation.environment import GuestEnvironment
from fomrepo.isolation.exchange import converse
from fomrepo.isolation.guest_run import GuestEnd
from fomrepo.isolation.holder import Holder, HolderFacts, HolderFailed
from fomrepo.isolation.launch import start_module
from fomrepo.isolation.limits import RunLimits
from fomrepo.isolation.orders import MESSAGE_BYTES, HoldOrder, InputFile, RunOrder, RunReport, receive_message
from fomrepo.isolation.policy import guest_policy, holder_policy
from fomrepo.isolation.report import run_report
from fomrepo.isolation.spare import Spare

__all__ = ["GuestEnvironment", "InputFile", "LimitHit", "RunLimits", "RunOrder", "RunReport", "Warden"]

#: Ends a holder or a spare, and returns the warden's last word of it.
_Ending = Callable[[], dict[str, Any] | None]

#: What only the last reply about a run or holder has.
_LAST = {"end", "unavailable"}

#: What a holder says of itself, or of its failure.
FACTS_BYTES = 1024 * 1024


class Warden:
    """The site's handle on its warden process. Any number of threads may run guests by it at once.

    Examples
    --------
    >>> warden = Warden.start()                                       # doctest: +SKIP
    >>> report = warden.run(order, outcome=file)                      # doctest: +SKIP
    >>> report.ended                                                  # doctest: +SKIP
    'outcome'
    """

    def __init__(self, control: socket.socket, process_end: Callable[[], object]) -> None:
        self._control = control
        self._process_end = process_end
        self._send_lock = threading.Lock()
        self._waiting: dict[str, queue.SimpleQueue[dict[str, Any] | None]] = {}
        self._waiting_lock = threading.Lock()
        self._gone = False
        self._numbers = itertools.count()
        self._listener = threading.Thread(target=self._hand_out_replies, name="warden replies", daemon=True)
        self._listener.start()

    @classmethod
    def start(cls) -> Warden:
        """Start a warden process, as this user.

        Raises
        ------
        SandboxUnavailableError
            This process is root: a guest would be root outside its sandbox.
        """
        if os.geteuid() == 0:
            raise SandboxUnavailableError(
                "guests are never run by root",
                remedy="start the site as an ordinary user, or let it become its service user (drop_to_service_user)",
            )
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (ours, its):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MESSAGE_BYTES)
        with its:
            process = start_module("fomrepo.isolation.warden_process", (str(its.fileno()),), inherited=its.fileno())
        return cls(ours, process.wait)

    def run(
        self,
        order: RunOrder,
        *,
        outcome: BinaryIO,
        on_progress: Callable[[int, int], None] | None = None,
        cancelled: threading.Event | None = None,
        following: Iterable[bytes] | None = None,
    ) -> RunReport:
        """Run one guest to its end; blocks until nothing of it is alive.

        Parameters
        ----------
        order
            What to run, on what, with which limits.
        outcome
            Gets the body of the outcome container as it comes; worthless unless the report says ``outcome``.
        on_progress
            Called on this thread with (done, total).
        cancelled
            Set it from another thread to end the run.
        following
            What the guest reads after its request; None where nothing follows.

        Raises
        ------
        SandboxUnavailableError
            The sandbox could not be made, or the warden is gone.
        ValueError
            The order cannot be carried out: an input is not a regular file.
        """
        guest_policy(order)  # refuse an impossible order here, where its author sees it
        key = f"{order.run_id}#{next(self._numbers)}"
        ours, replies = self._order(key, {"do": "run", "order": replace(order, run_id=key).to_plain()})
        with ours:
            try:
                exchange = converse(
                    ours,
                    order.request,
                    outcome,
                    result_bytes=order.limits.result_bytes,
                    on_progress=on_progress,
                    is_cancelled=cancelled.is_set if cancelled is not None else lambda: False,
                    following=following,
                )
                if exchange.ended in ("hostile", "limit", "cancelled"):
                    self._send({"do": "stop", "run_id": key})
            except BaseException:
                self._send({"do": "stop", "run_id": key})
                raise
            finally:
                reply = self._last_reply(key, replies)
        return run_report(exchange, _end_from_plain(_checked(reply)["end"]))

    def spare(self, order: HoldOrder) -> Spare:
        """Start a sandbox that may become a holder; blocks until everything is imported in it.

        Parameters
        ----------
        order
            Without inputs, and with room for them; its limits are the most that the holder may have.

        Raises
        ------
        SandboxUnavailableError
            The sandbox could not be made, or the warden is gone.
        """
        key, ours, replies = self._order_holder(order)
        with ExitStack() as undo:
            end = partial(self._end_holder, key, replies)
            undo.callback(end)
            undo.callback(ours.close)
            spare = Spare(ours, _begun(replies), partial(self._lower, key, replies), end)
            spare.prepare()
            undo.pop_all()
        return spare

    def hold(self, order: HoldOrder, *, spare: Spare | None = None, cancelled: threading.Event | None = None) -> Holder:
        """Start a holder; blocks until it has its data and a first child is ready.

        Parameters
        ----------
        order
            What to hold, and the limits of each child; opening the data may take as long as one of them.
        spare
            Becomes the holder; it is used up, whatever comes of it. None: a sandbox is made.
        cancelled
            Set it from another thread to give up.

        Raises
        ------
        HolderFailed
            The data cannot be opened, or not within the limits, or it was cancelled; the report says how it ended.
        SandboxUnavailableError
            The sandbox could not be made, or the warden is gone.
        ValueError
            An input is not a regular file.
        """
        holder_policy(order)
        begun = time.monotonic()

        def is_over() -> bool:
            return time.monotonic() - begun > order.limits.wall_s or (cancelled is not None and cancelled.is_set())

        with ExitStack() as undo:
            if spare is None:
                key, ours, replies = self._order_holder(order)
                end: _Ending = partial(self._end_holder, key, replies)
                undo.callback(end)
                undo.callback(ours.close)
                process = _begun(replies)
            else:
                undo.callback(spare.close)
                ours, end, process = spare.talk, spare.end, spare.process
                spare.hand_over(order)
            body = io.BytesIO()
            exchange = converse(ours, order.request, body, result_bytes=FACTS_BYTES, is_cancelled=is_over)
            wall_s = time.monotonic() - begun
            if exchange.ended == "cancelled" and wall_s > order.limits.wall_s:
                exchange = replace(exchange, ended="limit", limit=LimitHit("wall", order.limits.wall_s, wall_s, "s"))
            facts = _facts(body.getvalue(), process, order) if exchange.ended == "outcome" else None
            if not isinstance(facts, HolderFacts):
                raise HolderFailed(run_report(exchange, _end_from_plain(_checked(end())["end"])), facts)
            _check_single_thread(process)
            holder = Holder(facts, ours, end)
            undo.pop_all()
        try:
            holder.wait_until_ready()
        except BaseException:
            holder.close()
            raise
        return holder

    def close(self) -> None:
        """End the warden and every guest that is still running; their runs return ``crashed``."""
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        self._process_end()
        self._listener.join()
        self._control.close()

    def _order_holder(self, order: HoldOrder) -> tuple[str, socket.socket, queue.SimpleQueue[dict[str, Any] | None]]:
        """Give an order for a holder or a spare; returns its key, our end of its socket, and where replies will be."""
        key = f"{order.hold_id}#{next(self._numbers)}"
        return key, *self._order(key, {"do": "hold", "order": replace(order, hold_id=key).to_plain()})

    def _end_holder(self, key: str, replies: queue.SimpleQueue[dict[str, Any] | None]) -> dict[str, Any] | None:
        self._send({"do": "stop", "run_id": key})
        return self._last_reply(key, replies)

    def _lower(self, key: str, replies: queue.SimpleQueue[dict[str, Any] | None], order: HoldOrder) -> None:
        """Lower the limits of a spare; returns when they hold."""
        self._send({"do": "lower", "order": replace(order, hold_id=key).to_plain()})
        reply = replies.get()
        if reply is None or "lowered" not in reply:
            replies.put(reply)  # it was the last one
            raise SandboxUnavailableError("a spare sandbox does not take its files: it has ended")

    def _order(
        self, key: str, message: dict[str, Any]
    ) -> tuple[socket.socket, queue.SimpleQueue[dict[str, Any] | None]]:
        """Give an order with the guest's end of a new socket; returns our end, and where the replies will be."""
        replies: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        ours, guests = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with guests, self._waiting_lock:
            self._waiting[key] = replies
            if self._gone:
                replies.put(None)
            else:
                self._send(message, guests.fileno())
        return ours, replies

    def _last_reply(self, key: str, replies: queue.SimpleQueue[dict[str, Any] | None]) -> dict[str, Any] | None:
        """Wait for the end of a run or holder; None if the warden is gone. Several threads may wait for it."""
        with self._waiting_lock:
            if key not in self._waiting:
                return None
        reply = replies.get()
        while reply is not None and not reply.keys() & _LAST:
            reply = replies.get()
        replies.put(reply)
        with self._waiting_lock:
            self._waiting.pop(key, None)
        return reply

    def _send(self, message: dict[str, Any], *descriptors: int) -> None:
        with self._send_lock, suppress(BrokenPipeError, ConnectionResetError):  # the reply will be that it is gone
            socket.send_fds(self._control, [json.dumps(message).encode()], descriptors)

    def _hand_out_replies(self) -> None:
        """Give each reply to the thread that waits for it; at the end of the warden, tell all."""
        while message := receive_message(self._control)[0]:
            reply = json.loads(message)
            with self._waiting_lock:
                self._waiting[reply["run_id"]].put(reply)
        with self._waiting_lock:
            self._gone = True
            for replies in self._waiting.values():
                replies.put(None)


def _facts(body: bytes, process: int, order: HoldOrder) -> HolderFacts | FomrepoError:
    """Read what a holder holds, or why it holds nothing."""
    from fomrepo.isolation.outcome import read_holder_facts  # numpy: the warden process stays without it

    try:
        n_frames, decoded, frame_bytes = read_holder_facts(body)
    except FomrepoError as error:
        return error
    return HolderFacts(n_frames, decoded, min(frame_bytes, order.holder_memory_bytes), 0, process)


def _check_single_thread(process: int) -> None:
    """Refuse a holder that has threads: a fork would lose them, perhaps with a lock that they hold."""
    try:
        threads = len(os.listdir(f"/proc/{process}/task"))
    except FileNotFoundError:
        raise SandboxUnavailableError("a holder ended as soon as it had its data") from None
    if threads != 1:
        raise SandboxUnavailableError(
            f"importing the guest environment starts {threads - 1} threads, so no process can be forked from it",
            remedy="run its methods cold, or lock packages that start none",
        )


def _begun(replies: queue.SimpleQueue[dict[str, Any] | None]) -> int:
    """Wait until a holder's sandbox is made; returns its process."""
    reply = replies.get()
    if reply is None or "begun" not in reply:
        replies.put(reply)  # it was the last one
    process: int = _checked(reply)["begun"]
    return process


def _checked(reply: dict[str, Any] | None) -> dict[str, Any]:
    """Give back a reply, unless it is that there was no sandbox, or no warden."""
    if reply is None:
        raise SandboxUnavailableError("the warden process is gone", remedy="restart the site")
    if "unavailable" in reply:
        message, remedy = reply["unavailable"]
        raise SandboxUnavailableError(message, remedy=remedy)
    return reply


def _end_from_plain(plain: dict[str, Any]) -> GuestEnd:
    limit = plain.pop("limit")
    return GuestEnd(limit=None if limit is None else LimitHit(**limit), **plain)
