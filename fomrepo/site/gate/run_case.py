"""One golden case, run in the cold sandbox: its answer, whether it comes twice, and whether it comes in parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from fomrepo.errors import (
    ArgumentError,
    BundleRefusedError,
    FileRefusedError,
    FomrepoError,
    MethodFailedError,
    OutcomeRefusedError,
)
from fomrepo.isolation.limits import RunLimits
from fomrepo.isolation.orders import RunReport
from fomrepo.isolation.outcome import check_method_outcome
from fomrepo.model.arguments import canonical_arguments
from fomrepo.model.gate_report import CaseReport
from fomrepo.model.golden_cases import GoldenCase
from fomrepo.model.methods import Bundle, MethodSchema
from fomrepo.site.execute import limits_of
from fomrepo.site.gate.answers import Answered, read_answer
from fomrepo.site.gate.case_data import CaseData, case_data
from fomrepo.site.gate.compare import differences, disagreements
from fomrepo.site.gate.guest_runner import GuestRunner
from fomrepo.site.gate.samples import Samples
from fomrepo.site.guest_request import method_request
from fomrepo.vault.objects import digest_of

#: A golden case is to be small: whoever changes the method waits for it. A method's own limit counts where it is lower.
CASE_WALL_S = 120.0

#: Longest answer of a golden case: the host compares it in its own memory, where texts take several times as much.
CASE_RESULT_BYTES = 32 * 2**20

#: A run is cut into so many parts to compare them with the whole.
PARTS = 2

#: Longest message of one case, in characters: a traceback with its last log lines.
MESSAGE_LIMIT = 8_000

#: What a method says that ran into the wall, and what its author can do.
_REFUSED_BY_THE_WALL = ("[Errno 1] Operation not permitted", "name resolution")
_NOTHING_OUTSIDE = (
    "a method has no network, starts no programs and writes no files: let it return what it finds, "
    "and bring small data along in the bundle"
)

#: By whose fault a run failed, as cases name it.
_FAULTS = {ArgumentError: "argument", FileRefusedError: "data"}


@dataclass(frozen=True, slots=True)
class _Run:
    """What became of one run."""

    report: RunReport
    #: Where the outcome lies.
    path: Path
    #: SHA-256 of the outcome.
    digest: str
    answer: Mapping[str, Answered]
    error: FomrepoError | None


class CaseRunner:
    """Runs the golden cases of one bundle.

    Parameters
    ----------
    bundle
        Whose cases they are.
    run
        Runs a guest.
    samples
        Sample data of this machine.
    """

    def __init__(self, bundle: Bundle, run: GuestRunner, samples: Samples) -> None:
        self._bundle, self._run, self._samples = bundle, run, samples
        limits = limits_of(bundle.schema)
        self._limits: RunLimits = replace(
            limits,
            wall_s=min(limits.wall_s, CASE_WALL_S),
            result_bytes=min(limits.result_bytes, CASE_RESULT_BYTES),
        )

    def report(self, case: GoldenCase, *, thorough: bool) -> CaseReport:
        """Run a case and compare what comes.

        Parameters
        ----------
        case
            The question and its known answer.
        thorough
            Whether to run it again, and in parts.

        Raises
        ------
        SandboxUnavailableError, CancelledError, SiteError
            If it cannot be run; this says nothing about the method.
        """
        with ExitStack() as kept:
            try:
                data = case_data(case, self._bundle, self._samples, self._run.folder_of)
            except BundleRefusedError as error:
                return CaseReport(case.name, False, 0.0, 0, 0, None, None, str(error))
            first = self._once(case, data, kept)
            runs = [first]
            wrong = _verdict(case, first)
            deterministic = split_equal = None
            if thorough and not wrong:
                runs.append(again := self._once(case, data, kept))
                deterministic = again.digest == first.digest
                if not deterministic:
                    wrong.append("a second run gave other bytes")
            if thorough and not wrong and not case.fails and self._bundle.schema.split:
                split_equal, different = self._in_parts(case, data, first, kept)
                wrong += [f"in two parts: {one}" for one in different]
        return CaseReport(
            case.name,
            not wrong,
            round(max(one.report.wall_s for one in runs), 3),
            max(one.report.peak_memory_bytes for one in runs),
            first.report.outcome_bytes,
            deterministic,
            split_equal,
            "\n".join(wrong)[:MESSAGE_LIMIT],
        )

    def answer(self, case: GoldenCase) -> Mapping[str, Answered]:
        """Run a case once, whatever it expects, and give its fields.

        Raises
        ------
        FomrepoError
            What became of the run, by whose fault.
        """
        with ExitStack() as kept:
            run = self._once(case, case_data(case, self._bundle, self._samples, self._run.folder_of), kept)
            if run.error is not None:
                raise run.error
            return run.answer

    def _in_parts(
        self, case: GoldenCase, data: CaseData, whole: _Run, kept: ExitStack
    ) -> tuple[bool | None, list[str]]:
        """Whether parts, combined, give what one pass gave; None if that could not be tried."""
        if data.count(case.frames) < PARTS:
            return None, []
        parts = [self._once(case, data, kept, part=number) for number in range(PARTS)]
        failed = [part.error for part in parts if part.error is not None]
        if not failed:
            joined = self._once(case, data, kept, parts=[part.path.read_bytes() for part in parts])
            failed = [joined.error] if joined.error is not None else []
        if failed:
            return False, [str(failed[0])]
        different = differences(whole.answer, joined.answer)
        return not different, different

    def _once(
        self, case: GoldenCase, data: CaseData, kept: ExitStack, *, part: int | None = None, parts: Sequence[bytes] = ()
    ) -> _Run:
        """Run a case: all frames of it, one part of them, or what makes one result of all parts."""
        schema = self._bundle.schema
        try:
            arguments = canonical_arguments(schema, case.arguments)
        except ArgumentError as error:  # it was expected to be refused, or the reader would have said so
            return _Run(_NOT_RUN, Path(), "", {}, error)
        request, files = method_request(
            schema,
            data.inputs,
            arguments=arguments,
            frames=case.frames,
            limits=self._limits,
            vault=data,
            part=None if part is None else (part, PARTS),
            parts=[len(one) for one in parts],
        )
        running = self._run.run(self._bundle, request, files, self._limits, following=parts)
        report, path = kept.enter_context(running)
        if report.ended != "outcome":
            return _Run(report, path, "", {}, _ended_badly(report, schema))
        digest, declared = digest_of(path), schema.result if part is None else schema.part_result
        try:
            check_method_outcome(path, declared)
        except FomrepoError as error:
            if isinstance(error, MethodFailedError):
                error.log = report.log_tail
                if any(said in error.message for said in _REFUSED_BY_THE_WALL):
                    error.remedy = error.remedy or _NOTHING_OUTSIDE
            return _Run(report, path, digest, {}, error)
        return _Run(report, path, digest, read_answer(path, declared), None)


def _verdict(case: GoldenCase, run: _Run) -> list[str]:
    """What is wrong with a run, in sentences."""
    if not case.fails:
        if run.error is not None:
            return [str(run.error)]
        return [wrong for one in case.expected for wrong in disagreements(one, run.answer.get(one.field))]
    if run.error is None:
        return [f"it answered, and was expected to fail by fault of the {case.fails}"]
    fault = _FAULTS.get(type(run.error), "method")
    if fault != case.fails:
        return [f"it failed by fault of the {fault}, expected was the {case.fails}: {run.error}"]
    if case.message not in run.error.message:
        return [f"it failed with {run.error.message!r}, which does not contain {case.message!r}"]
    return []


def _ended_badly(report: RunReport, schema: MethodSchema) -> FomrepoError:
    """Error of a run that gave no outcome."""
    if report.ended == "limit":
        return MethodFailedError(
            f"{schema.name} was stopped at a limit",
            limit=report.limit,
            log=report.log_tail,
            remedy=f"use a smaller case (at most {CASE_WALL_S:g} s and {CASE_RESULT_BYTES // 2**20} MiB of result), "
            "or raise the limit in method.toml",
        )
    if report.ended == "hostile":
        return OutcomeRefusedError(f"{schema.name} broke the protocol of the sandbox: {report.detail}")
    return MethodFailedError(f"{schema.name} ended without an answer: {report.detail}", log=report.log_tail)


_NOT_RUN = RunReport("crashed", None, None, None, 0.0, 0.0, 0, 0, "", "")
