"""What a peer can be asked to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Work:
    """One thing that is timed."""

    #: Does it; takes the call's number, which no other call has.
    do: Callable[[int], Any]
    #: Is done before, off the clock.
    prepare: Callable[[int], Any] | None = None
    #: Reads the numbers that the last call left on disk; None: they are what a call returns.
    left: Callable[[], Any] | None = None
