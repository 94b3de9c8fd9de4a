"""Quality checks of deposited files: what was asked, what came of it, and who lets a failure pass, for which reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fomrepo.errors import ArgumentError

#: Methods that a site runs on each deposited file which they take. Their results have one shape: ``passed``, and a
#: table of findings.
CHECKS = ("atoms_match", "bonds", "box_sanity", "integrity", "time_monotone")
#: What the probe itself tells: whether the file looks cut off.
WHOLE = "whole"

#: Findings of one check that are kept with the version; calling the method gives all of them.
FINDINGS_LIMIT = 20
#: Longest message of a check, in characters.
MESSAGE_LIMIT = 2_000
#: A reason must say something, and is read by everybody who sees the record.
REASON_LENGTHS = (10, 2_000)


class CheckState(StrEnum):
    """What became of a check."""

    #: Nobody has looked yet.
    WAITING = "waiting"
    PASSED = "passed"
    FAILED = "failed"
    #: The method says that it means nothing for this file.
    INAPPLICABLE = "inapplicable"
    #: It could not be run to its end.
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found."""

    problem: str
    #: Index in the file; None where it is about no frame.
    frame: int | None
    #: Index of the atom, from 0; None where it is about no atom.
    atom: int | None
    #: What was found, and the bound that it goes beyond, in ``unit``; None: no finite number.
    value: float | None
    limit: float | None
    #: Empty for plain numbers.
    unit: str

    def __str__(self) -> str:
        """Spell it as a sentence."""
        where = "" if self.frame is None else f"frame {self.frame}: "
        atom = "" if self.atom is None else f" (atom {self.atom})"
        unit = f" {self.unit}" if self.unit else ""
        value = "" if self.value is None else f": {self.value:g}{unit}"
        limit = "" if self.limit is None else f", the bound is {self.limit:g}{unit}"
        return f"{where}{self.problem}{atom}{value}{limit}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a check."""

    state: CheckState
    message: str = ""
    #: The first ones.
    findings: tuple[Finding, ...] = ()
    #: All of them.
    n_findings: int = 0
    #: Of the method that looked; empty for what the probe tells.
    method_version: str = ""


@dataclass(frozen=True, slots=True)
class PlannedCheck:
    """A check that a file is to pass."""

    name: str
    #: What the probe has told already; None: a method will look.
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Waiver:
    """Why a version may be published although a check did not pass."""

    reason: str
    #: Login name.
    by: str
    #: Seconds since 1970.
    created: float


@dataclass(frozen=True, slots=True)
class QualityCheck:
    """One check of one file of a version."""

    id: str
    file: str
    name: str
    #: Where it runs.
    site: str
    verdict: Verdict
    #: Seconds since 1970; None before.
    checked: float | None
    waiver: Waiver | None

    @property
    def settled(self) -> bool:
        """Whether it stands in nobody's way."""
        return self.verdict.state in (CheckState.PASSED, CheckState.INAPPLICABLE) or self.waiver is not None

    def __str__(self) -> str:
        """Name it with its state: ``integrity of adk.dcd failed``."""
        said = {CheckState.WAITING: "was not run yet", CheckState.UNDECIDED: "could not be run"}
        waived = " and was waived" if self.waiver is not None else ""
        return f"{self.name} of {self.file} {said.get(self.verdict.state, self.verdict.state.value)}{waived}"


def check_reason(reason: str) -> str:
    """Return the reason of a waiver if it is one.

    Raises
    ------
    ArgumentError
        If it is too short to say anything, too long, or not printable.
    """
    text = " ".join(reason.split())
    shortest, longest = REASON_LENGTHS
    if not shortest <= len(text) <= longest or not text.isprintable():
        raise ArgumentError(
            f"a reason of {len(text)} characters says nothing or too much, {shortest} to {longest} are allowed",
            remedy="say why the data is good in spite of what was found",
        )
    return text
