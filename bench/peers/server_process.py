"""A peer's server, in a process of its own for as long as its client needs it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def server_port(module: str, *arguments: str) -> Iterator[int]:
    """Run a module that prints its port and serves until its stdin ends."""
    command = (sys.executable, "-m", module, *arguments)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
