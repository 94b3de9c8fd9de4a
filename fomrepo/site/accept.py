"""Step 8 of the life of a call: what came of a guest's run is read as if an attacker had written it."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from fomrepo.errors import (
    CancelledError,
    FileRefusedError,
    FomrepoError,
    LimitHit,
    MethodFailedError,
    OutcomeRefusedError,
    SiteError,
)
from fomrepo.isolation.orders import RunReport
from fomrepo.isolation.outcome import check_method_outcome
from fomrepo.model.methods import MethodSchema, ResultSchema
from fomrepo.model.results import ResolvedInput

#: What mends a run that came to a limit.
ASK_FOR_LESS = "ask for fewer frames (stop=, step=) or atoms (select=), or its author for a higher limit"


def accept_outcome(
    path: Path, report: RunReport, schema: MethodSchema, result: ResultSchema, first: ResolvedInput, *, cancelled: bool
) -> None:
    """Accept the outcome of a run, or raise what became of it, with the log's last lines.

    Parameters
    ----------
    path
        Of the outcome; only the host can write there.
    report
        How the run ended.
    schema
        Of the method.
    result
        What the outcome has to be: the method's result, or what a part of a run returns.
    first
        The file that the method was called on.
    cancelled
        Whether the caller ended the run.

    Raises
    ------
    MethodFailedError, OutcomeRefusedError, ArgumentError, FileRefusedError
        What became of the run, by whose fault.
    CancelledError
        If the caller cancelled it.
    """
    _raise_unless_outcome(report, schema, cancelled=cancelled)
    try:
        check_method_outcome(path, result)
    except MethodFailedError as error:
        error.log = report.log_tail
        if error.limit is not None:
            error.remedy = ASK_FOR_LESS
        if error.limit is not None and error.limit.name == "memory":  # the guest names it, the host has the figures
            error.limit = LimitHit("memory", schema.limits.memory_mib * 2**20, report.peak_memory_bytes, "byte")
        raise
    except FomrepoError as error:
        if isinstance(error, OutcomeRefusedError):
            error.facts["method"] = f"{schema.name} {schema.version}"
        elif error.remedy is None or isinstance(error, FileRefusedError):  # the guest knows no accession
            named = quote(f"{first.version.accession}/{first.file.name}")
            error.remedy = f"see what the file has: fomrepo show {named}"
            error.message = error.message.replace("fomrepo call RECORD/" + first.file.name, f"fomrepo call {named}")
        raise


def _raise_unless_outcome(report: RunReport, schema: MethodSchema, *, cancelled: bool) -> None:
    """Turn an end without an outcome into the error that its caller sees."""
    if report.ended == "outcome":
        return
    if report.ended == "cancelled":
        if not cancelled:
            raise SiteError(f"the site was stopped while {schema.name} ran")
        raise CancelledError(f"{schema.name} was cancelled")
    if report.ended == "limit":
        raise MethodFailedError(
            f"{schema.name} was stopped at a limit", limit=report.limit, log=report.log_tail, remedy=ASK_FOR_LESS
        )
    if report.ended == "hostile":
        raise OutcomeRefusedError(
            f"{schema.name} broke the protocol of the sandbox: {report.detail}", remedy="mend the method"
        )
    raise MethodFailedError(f"{schema.name} ended without an answer: {report.detail}", log=report.log_tail)
