"""What a bench finds out: one comparison a row, held against its bound."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bound:
    """What was promised of a ratio, or of a figure where there is no peer."""

    limit: float
    #: The figure must not be below the limit; otherwise not above it.
    at_least: bool = False
    #: Wished for, not promised: a miss is shown and does not count.
    aim: bool = False
    #: Of correctness, not of speed: a miss counts on every machine.
    exact: bool = False

    def __str__(self) -> str:
        """Spell it ``≤ 0.5``."""
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}{' (aim)' if self.aim else ''}"


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison."""

    what: str
    #: Our figure and the peer's, in the unit that ``what`` names; None: there is no peer, or it could not be measured.
    ours: float | None
    peer: float | None
    #: Ours over the peer's.
    ratio: float | None
    bound: Bound | None
    #: Whether everything that the row speaks of could be measured.
    measured: bool

    @property
    def ok(self) -> bool:
        """Whether it was measured and the bound, if any, holds."""
        figure = self.ours if self.peer is None else self.ratio
        if not self.measured or figure is None:
            return False
        if self.bound is None:
            return True
        return figure >= self.bound.limit if self.bound.at_least else figure <= self.bound.limit

    @property
    def fails(self) -> bool:
        """Whether the bench has failed by this row."""
        return not self.ok and not (self.measured and self.bound is not None and self.bound.aim)

    @property
    def fails_anywhere(self) -> bool:
        """Whether it has failed for another reason than a slow machine."""
        return not self.ok and not (self.measured and self.bound is not None and not self.bound.exact)

    def to_json(self, bench: str) -> str:
        """Spell it as one JSON object; numbers with four digits."""
        figures = {"ours": self.ours, "peer": self.peer, "ratio": self.ratio}
        rounded = {name: None if figure is None else float(f"{figure:.4g}") for name, figure in figures.items()}
        limit = None if self.bound is None else self.bound.limit
        return json.dumps({"bench": bench, "what": self.what, **rounded, "bound": limit, "ok": self.ok})


def compared(what: str, ours: float | None, peer: float | None, bound: Bound | None = None) -> Row:
    """Compare our figure with a peer's; None stands for one that could not be measured."""
    ratio = None if ours is None or not peer else ours / peer
    return Row(what, ours, peer, ratio, bound, measured=ratio is not None)


def measured_alone(what: str, figure: float | None, bound: Bound | None = None) -> Row:
    """Hold a figure against a bound of its own."""
    return Row(what, figure, None, None, bound, measured=figure is not None)
