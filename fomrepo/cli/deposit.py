"""``fomrepo deposit``: files as one record by one command, or a folder step by step."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from fomrepo.cli import deposit_folder, deposit_init, deposit_list, records
from fomrepo.errors import ArgumentError

#: What is meant when the first word is no step: files.
FILES = "files"


class DepositSteps(TyperGroup):
    """Steps of a deposit; ``fomrepo deposit TOPOLOGY ...`` is short for ``fomrepo deposit files TOPOLOGY ...``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put in the word that may be left out; a step that was mistyped is no file."""
        if args and args[0] not in self.commands and args[0] != "--help":
            close = get_close_matches(args[0], self.commands, n=1)
            if close and not ctx.resilient_parsing and not Path(args[0]).exists():
                raise ArgumentError(
                    f"there is no file {args[0]}, and no such step", remedy=f"did you mean {close[0]!r}?"
                )
            args = [FILES, *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Take a file for what it is meant to be."""
        return super().get_command(ctx, cmd_name) or super().get_command(ctx, FILES)


deposit = typer.Typer(
    cls=DepositSteps,
    no_args_is_help=True,
    help="Deposit files as one record: fomrepo deposit TOPOLOGY TRAJECTORY... --title TITLE; or a folder in steps.",
)
deposit.command(FILES)(records.deposit)
deposit.command("init")(deposit_init.init)
deposit.command("check")(deposit_folder.check)
deposit.command("push")(deposit_folder.push)
deposit.command("submit")(deposit_folder.submit)
deposit.command("status")(deposit_folder.status)
deposit.command("abandon")(deposit_folder.abandon)
deposit.command("list")(deposit_list.list_deposits)
