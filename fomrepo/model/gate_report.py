"""What the automatic gate found out about a bundle: read by its author and its reviewers, kept with the submission."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from fomrepo.model.canonical import canonical_json


@dataclass(frozen=True, slots=True)
class GateCheck:
    """One thing that was looked at."""

    #: ``documentation``, ``golden``, ``determinism`` ...: stable, for programs.
    name: str
    #: Whether it holds; what does not keeps the bundle from review.
    ok: bool
    #: One sentence.
    message: str
    #: What mends it, or, where it holds, what would be better; None if there is nothing to do.
    remedy: str | None = None
    #: Names and figures, for programs.
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CaseReport:
    """One golden case, run in the cold sandbox under the limits of production."""

    #: Its file: ``tests/alpha_carbons.toml``.
    name: str
    ok: bool
    #: Seconds on the clock, of the slowest run.
    wall_s: float
    #: Highest memory that was seen, in bytes, of the largest run.
    memory_bytes: int
    #: Size of the outcome in bytes.
    result_bytes: int
    #: Whether a second run gave the same bytes; None if there was none.
    deterministic: bool | None
    #: Whether two parts combined give what one pass gave; None if the method is not split, or nothing was compared.
    split_equal: bool | None
    #: What is wrong; empty if nothing is.
    message: str


@dataclass(frozen=True, slots=True)
class GateReport:
    """Everything that the gate found out."""

    #: Whether all checks hold.
    passed: bool
    checks: tuple[GateCheck, ...]
    cases: tuple[CaseReport, ...]
    #: Digest of the guest environment in which the cases ran.
    environment_digest: str
    #: Digest of the bundle that was looked at.
    bundle_digest: str

    @property
    def failures(self) -> tuple[GateCheck, ...]:
        """Checks that do not hold."""
        return tuple(one for one in self.checks if not one.ok)

    def to_json(self) -> str:
        """Spell it as canonical JSON."""
        return canonical_json(asdict(self)).decode()

    @classmethod
    def from_json(cls, text: str) -> GateReport:
        """Read what ``to_json`` wrote.

        Raises
        ------
        ValueError, TypeError, KeyError
            If it is anything else.
        """
        plain = json.loads(text)
        plain["checks"] = tuple(GateCheck(**one) for one in plain["checks"])
        plain["cases"] = tuple(CaseReport(**one) for one in plain["cases"])
        for case in plain["cases"]:
            if not isinstance(case.wall_s, int | float) or {int} != {type(case.memory_bytes), type(case.result_bytes)}:
                raise ValueError(f"the figures of {case.name} are no numbers")
        return cls(**plain)
