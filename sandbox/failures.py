"""Guest: from an exception to the failure that the host reads (docs/outcome-format.md), and whose fault it was."""

from __future__ import annotations

import errno
import linecache
import os
import resource
import sys
import traceback
from typing import Any

from sandbox.container import Container

MESSAGE_LIMIT_BYTES = 4096
FRAMES_LIMIT = 32
NO_THREAD = "can't start new thread"  # CPython's word for one process or thread more than allowed
SOURCE_LIMIT = 400  # characters of one shown source line


class ArgumentError(Exception):
    """An argument means nothing for this data: an empty selection, a frame beyond the end.

    A bundle that wants to say this defines an exception class of this name (docs/adr/0025).
    """


class DataError(Exception):
    """A file could not be read."""


class LimitError(Exception):
    """A limit was noticed before it killed the run.

    Parameters
    ----------
    name
        Name of the limit, ``"result"``.
    message
        What was wanted and what is allowed.
    allowed, used
        The figures, in the limit's unit.
    """

    def __init__(self, name: str, message: str, *, allowed: int, used: int) -> None:
        super().__init__(message)
        self.limit = {"name": name, "allowed": allowed, "used": used}


def failure(error: BaseException, *, method_folder: str, opening_data: bool = False) -> Container:
    """Return the outcome that tells the host what went wrong.

    Parameters
    ----------
    error
        What was raised; its traceback is read for lines of the method.
    method_folder
        Only stack frames of files below it are told.
    opening_data
        Whether it was raised before any method code ran: then the data are at fault, not the method.
    """
    fault, limit = _whose_fault(error, method_folder, opening_data)
    outcome = {
        "status": "failed",
        "fault": fault,
        "type": type(error).__name__[:200],
        "message": _message(error),
        "frames": _own_frames(error, method_folder),
        "limit": limit,
    }
    return Container(outcome, {})


def _limit_of(error: BaseException) -> dict[str, Any] | None:
    """Return the limit that an error comes from, if any; of memory the host has the figures."""
    if isinstance(error, LimitError):
        return error.limit
    if isinstance(error, MemoryError):
        return {"name": "memory"}
    name, kind = None, 0
    if isinstance(error, RuntimeError) and str(error) == NO_THREAD:
        name, kind = "processes", resource.RLIMIT_NPROC
    if isinstance(error, OSError) and error.errno == errno.EMFILE:
        name, kind = "open_files", resource.RLIMIT_NOFILE
    if name is None:
        return None
    allowed = resource.getrlimit(kind)[0]
    return {"name": name, "allowed": allowed, "used": allowed}  # all were in use


def _whose_fault(error: BaseException, method_folder: str, opening_data: bool) -> tuple[str, dict[str, Any] | None]:
    """Return the fault and the limit that was hit, if any."""
    limit = _limit_of(error)
    if limit is not None:
        return "limit", limit
    if isinstance(error, ArgumentError) or _is_the_bundles_argument_error(type(error), method_folder):
        return "argument", None
    if isinstance(error, DataError) or opening_data:
        return "data", None
    return "method", None


def _is_the_bundles_argument_error(kind: type[BaseException], method_folder: str) -> bool:
    """Whether the class is called ArgumentError and was defined by the method; ctypes and argparse have one too."""
    module = sys.modules.get(kind.__module__)
    file = getattr(module, "__file__", None) or ""
    return kind.__name__ == ArgumentError.__name__ and file.startswith(os.path.join(method_folder, ""))


def _message(error: BaseException) -> str:
    """Return what the exception says, cut to the limit between two characters."""
    try:
        text = str(error)
    except Exception as unprintable:
        text = f"(its message could not be made: {type(unprintable).__name__})"
    if isinstance(error, MemoryError) and not text:
        text = "more memory was asked for than the run may use"
    return text.encode("utf-8", "replace")[:MESSAGE_LIMIT_BYTES].decode("utf-8", "ignore")


def _own_frames(error: BaseException, method_folder: str) -> list[dict[str, Any]]:
    """Return the innermost stack frames in files of the method, outermost first."""
    prefix = os.path.join(method_folder, "")
    own = [
        {
            "file": code.co_filename[len(prefix) :],
            "line": line,
            "function": code.co_name,
            "source": linecache.getline(code.co_filename, line).strip()[:SOURCE_LIMIT],
        }
        for code, line in ((frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__))
        if code.co_filename.startswith(prefix)
    ]
    return own[-FRAMES_LIMIT:]
