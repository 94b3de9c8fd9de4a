"""The root of all commands: what becomes of errors, and of Ctrl-C."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import typer
from typer.core import TyperGroup

from fomrepo.cli.output import failure_document, print_failure
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

    #: Whether what is run now has ``--json`` anywhere.
    as_json = False

    def main(self, args: Sequence[str] | None = None, *rest: Any, **named: Any) -> Any:
        """Run a command line."""
        self.as_json = "--json" in (sys.argv[1:] if args is None else args)
        return super().main(args, *rest, **named)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what stands before the command."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            if (ended := self._misused(error)) is None:
                raise
            raise ended from None

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            with warnings.catch_warnings():
                warnings.showwarning = self._warn
                return super().invoke(ctx)
        except FomrepoError as error:
            raise self._failed(error) from None
        except ModuleNotFoundError as error:
            if (error.name or "fomrepo").partition(".")[0] == "fomrepo":
                raise
            missing = SettingsError(
                f"this command needs {error.name}, which is not installed", remedy="pip install 'fomrepo[site]'"
            )
            raise self._failed(missing) from None
        except LeftOffError as error:
            operation = {"operation": error.operation} if error.operation else {}
            raise self._ended(INTERRUPTED, str(error), {"error": "interrupted"} | operation) from None
        except KeyboardInterrupt:
            raise self._ended(INTERRUPTED, "interrupted", {"error": "interrupted"}) from None
        except OSError as error:
            if isinstance(error, BrokenPipeError):  # who reads our output has seen enough; typer knows what to do
                raise
            what = ": ".join(str(one) for one in (error.filename, error.strerror) if one) or str(error)
            remedy = "see whether the path exists, is yours to use, and has room"
            raise self._failed(StorageError(what, remedy=remedy)) from None
        except Exception as error:
            if (ended := self._misused(error)) is None:
                raise
            raise ended from None

    def _warn(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        """Say on stderr what is warned of, such as a method that is deprecated, without the line of our code."""
        if self.as_json:
            typer.echo(json.dumps({"warning": str(message)}, ensure_ascii=False), err=True)
        else:
            print_failure(f"fomrepo: {message}")

    def _misused(self, error: Exception) -> typer.Exit | None:
        """Say what is wrong with a command line to programs; typer says it to people."""
        if not self.as_json or not hasattr(error, "format_message"):
            return None
        return self._ended(MISUSED, error.format_message(), {"error": "usage"})

    def _failed(self, error: FomrepoError) -> typer.Exit:
        return self._ended(FAILED, str(error), failure_document(error))

    def _ended(self, status: int, text: str, document: dict[str, Any]) -> typer.Exit:
        """Say on stderr what ended the command."""
        if self.as_json:
            whole = {"error": "", "message": text, "remedy": None} | document
            typer.echo(json.dumps(whole, ensure_ascii=False), err=True)
        else:
            print_failure(f"fomrepo: {text}")
        return typer.Exit(status)
