"""What a site writes down about itself: structured lines, no secrets, no names of what others ask."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from typing import TextIO

import structlog

from fomrepo.errors import FomrepoError, InternalError
from fomrepo.model.canonical import new_id

logger = structlog.get_logger("fomrepo.site")


def write_log_to(stream: TextIO | None = None) -> None:
    """Write one JSON object a line to a stream; stderr if none is given."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: _Lines(stream or sys.stderr),
        cache_logger_on_first_use=True,
    )


class _Lines:
    """Writes lines, or does without: a site whose disk is full must still answer."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def msg(self, line: str) -> None:
        """Write one line."""
        with self._lock, contextlib.suppress(OSError):
            self._stream.write(line + "\n")
            self._stream.flush()

    info = warning = error = msg


def log_unexpected(error: Exception) -> FomrepoError:
    """Write down a fault of ours, and return what its caller is told: a correlation id and nothing of the inside."""
    correlation_id = new_id()
    logger.error("unexpected", correlation_id=correlation_id, exc_info=error)
    told = InternalError(
        "the site made a mistake", remedy="try again; if it stays, tell the operator of the site the id below"
    )
    told.correlation_id = correlation_id
    return told
