"""The root of all commands: what becomes of errors, and of Ctrl-C."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from fomrepo.errors import FomrepoError, SettingsError

#: Exit codes, as shells and other tools have them: 128 + SIGINT for Ctrl-C.
FAILED, MISUSED, INTERRUPTED = 1, 2, 130


class LeftRunningError(Exception):
    """Ctrl-C while something goes on elsewhere; says how to come back to it.

    Parameters
    ----------
    message
        What goes on.
    operation
        Its id.
    """

    def __init__(self, message: str, operation: str) -> None:
        super().__init__(message)
        self.operation = operation


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
        except LeftRunningError as error:
            raise self._ended(INTERRUPTED, "interrupted", str(error), operation=error.operation) from None
        except KeyboardInterrupt:
            raise self._ended(INTERRUPTED, "interrupted", "interrupted") from None
        except Exception as error:
            if not self._json or not hasattr(error, "format_message"):  # typer prints its own errors of usage
                raise
            raise self._ended(MISUSED, "usage", error.format_message()) from None

    def _ended(
        self, status: int, code: str, message: str, error: FomrepoError | None = None, **more: str
    ) -> typer.Exit:
        if self._json:
            remedy = error.remedy if error is not None else None
            facts = dict(error.facts) if error is not None else {}
            document = {"error": code, "message": message, "remedy": remedy, **({"facts": facts} if facts else {})}
            text = json.dumps(document | more, ensure_ascii=False)
        else:
            text = f"fomrepo: {message if error is None else error}"
        typer.echo(text, err=True)
        return typer.Exit(status)
