"""Asking before something that cannot be taken back."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from fomrepo.errors import ArgumentError

#: The option of every command that asks.
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def ask_to_go_on(question: str) -> None:
    """Ask on the terminal; end the command if the answer is no.

    Raises
    ------
    ArgumentError
        If nobody is there to answer, as in a script.
    """
    try:
        typer.confirm(question, abort=True, err=True)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        typer.echo(err=True)
        raise ArgumentError("nobody said yes", remedy="say so with the command: --yes") from None
