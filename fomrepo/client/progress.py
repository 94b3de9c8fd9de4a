"""Progress bars of rich, shown only when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fomrepo.client.several_files import FilesProgress
from fomrepo.wire.replies import Reply


@contextmanager
def watched(title: str) -> Iterator[Callable[[Reply], None]]:
    """Show a bar while a call goes on, and give the function that moves it."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(title, total=None)

        def move(reply: Reply) -> None:
            said = reply.message
            at = f" at {said.site}" if said.site else ""
            bars.update(bar, description=f"{title}{at}", completed=said.done, total=said.total or None)

        yield move


@contextmanager
def watched_files(title: str) -> Iterator[FilesProgress]:
    """Show a bar while files are fetched, and give the function that moves it."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(TextColumn("{task.description}"), *columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(title, total=None)

        def move(finished: int, done: int, total: int) -> None:
            bars.update(bar, completed=done, total=total or None)

        yield move
