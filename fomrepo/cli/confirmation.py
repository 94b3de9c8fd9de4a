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
        If a script runs the command, and its standard input does not say yes.
    """
    if sys.stdin.isatty():
        typer.confirm(question, abort=True, err=True)
    elif sys.stdin.readline().strip().lower() not in ("y", "yes"):  # no prompt: with --json, stderr is JSON
        raise ArgumentError(f"nobody said yes: {question}", remedy="say so with the command: --yes")
