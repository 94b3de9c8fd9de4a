"""The root of all commands: what becomes of errors, and of Ctrl-C."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from fomrepo.errors import FomrepoError, SettingsError, StorageError

#: Exit codes, as shells and other tools have them: 128 + SIGINT for Ctrl-C.
FAILED, MISUSED, INTERRUPTED = 1, 2, 130


class LeftOffError(Exception):
    """Ctrl-C amid something that can be continued; says how.

    Parameters
    ----------
    message
        How to go on.
    operation
        Id of the operation that goes on at a site; empty if there is none.
    """

    def __init__(self, message: str, operation: str = "") -> None:
        super().__init__(message)
        self.operation = operation


@contextmanager
def continued_by_same_command(what: str) -> Iterator[None]:
    """Let Ctrl-C say that the same command goes on where this one stopped."""
    try:
        yield
    except KeyboardInterrupt:
        raise LeftOffError(f"{what} was interrupted; the same command again continues it") from None


class Commands(TyperGroup):
    """Commands whose errors are one message on stderr; with ``--json`` one object."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **named: Any) -> Any:
        """Run a command line."""
        self._json = "--json" in (sys.argv[1:] if args is None else args)
        return super().main(args, *rest, **named)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except FomrepoError as error:
            raise self._ended(FAILED, error.code, error.message, error) from None
        except ModuleNotFoundError as error:
            if (error.name or "fomrepo").partition(".")[0] == "fomrepo":
                raise
            missing = SettingsError(
                f"this command needs {error.name}, which is not installed", remedy="pip install 'fomrepo[site]'"
            )
            raise self._ended(FAILED, missing.code, missing.message, missing) from None
        except LeftOffError as error:
            raise self._ended(INTERRUPTED, "interrupted", str(error), operation=error.operation) from None
        except KeyboardInterrupt:
            raise self._ended(INTERRUPTED, "interrupted", "interrupted") from None
        except OSError as error:
            if isinstance(error, BrokenPipeError):  # who reads our output has seen enough; typer knows what to do
                raise
            raise self._ended(FAILED, StorageError.code, str(error)) from None
        except Exception as error:
            if not self._json or not hasattr(error, "format_message"):  # typer prints its own errors of usage
                raise
            raise self._ended(MISUSED, "usage", error.format_message()) from None

    def _ended(
        self, status: int, code: str, message: str, error: FomrepoError | None = None, *, operation: str = ""
    ) -> typer.Exit:
        """Say on stderr what ended the command."""
        if self._json:
            document: dict[str, Any] = {"error": code, "message": message, "remedy": error.remedy if error else None}
            document |= {"facts": error.facts} if error and error.facts else {}
            document |= {"operation": operation} if operation else {}
            typer.echo(json.dumps(document, ensure_ascii=False), err=True)
        else:
            typer.echo(f"fomrepo: {error or message}", err=True)
        return typer.Exit(status)
