"""One promise, one check, one line."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Check:
    """A promise and whether it was kept."""

    name: str
    ok: bool
    #: What was measured, in words with units.
    figure: str
    #: Seconds that the check took.
    seconds: float


class Story:
    """Runs checks one after the other and remembers them.

    Parameters
    ----------
    as_json
        Print one JSON object a line instead of text.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.checks: list[Check] = []
        self._console = Console(file=sys.stderr if as_json else sys.stdout, highlight=False)

    def say(self, text: str) -> None:
        """Tell what happens now."""
        self._console.print(f"[dim]{text}[/dim]", soft_wrap=True)  # a line break would cut a command that people copy

    def check(self, name: str, deed: Callable[[], tuple[bool, str]]) -> None:
        """Do something that answers whether it held, and what was measured; an exception is a broken promise."""
        begun = time.monotonic()
        try:
            ok, figure = deed()
        except Exception as error:  # the story goes on, and ends with exit code 1
            ok, figure = False, f"{type(error).__name__}: {error}"
        check = Check(name, ok, figure, time.monotonic() - begun)
        self.checks.append(check)
        if self.as_json:
            print(json.dumps({"check": name, "ok": ok, "figure": figure}), flush=True)
        else:
            self._console.print(f"{'[green]✓' if ok else '[red]✗'}[/] {name}: {figure}")

    def table(self) -> bool:
        """Print the table; returns whether every promise was kept."""
        table = Table(title="What was promised", title_justify="left")
        table.add_column("check")
        table.add_column("held")
        table.add_column("figure")
        table.add_column("seconds", justify="right")
        for one in self.checks:
            table.add_row(one.name, "[green]yes[/]" if one.ok else "[red]NO[/]", one.figure, f"{one.seconds:.1f}")
        if not self.as_json:
            self._console.print(table)
        return bool(self.checks) and all(one.ok for one in self.checks)
