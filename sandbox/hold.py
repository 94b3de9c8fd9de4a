"""Guest: a holder: opens the data once, decodes it, and forks a child ahead of each call; runs no method itself.

Host counterpart: fomrepo/isolation/holder. The steps are those of docs/guest-protocol.md.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import struct
import sys
import threading
from contextlib import suppress
from typing import NoReturn

from sandbox.answer import Answer
from sandbox.container import Container
from sandbox.failures import failure
from sandbox.hold_child import Fork, Inheritance, be_child
from sandbox.hold_decode import decode, new_memory
from sandbox.hold_kernel import fork_into_namespaces, gather_into_huge_pages
from sandbox.hold_reader import reads_once
from sandbox.hold_rehearsal import rehearse
from sandbox.load import load_input
from sandbox.request import HoldRequest
from sandbox.second_filter import install_filter, read_filter

HOST_DESCRIPTOR = 3
ORDER = struct.Struct("<QQQ")  # fields of hold_child.Fork; the child's socket and log come beside it
ORDER_DESCRIPTORS = 2


def hold(request: HoldRequest, *, holder_filter: str, second_filter: str, method_folder: str) -> NoReturn:
    """Open, decode, tell the host, and fork a child for each of its orders until it has gone."""
    # 3. Memory for the frames: the filter allows no more of it later.
    memories = [new_memory() for _ in request.inputs]
    # 4. Install the holder's filter: the second one, and what it takes to fork children and to fill that memory.
    second = read_filter(second_filter)
    install_filter(read_filter(holder_filter))
    # 5. Open the data; decode what fits.
    answer = Answer(os.dup(HOST_DESCRIPTOR))
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=HOST_DESCRIPTOR)  # the kernel is not asked
    try:
        universes = [load_input(given) for given in request.inputs]
    except Exception as error:
        answer.outcome(failure(error, method_folder=method_folder, opening_data=True))
        os._exit(0)
    budget = request.frame_budget_bytes
    frame_bytes, n_frames, closed_readers = 0, [], []
    for universe, memory in zip(universes, memories, strict=True):
        reader = getattr(universe, "trajectory", None)
        n_frames.append(0 if reader is None else len(reader))
        if reader is None or reads_once(reader):
            os.close(memory)
            continue
        filled = decode(reader, memory, budget - frame_bytes, lambda: install_filter(second))
        frame_bytes += filled
        if not filled:
            closed_readers.append(reader)
    # 6. One thread, or a fork would lose the others; what is there now is never collected.
    if threading.active_count() != 1:
        raise RuntimeError("the imports started threads, so nothing can be forked")
    if not closed_readers:
        rehearse(request, universes, method_folder)  # what is made at first use is then there for all children
    gc.collect()
    gather_into_huge_pages(gc.get_objects())
    gc.freeze()
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    # 7. Say what is held; from now on the host only gives orders.
    facts = {"n_frames": n_frames[0], "decoded": not closed_readers, "frame_bytes": frame_bytes}
    answer.outcome(Container({"status": "ok", "facts": facts}, {}))
    control.shutdown(socket.SHUT_WR)
    _fork_children(control, Inheritance(request, universes, tuple(closed_readers), second, method_folder))


def _fork_children(control: socket.socket, inherited: Inheritance) -> NoReturn:
    """Fork a child for each order, and bury the dead."""
    logs: dict[int, tuple[int, int]] = {}  # pidfd -> process, log
    poll = select.poll()
    poll.register(control, select.POLLIN)
    while True:
        for ready, _ in poll.poll():
            if ready in logs:
                poll.unregister(ready)
                _bury(ready, *logs.pop(ready))
                continue
            order, descriptors, _, _ = socket.recv_fds(control, ORDER.size, ORDER_DESCRIPTORS)
            if len(order) != ORDER.size or len(descriptors) != ORDER_DESCRIPTORS:
                os._exit(0)  # the host has gone
            talk, log = descriptors
            sys.stdout.flush()
            process = fork_into_namespaces()
            if process == 0:
                be_child(inherited, Fork(talk, log, *ORDER.unpack(order)))
            os.close(talk)
            handle = os.pidfd_open(process)
            logs[handle] = process, log
            poll.register(handle, select.POLLIN)


def _bury(handle: int, process: int, log: int) -> None:
    """Reap a child; if it crashed, its log says by what."""
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if status < 0 and status != -signal.SIGKILL and select.select([], [log], [], 0)[1]:
        with suppress(OSError):
            os.write(log, f"\nended by {signal.Signals(-status).name}\n".encode())
    os.close(log)
    os.close(handle)
