"""The gate, from a bundle to a report.

1. What can be seen without running anything: documentation, coverage, imports, the version before.
2. Each golden case, cold and under the limits of production: its answer, a second time, and in parts.
3. What that took, against what the method declares.

A bundle gets here by ``read_bundle``, so that its schema is well formed. What the gate cannot try, because the machine
cannot sandbox or somebody cancelled, raises: it says nothing about the bundle.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from fomrepo.errors import BundleRefusedError
from fomrepo.model.gate_report import CaseReport, GateCheck, GateReport
from fomrepo.model.golden_cases import GoldenCase, read_golden_cases
from fomrepo.model.methods import Bundle, MethodSchema
from fomrepo.site.gate.checks import check_coverage, check_difference, check_documentation, check_imports
from fomrepo.site.gate.guest_runner import GuestRunner
from fomrepo.site.gate.run_case import CaseRunner
from fomrepo.site.gate.samples import Samples

#: All cases of one bundle together; those that come later are reported as not run.
GATE_BUDGET_S = 1800.0

#: Where a case uses more than this share of a limit, the limit is too near for real data.
NEAR_A_LIMIT = 0.5

#: Told how many cases are done, how many there are, and which one is next.
Progress = Callable[[int, int, str], None]


def run_gate(
    bundle: Bundle,
    *,
    run: GuestRunner,
    samples: Samples,
    previous: Bundle | None = None,
    on_progress: Progress = lambda *_: None,
) -> GateReport:
    """Look at a bundle, run its golden cases, and say what was found.

    Parameters
    ----------
    bundle
        Well formed: it comes from ``read_bundle``.
    run
        Runs a guest, cold.
    samples
        Sample data of this machine.
    previous
        The newest published version before this one; None if it is the first.
    on_progress
        Told how many cases are done.

    Raises
    ------
    SandboxUnavailableError, SiteError, CancelledError
        If the gate could not do its work; nothing is said about the bundle then.
    """
    environment = run.environment(bundle)
    schema = bundle.schema
    checks = [
        GateCheck("schema", True, f"{schema.name} {schema.version} is well formed"),
        check_documentation(bundle),
        check_imports(bundle, environment.packages),
        check_difference(bundle, previous),
    ]
    try:
        cases = read_golden_cases(bundle)
    except BundleRefusedError as error:
        checks.append(GateCheck("golden", False, error.message, error.remedy, error.facts))
        return _report(bundle, environment.digest, checks, ())
    checks.append(check_coverage(schema, cases))
    reports = run_cases(bundle, cases, run=run, samples=samples, thorough=True, on_progress=on_progress)
    if reports:
        checks += [_golden(reports), _determinism(reports), *_split(schema, reports), _limits(schema, reports)]
    return _report(bundle, environment.digest, checks, reports)


def run_cases(
    bundle: Bundle,
    cases: Sequence[GoldenCase],
    *,
    run: GuestRunner,
    samples: Samples,
    thorough: bool,
    on_progress: Progress = lambda *_: None,
) -> tuple[CaseReport, ...]:
    """Run golden cases one after the other.

    Parameters
    ----------
    bundle, run, samples, on_progress
        As for :func:`run_gate`.
    cases
        Of the bundle.
    thorough
        Whether each is run again, and in parts; otherwise once.
    """
    runner = CaseRunner(bundle, run, samples)
    until = time.monotonic() + GATE_BUDGET_S
    reports: list[CaseReport] = []
    for case in cases:
        on_progress(len(reports), len(cases), case.name)
        if time.monotonic() > until:
            late = f"not run: the cases before it took {GATE_BUDGET_S:g} s"
            reports.append(CaseReport(case.name, False, 0.0, 0, 0, None, None, late))
        else:
            reports.append(runner.report(case, thorough=thorough))
    on_progress(len(cases), len(cases), "")
    return tuple(reports)


def _report(
    bundle: Bundle, environment_digest: str, checks: Sequence[GateCheck], cases: tuple[CaseReport, ...]
) -> GateReport:
    return GateReport(all(one.ok for one in checks), tuple(checks), cases, environment_digest, bundle.digest)


def _golden(reports: Sequence[CaseReport]) -> GateCheck:
    # Of a case that gives other bytes, or other parts, a check of its own says so.
    wrong = [one.name for one in reports if not one.ok and False not in (one.deterministic, one.split_equal)]
    if wrong:
        return GateCheck(
            "golden",
            False,
            f"{len(wrong)} of {len(reports)} golden cases do not hold",
            "each of them says why",
            {"cases": wrong},
        )
    return GateCheck("golden", True, f"{len(reports)} golden cases hold")


def _determinism(reports: Sequence[CaseReport]) -> GateCheck:
    differ = [one.name for one in reports if one.deterministic is False]
    if differ:
        remedy = "draw random numbers from numpy's or Python's global generator, which are seeded; read no clock"
        return GateCheck("determinism", False, "two runs gave other bytes", remedy, {"cases": differ})
    tried = sum(one.deterministic is not None for one in reports)
    return GateCheck("determinism", True, f"{tried} cases gave the same bytes twice")


def _split(schema: MethodSchema, reports: Sequence[CaseReport]) -> list[GateCheck]:
    if not schema.split:
        return []
    differ = [one.name for one in reports if one.split_equal is False]
    if differ:
        remedy = "mend combine of the fields, or take split out of method.toml"
        return [GateCheck("split", False, "parts, combined, differ from one pass", remedy, {"cases": differ})]
    tried = sum(one.split_equal is not None for one in reports)
    if not tried and any(not one.ok for one in reports):
        return []  # a case that fails is run no further, and its own check says so
    if not tried:
        remedy = "add a golden case on a trajectory with two frames or more"
        return [GateCheck("split", False, "no case could be run in parts", remedy)]
    return [GateCheck("split", True, f"{tried} cases give the same in two parts")]


def _limits(schema: MethodSchema, reports: Sequence[CaseReport]) -> GateCheck:
    """What the cases took; a limit that ended a run has failed its case already."""
    limits = schema.limits
    took = {
        "wall_s": max(one.wall_s for one in reports),
        "memory_mib": round(max(one.memory_bytes for one in reports) / 2**20, 1),
        "result_mib": round(max(one.result_bytes for one in reports) / 2**20, 3),
    }
    near = [name for name, value in took.items() if value > NEAR_A_LIMIT * getattr(limits, name)]
    message = (
        f"at most {took['wall_s']:.1f} s, {took['memory_mib']:.0f} MiB of memory, {took['result_mib']} MiB of result"
    )
    remedy = f"real data is larger: raise {', '.join(near)} in [limits]" if near else None
    return GateCheck("limits", True, message, remedy, took)
