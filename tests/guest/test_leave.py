"""How far a probe looks: the host gives leave on the socket on which the request came."""

from __future__ import annotations

import socket
import threading

from sandbox.leave import Leave


def test_each_byte_gives_leave_for_so_many_and_the_end_for_all() -> None:
    host, guest = socket.socketpair()
    with host, guest, guest.makefile("rb") as stream:
        leave, said = Leave(stream, 100), []
        host.send(b"..")
        leave.wait_for(0, lambda: said.append("before"))
        leave.wait_for(199, lambda: said.append("within"))
        assert said == ["before"]
        waiting = threading.Thread(target=leave.wait_for, args=(200, lambda: said.append("at 200")))
        waiting.start()
        waiting.join(0.05)
        assert waiting.is_alive()
        assert said[-1] == "at 200"  # said before it waits
        host.send(b".")
        waiting.join(10)
        assert not waiting.is_alive()
        host.shutdown(socket.SHUT_WR)
        leave.wait_for(10**12, lambda: None)
        leave.wait_for(10**15, lambda: said.append("after the end"))
        assert said[-1] == "at 200"


def test_where_none_is_needed_nothing_is_waited_for() -> None:
    host, guest = socket.socketpair()
    with host, guest, guest.makefile("rb") as stream:
        Leave(stream, 0).wait_for(10**12, lambda: (_ for _ in ()).throw(AssertionError))
