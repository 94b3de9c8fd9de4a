"""What commands print: lines and tables for people, one JSON object a line for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Protocol

import typer

#: The option that every command has.
Json = Annotated[bool, typer.Option("--json", help="Print JSON: one object, or one a line.")]


def print_json(value: Mapping[str, Any]) -> None:
    """Print one object on one line."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def print_table(rows: Sequence[Sequence[str]], heads: Sequence[str] = (), *, right: Sequence[int] = ()) -> None:
    """Print columns, aligned; those in ``right`` to the right."""
    every = [heads, *rows] if heads else rows
    widths = [max(len(row[column]) for row in every) for column in range(len(every[0]))] if every else []
    for row in every:
        cells = (
            f"{cell:>{widths[column]}}" if column in right else f"{cell:<{widths[column]}}"
            for column, cell in enumerate(row)
        )
        typer.echo("  ".join(cells).rstrip())


class Bar(Protocol):
    """Moves a progress bar."""

    def __call__(self, done: int, total: int, step: str = "") -> None:
        """Show how much is done; ``step`` says what is being done now."""


@contextmanager
def progress_bar(title: str, *, of_bytes: bool = False, hidden: bool = False) -> Iterator[Bar]:
    """Show a bar on stderr, where that is a terminal."""

    def stay(done: int, total: int, step: str = "") -> None:
        """Show nothing."""

    if hidden or not sys.stderr.isatty():
        yield stay
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    figures: tuple[ProgressColumn, ...] = (
        (DownloadColumn(), TransferSpeedColumn()) if of_bytes else (MofNCompleteColumn(),)
    )
    columns = (TextColumn("{task.description}"), BarColumn(), *figures, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(title, total=None)

        def move(done: int, total: int, step: str = "") -> None:
            bars.update(bar, completed=done, total=total or None, description=step or title)

        yield move
