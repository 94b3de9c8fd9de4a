"""What a bench hands back: panels of figures to look at, rows that are held against bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.interleave import Samples
from bench.rows import Row


@dataclass(frozen=True, slots=True)
class Figure:
    """One contestant's figure."""

    #: None: it could not be measured, and ``error`` says why.
    p50: float | None
    p95: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """Figures of all contestants at one work: one column of the table, one part of the plot."""

    title: str
    unit: str
    #: By contestant.
    figures: Mapping[str, Figure]


@dataclass(slots=True)
class Findings:
    """Everything that a bench has measured."""

    panels: list[Panel] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    #: Sentences that belong under the table.
    notes: list[str] = field(default_factory=list)

    @property
    def errors(self) -> list[str]:
        """What could not be measured, and why."""
        found = [(panel.title, label, one.error) for panel in self.panels for label, one in panel.figures.items()]
        return [f"{title}, {label}: {error}" for title, label, error in found if error]


def timed_panel(title: str, samples: Mapping[str, Samples], *, unit: str = "ms") -> Panel:
    """Make a panel of the times of calls."""
    scale = {"ms": 1e3, "s": 1.0}[unit]

    def scaled(seconds: float | None) -> float | None:
        return None if seconds is None else seconds * scale

    return Panel(
        title, unit, {label: Figure(scaled(one.p50), scaled(one.p95), one.error) for label, one in samples.items()}
    )


def speed_panel(title: str, samples: Mapping[str, Samples], size: int) -> Panel:
    """Make a panel of the speed, in MB/s, at which so many bytes have come."""
    return Panel(
        title,
        "MB/s",
        {label: Figure(size / one.p50 / 1e6 if one.p50 else None, None, one.error) for label, one in samples.items()},
    )
