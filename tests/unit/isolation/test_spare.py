"""Spares where descriptors are many, and where limits cannot be lowered."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import select
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fomrepo.isolation.environment import GuestEnvironment
from fomrepo.isolation.limits import RunLimits
from fomrepo.isolation.orders import HoldOrder
from fomrepo.isolation.spare import SPARE_REQUEST, Spare
from fomrepo.isolation.warden import Warden
from fomrepo.isolation.warden_process import _Post

NOWHERE = Path("/nowhere")
ENVIRONMENT = GuestEnvironment("mdanalysis", "00", NOWHERE, (), (), NOWHERE)
#: select() takes numbers below 1024.
HIGH = 1100


@pytest.fixture
def many_descriptors() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft <= HIGH:
        resource.setrlimit(resource.RLIMIT_NOFILE, (HIGH + 1, hard))


@pytest.mark.usefixtures("many_descriptors")
def test_whether_it_waits_is_seen_whatever_the_number_of_its_socket() -> None:
    ours, its = socket.socketpair()
    with ours, its, socket.socket(fileno=fcntl.fcntl(ours, fcntl.F_DUPFD_CLOEXEC, HIGH)) as high:
        spare = Spare(high, 0, lambda _: None, lambda: None)
        assert spare.alive
        its.close()
        assert not spare.alive


@pytest.mark.parametrize("fault", [PermissionError(1, "not its own"), ValueError("not allowed to raise maximum limit")])
def test_one_that_cannot_be_limited_is_ended_and_the_warden_goes_on(fault: Exception) -> None:
    def refuse(*_: object) -> None:
        raise fault

    order = HoldOrder("key", ENVIRONMENT, (), SPARE_REQUEST, RunLimits(), holder_memory_bytes=1 << 30)
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, its:
        post, stop = _Post(its), os.eventfd(0, os.EFD_CLOEXEC)
        post._stops["key"], post._lowers["key"] = stop, refuse
        post._lower(order)
        assert select.select([stop, ours.fileno()], [], [], 0)[0] == [stop]
        os.close(stop)


def test_whoever_ends_it_at_the_same_time_hears_of_its_end() -> None:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        warden = Warden(ours, lambda: None)
        key, talk, replies = warden._order_holder(
            HoldOrder("key", ENVIRONMENT, (), SPARE_REQUEST, RunLimits(), 1 << 30)
        )
        with talk, ThreadPoolExecutor() as threads:
            ends = [threads.submit(warden._end_holder, key, replies) for _ in range(2)]
            said: list[dict[str, object]] = [{"begun": 7}, {"lowered": True}, {"end": {}}]
            for reply in said:
                its.send(json.dumps({"run_id": key, **reply}).encode())
            assert {"run_id": key, "end": {}} in [one.result(10.0) for one in ends]
        its.shutdown(socket.SHUT_RDWR)
        warden.close()
