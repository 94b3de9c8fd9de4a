"""Serve the pages until somebody ends it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from fomrepo.errors import SettingsError

#: Requests that are answered at a time; more wait in the kernel's queue, and then are refused.
REQUESTS_LIMIT = 200
#: Seconds that requests under way may take when it ends.
FAREWELL_S = 5


def listen_address(text: str) -> tuple[str, int]:
    """Read ``HOST:PORT``.

    Raises
    ------
    SettingsError
        If it is none.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise SettingsError(f"{text!r} is no address to listen at", remedy="give HOST:PORT, as 127.0.0.1:8080")
    return host.strip("[]"), int(port)


def serve(app: Starlette, listen: tuple[str, int], ready: Callable[[], None]) -> None:
    """Answer requests until SIGINT or SIGTERM.

    Raises
    ------
    SettingsError
        If the address is taken or not of this machine.
    """
    config = uvicorn.Config(
        app,
        host=listen[0],
        port=listen[1],
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=REQUESTS_LIMIT,
        timeout_graceful_shutdown=FAREWELL_S,
    )
    server = _Server(config, ready)
    try:
        with contextlib.suppress(KeyboardInterrupt):  # which uvicorn raises again once all is closed
            server.run()
    except SystemExit:
        raise SettingsError(
            f"nobody can listen at {listen[0]}:{listen[1]}", remedy="choose another address: --listen HOST:PORT"
        ) from None


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, *args: object, **kwargs: object) -> None:
        """Begin to listen."""
        await super().startup(*args, **kwargs)  # type: ignore[arg-type] # whatever uvicorn hands over
        if self.started:
            self._ready()
