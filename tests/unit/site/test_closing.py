"""Files that were handed over and do not close."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from fomrepo.errors import SiteBusyError, SiteUnreachableError
from fomrepo.site import closing
from fomrepo.site.closing import CLOSING_LIMIT, Closing
from fomrepo.wire.door import receive_message
from tests.federation.records import until

ADA, BOB = 1000, 1001


def test_who_has_files_that_do_not_close_hands_over_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    monkeypatch.setattr(closing, "os", type("os", (), {"close": staticmethod(lambda _: answers.wait(60))}))
    door = Closing()
    for _ in range(CLOSING_LIMIT):
        door.let_in(ADA)
        door.close(-1, ADA)  # and nobody waits
    with pytest.raises(SiteBusyError, match="do not close"):
        door.let_in(ADA)
    door.let_in(BOB)
    answers.set()
    until(lambda: not any(door._files.values()))
    door.let_in(ADA)


def test_a_file_that_comes_with_no_message_is_closed_as_its_receiver_says(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    closed: list[int] = []
    ours, theirs = socket.socketpair()
    with ours, theirs, (tmp_path / "file").open() as file:
        socket.send_fds(theirs, [b"\xff\xff\xff\xff"], [file.fileno()])
        with pytest.raises(SiteUnreachableError):
            receive_message(ours, close=closed.append)
    assert len(closed) == 1
    os.close(closed[0])
