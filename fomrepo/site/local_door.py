"""A site's door for commands on its own machine: a Unix socket, over which open files are handed in.

1. Who is at the door the kernel says: process, user and group (SO_PEERCRED). That is recorded with every file.
2. Who he is to the federation his token says, as everywhere.
3. He says what he wants: to have a file of his own draft copied; to register files where they lie; or, as root or the
   site's own user, to have those read again.
4. A file is only ever taken as an open one: in place together with the path that it was opened by.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

from fomrepo.errors import ArgumentError, FomrepoError, NotAllowedError, NotFoundError, SiteBusyError
from fomrepo.model.files import Place
from fomrepo.site.authenticate import authenticate
from fomrepo.site.closing import Closing
from fomrepo.site.deposit import DepositDesk
from fomrepo.site.in_place import Conversation, InPlaceDesk
from fomrepo.site.load import RETRY_AFTER_S
from fomrepo.site.local_copy import LocalCopies, LocalCopy
from fomrepo.site.log import log_unexpected, logger
from fomrepo.site.parts import SiteParts
from fomrepo.site.scrub import Scrub, Scrubbed
from fomrepo.site.single_pass import HandedFile
from fomrepo.wire.door import PROTOCOL, failure_message, receive_message, send_message

#: Who is at the door at the same time: each has a thread and at most one open file.
VISITORS_LIMIT = 16

#: Seconds within which a visitor has to go on.
SILENCE_LIMIT_S = 60.0

#: How often a visitor is told how far a reading is, in seconds.
TOLD_EVERY_S = 0.2

_CREDENTIALS = struct.Struct("3i")


class LocalDoor:
    """The door of one site; open from ``start`` to ``close``."""

    def __init__(self, site: SiteParts, deposits: DepositDesk, desk: InPlaceDesk, scrub: Scrub) -> None:
        self._site, self._deposits, self._desk, self._scrub = site, deposits, desk, scrub
        self._copies, self._closing = LocalCopies(), Closing()
        self._path = str(site.door)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._visitors = threading.BoundedSemaphore(VISITORS_LIMIT)

    def start(self) -> None:
        """Open it; a site whose door cannot be opened does everything else."""
        try:
            with suppress(FileNotFoundError):
                if stat.S_ISSOCK(os.lstat(self._path).st_mode):
                    os.unlink(self._path)  # left by a kill: the lock of the home says that no other site is there
            self._socket.bind(self._path)
            os.chmod(self._path, 0o666)  # noqa: S103 - whoever may pass the folders above may knock
            self._socket.listen(VISITORS_LIMIT)
        except OSError as error:
            logger.warning("no door for commands on this machine", path=self._path, error=str(error))
            self._socket.close()
            return
        threading.Thread(target=self._welcome, name="door", daemon=True).start()

    def close(self) -> None:
        """Close it; who is inside is left to his command, which can be run again."""
        with suppress(OSError):  # it was never open
            self._socket.shutdown(socket.SHUT_RDWR)
            os.unlink(self._path)
        self._socket.close()

    def _welcome(self) -> None:
        while True:
            try:
                visitor, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(visitor,), name="visitor", daemon=True).start()

    def _serve(self, visitor: socket.socket) -> None:
        with visitor:
            visitor.settimeout(SILENCE_LIMIT_S)
            try:
                try:
                    send_message(visitor, self._answer(visitor))
                except FomrepoError as error:
                    send_message(visitor, failure_message(error))
                except Exception as error:
                    send_message(visitor, failure_message(log_unexpected(error)))
            except FomrepoError as error:  # he has gone
                logger.info("visitor", error=error.message)

    def _answer(self, visitor: socket.socket) -> Mapping[str, Any]:
        if not self._visitors.acquire(blocking=False):
            raise SiteBusyError(
                f"{VISITORS_LIMIT} commands are at the door of {self._site.name}",
                remedy=f"try again in {RETRY_AFTER_S} s",
                facts={"retry_after_s": str(RETRY_AFTER_S)},
            )
        try:
            _, user, _ = _CREDENTIALS.unpack(
                visitor.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            )
            wanted, file = self._received(visitor, user)
            with ExitStack() as handed:
                copy = None if file is None else handed.enter_context(self._taken(file, user))
                if wanted.get("protocol") != PROTOCOL:
                    raise ArgumentError(
                        f"{self._site.name} speaks protocol {PROTOCOL} at its door", remedy="update fomrepo"
                    )
                if wanted.get("do") == "copy":
                    return self._copied(visitor, user, wanted, copy)
            if wanted.get("do") == "scrub":
                return self._scrubbed(visitor, user, wanted)
            return self._placed(visitor, user, wanted)
        finally:
            self._visitors.release()

    def _received(self, visitor: socket.socket, user: int) -> tuple[dict[str, Any], int | None]:
        """Receive a message, and perhaps a file, of somebody whose files close."""
        self._closing.let_in(user)
        return receive_message(visitor, close=lambda file: self._closing.close(file, user))

    def _taken(self, file: int, user: int) -> LocalCopy:
        try:
            return self._copies.of(file)
        except SiteBusyError:
            self._closing.close(file, user)
            raise

    def _copied(
        self, visitor: socket.socket, user: int, wanted: Mapping[str, Any], copy: LocalCopy | None
    ) -> Mapping[str, Any]:
        """Take a file of a draft as if its bytes came over the wire."""
        principal = authenticate(self._site.catalog, [("authorization", f"Bearer {wanted.get('token', '')}")])
        try:
            deposit, name = self._deposits.get(principal, _text(wanted["deposit"])), _text(wanted["name"])
        except (TypeError, KeyError, ValueError):
            raise ArgumentError("the file to copy is not described as it should be") from None
        upload = next((one for one in deposit.uploads if one.file.name == name), None)
        if upload is None or copy is None:
            raise NotFoundError(f"{name!r} is no file of deposit {deposit.id}, or was not handed over")
        pace, offset = _Pace(), self._deposits.received(upload)

        def told(done: int) -> None:
            if pace.is_due(name):
                send_message(visitor, {"step": f"copying {name}", "done": done, "total": upload.file.size})

        received, digest = self._deposits.upload(
            principal, deposit.id, name, offset=offset, pieces=copy.pieces(upload.file, offset, told=told)
        )
        logger.info("copied at the door", deposit=deposit.id, file=name, bytes=received - offset, user=user)
        return {"received": received, "digest": digest or ""}

    def _placed(self, visitor: socket.socket, user: int, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
        principal = authenticate(self._site.catalog, [("authorization", f"Bearer {wanted.get('token', '')}")])
        pace = _Pace()

        def hand_over(name: str) -> HandedFile:
            send_message(visitor, {"want": name})
            answer, descriptor = self._received(visitor, user)
            if descriptor is None:
                raise ArgumentError(f"{name} was not handed over", remedy="run the command again")
            close = partial(self._closing.close, descriptor, user)
            return HandedFile(descriptor, str(answer.get("path", "")), user, close)

        def told(step: str, done: int, total: int) -> None:
            if pace.is_due(step):
                send_message(visitor, {"step": step, "done": done, "total": total})

        def placed(name: str, place: Place, digest: str) -> None:
            send_message(visitor, {"file": name, "guard": place.guard.value, "digest": digest})

        names = self._desk.place(principal, str(wanted.get("deposit", "")), Conversation(hand_over, told, placed))
        return {"placed": list(names), "site": self._site.name}

    def _scrubbed(self, visitor: socket.socket, user: int, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
        if user not in (0, os.geteuid()):
            raise NotAllowedError(
                f"only root and the user of {self._site.name} may have all files in place read again",
                remedy="run the command as one of them",
            )

        def found(one: Scrubbed) -> None:
            state = "unknown" if one.disk_fails else None if one.now is None else one.now.value
            send_message(visitor, {"digest": one.digest, "path": one.path, "before": one.before.value, "now": state})

        rate = wanted.get("mib_s", 0)
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 2**20:
            raise ArgumentError("the rate of a scrub is a number of MiB/s from 0 on")
        self._scrub.all(found, mib_s=float(rate))
        return {"ended": True, "site": self._site.name}


class _Pace:
    """Lets a visitor hear of each step at once, and then of how far it is now and then."""

    def __init__(self) -> None:
        self._step, self._next = "", 0.0

    def is_due(self, step: str) -> bool:
        now = time.monotonic()
        if step == self._step and now < self._next:
            return False
        self._step, self._next = step, now + TOLD_EVERY_S
        return True


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError("a text of another form")
    value.encode()  # JSON can hold what no text can
    return value
