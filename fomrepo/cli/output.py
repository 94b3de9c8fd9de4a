"""What commands print: lines and tables for people, one JSON object a line for programs."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any, Protocol

import typer

from fomrepo.errors import FomrepoError, MethodFailedError

#: The option that every command has.
Json = Annotated[bool, typer.Option("--json", help="Print JSON: one object, or one a line.")]


def print_json(value: Mapping[str, Any]) -> None:
    """Print one object on one line."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def print_table(
    rows: Sequence[Sequence[str]], heads: Sequence[str] = (), *, right: Sequence[int] = (), err: bool = False
) -> None:
    """Print columns, aligned; those in ``right`` to the right; with ``err`` on stderr."""
    every = [heads, *rows] if heads else rows
    widths = [max(len(row[column]) for row in every) for column in range(len(every[0]))] if every else []
    for row in every:
        cells = (
            f"{cell:>{widths[column]}}" if column in right else f"{cell:<{widths[column]}}"
            for column, cell in enumerate(row)
        )
        typer.echo("  ".join(cells).rstrip(), err=err)


def counted(number: int | None, what: str) -> str:
    """Spell a number of things: ``1 frame``, ``3,341 atoms``; of none, or where it is not known, nothing."""
    return f"{number:,} {what}{'' if number == 1 else 's'}" if number else ""


def failure_document(error: FomrepoError) -> dict[str, Any]:
    """All that an error says, for programs."""
    document: dict[str, Any] = {"error": error.code, "message": error.message, "remedy": error.remedy}
    document |= {"facts": error.facts} if error.facts else {}
    document |= {"correlation_id": error.correlation_id} if error.correlation_id else {}
    if isinstance(error, MethodFailedError):
        document |= {
            "type_name": error.type_name,
            "frames": [asdict(one) for one in error.frames],
            "log": error.log,
            "limit": None if error.limit is None else asdict(error.limit),
        }
    return document


def print_failure(text: str) -> None:
    """Say on stderr what went wrong; what a method wrote, indented lines of any length, is cut at a terminal's edge."""
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else len(text)
    for line in text.splitlines():
        cut = line.startswith("    ") and len(line) > width
        typer.echo(f"{line[: width - 3]}..." if cut else line, err=True)


def print_warning(text: str, *, as_json: bool) -> None:
    """Say on stderr what somebody should look after, and go on."""
    typer.echo(json.dumps({"warning": text}, ensure_ascii=False) if as_json else text, err=True)


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
