"""Peer: whole processes, from nothing to their output on disk: a user's script, ``gmx``, ``bwrap true``."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from bench.peers.work import Work


@contextmanager
def opened(setup: Mapping[str, Any]) -> Iterator[dict[str, Work]]:
    """Give one work for each command that the setup lists."""
    yield {name: _work(**command) for name, command in setup["commands"].items()}


def _work(arguments: list[str], stdin: str = "", output: str = "", column: int = 0, scale: float = 1.0) -> Work:
    """Run a command; its numbers are a column of its output."""

    def left() -> np.ndarray:
        rows: np.ndarray = np.loadtxt(output, comments=("#", "@"), ndmin=2)
        return rows[:, column] * scale

    def run(number: int) -> None:
        done = subprocess.run(
            arguments, input=stdin.encode(), capture_output=True, check=False, env={**os.environ, "GMX_MAXBACKUP": "-1"}
        )
        if done.returncode:
            raise RuntimeError(f"{arguments[0]} ended with {done.returncode}: {done.stderr.decode()[-400:]}")

    return Work(run, left=left)
