"""What a peer can be asked to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Work:
    """One thing that is timed."""

    #: Does it; takes the call's number, which no other call has. What it returns, or what that returns when it is
    #: called, are the numbers to compare with others.
    do: Callable[[int], Any]
    #: Is done before, off the clock.
    prepare: Callable[[int], Any] | None = None
