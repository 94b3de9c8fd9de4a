"""Progress bars of rich, shown only when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fomrepo.wire.v1 import calls_pb2


@contextmanager
def watched(title: str) -> Iterator[Callable[[calls_pb2.CallReply], None]]:
    """Show a bar while a call goes on, and give the function that moves it."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(title, total=None)

        def move(reply: calls_pb2.CallReply) -> None:
            at = f" at {reply.site}" if reply.site else ""
            bars.update(bar, description=f"{title}{at}", completed=reply.done, total=reply.total or None)

        yield move
