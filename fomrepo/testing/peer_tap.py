"""A gateway before the sites' own listener of one site, which counts what passes: every byte, encrypted as it is."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType


class PeerTap:
    """Passes connections on to another address on this machine and counts the bytes of both directions.

    It can stop in the middle, as a cable does that somebody pulls: see ``hold_after``.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._count = 0
        self._target: tuple[str, int] | None = None
        self._held_at: int | None = None
        self._open = threading.Event()
        self._open.set()
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def passed_bytes(self) -> int:
        """Bytes that have passed so far, both directions together."""
        with self._lock:
            return self._count

    def lead_to(self, address: str) -> None:
        """Say where connections go from now on."""
        host, _, port = address.rpartition(":")
        self._target = (host, int(port))

    def hold_after(self, further_bytes: int) -> None:
        """Let so many bytes pass from now on, and then none until ``release`` is called."""
        with self._lock:
            self._held_at = self._count + further_bytes

    def release(self) -> None:
        """Let everything pass again."""
        with self._lock:
            self._held_at = None
        self._open.set()

    def __enter__(self) -> PeerTap:
        """Begin to accept."""
        threading.Thread(target=self._accept, name="peer-tap", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Accept no more."""
        self._listener.close()
        self.release()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            try:
                site = socket.create_connection(self._target or ("127.0.0.1", 0), timeout=5)
                site.settimeout(None)
            except OSError:
                caller.close()
                continue
            for source, target in ((caller, site), (site, caller)):
                threading.Thread(target=self._pass, args=(source, target), name="peer-tap-pass", daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                with self._lock:
                    self._count += len(data)
                    if self._held_at is not None and self._count > self._held_at:
                        self._open.clear()
                self._open.wait()
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
