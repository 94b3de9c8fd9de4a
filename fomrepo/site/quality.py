"""Quality checks of deposited files: methods of the library that the deposit's site runs once a version is there.

1. ``planned_checks``: with a version goes, in its transaction, which checks its files are to pass.
2. One thread takes the oldest waiting check of this site, from whatever start of the site it is left, and calls the
   method as the depositor would: in the sandbox, in the depositor's slots, one check at a time. The checks of a large
   file are called together, and read its frames in one pass.
3. The verdict is kept with the version; the whole answer is in the cache, for whoever calls the method.
4. Trouble of the site's own leaves the check waiting; what a method or its file cannot do is a verdict.

Whether a version may be published in spite of a verdict is its project's to say, with a reason (catalog/quality.py).
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import groupby
from typing import Any

from fomrepo.catalog.quality import WaitingCheck
from fomrepo.errors import (
    ArgumentError,
    CancelledError,
    FileRefusedError,
    FomrepoError,
    SandboxUnavailableError,
    SiteBusyError,
    StorageError,
)
from fomrepo.model.canonical import new_id
from fomrepo.model.files import RecordName
from fomrepo.model.operations import CallOrder, FileRef, FrameRange, MethodRef
from fomrepo.model.quality import CHECKS, FINDINGS_LIMIT, WHOLE, CheckState, Finding, PlannedCheck, Verdict
from fomrepo.site.call import checked_order
from fomrepo.site.gate.answers import Answered, read_answer
from fomrepo.site.log import log_unexpected, logger
from fomrepo.site.parts import SiteParts
from fomrepo.site.question import Question
from fomrepo.site.run import run_here
from fomrepo.site.together import Seat, Together
from fomrepo.vault.memory import COPY_LIMIT_BYTES

#: Seconds between two looks for checks that wait, and after trouble with one of them.
LOOK_S, TROUBLE_S = 2.0, 30.0
#: Checks of one look, the oldest ones.
LOOKED_AT = 100
#: Trouble that passes: the check is tried again.
_PASSING = (SandboxUnavailableError, SiteBusyError, StorageError)
#: Families whose files must not be cut; of a text one can tell too little.
_MUST_BE_WHOLE = frozenset({"trajectory", "structure", "topology", "energy"})
#: What probes say in their doubts about files that may be cut.
_MAY_BE_CUT = re.compile(r"\bcut\b|not closed")


def planned_checks(facts: Mapping[str, Any], *, has_topology: bool) -> tuple[PlannedCheck, ...]:
    """1. Checks that a file is to pass, with the verdict of the one that its probe has made.

    Parameters
    ----------
    facts
        As the probe found them, and the site checked them.
    has_topology
        Whether the file is paired with one.
    """
    families = set(facts.get("families", ()))
    planned = []
    if families & _MUST_BE_WHOLE:
        doubts = [str(one) for one in facts.get("doubts", ()) if _MAY_BE_CUT.search(str(one))]
        state = CheckState.FAILED if doubts else CheckState.PASSED
        planned.append(PlannedCheck(WHOLE, Verdict(state, "; ".join(doubts), n_findings=len(doubts))))
    if "trajectory" in families and (has_topology or "topology" in families):
        planned += [PlannedCheck(name) for name in CHECKS]
    return tuple(planned)


class QualityDesk:
    """Runs the checks that wait for one site."""

    def __init__(self, site: SiteParts) -> None:
        self._site = site
        self._stop = threading.Event()
        #: When those that met trouble may be tried again, on the monotonic clock.
        self._not_before: dict[str, float] = {}
        self._worker = threading.Thread(target=self._work, name="quality", daemon=True)

    def start(self) -> None:
        """Begin, where this machine can sandbox."""
        if self._site.warden is not None:
            self._worker.start()

    def close(self) -> None:
        """End the run that is under way; its check goes on waiting."""
        self._stop.set()
        if self._worker.ident is not None:
            self._worker.join()

    def _work(self) -> None:
        while not self._stop.wait(LOOK_S):
            try:
                waiting = self._site.catalog.quality.waiting(self._site.name, limit=LOOKED_AT)
                due = [one for one in waiting if time.monotonic() >= self._not_before.get(one.id, 0.0)]
                for _, checks in groupby(due, key=lambda one: (one.principal, one.record, one.file)):
                    self._run_each(list(checks))
            except CancelledError:
                return
            except FomrepoError as error:
                logger.warning("quality checks", error=error.message)
            except Exception as error:  # a fault of ours; the site goes on
                log_unexpected(error)

    def _run_each(self, checks: Sequence[WaitingCheck]) -> None:
        """Run the checks of one file, one after the other or in one pass."""
        if len(checks) < 2 or not self._is_large(checks[0]):
            for check in checks:
                if not self._stop.is_set():
                    self._run(check, None)
            return
        together = Together(len(checks))
        with ThreadPoolExecutor(len(checks), thread_name_prefix="quality") as pool:
            for running in [pool.submit(self._run, check, together.seat()) for check in checks]:
                running.result()

    def _is_large(self, check: WaitingCheck) -> bool:
        """Whether a file is so large that each reading counts."""
        version = self._site.catalog.records.find(RecordName.parse(check.record), check.principal)
        sizes = () if version is None else [one.size for one in version.files if one.name == check.file]
        return any(size > COPY_LIMIT_BYTES for size in sizes)

    def _run(self, check: WaitingCheck, seat: Seat | None) -> None:
        """Bring one check to a verdict, or leave it for later."""
        self._not_before[check.id] = time.monotonic() + TROUBLE_S
        try:
            with seat or nullcontext():
                verdict = self._verdict(check, seat)
        except _PASSING as error:
            logger.warning("quality check", check=check.name, record=check.record, error=error.message)
            return
        self._site.catalog.quality.note(check.id, verdict)
        del self._not_before[check.id]

    def _verdict(self, check: WaitingCheck, seat: Seat | None) -> Verdict:
        """2. - 4. What comes of one check."""
        version = ""
        try:
            bundle = self._site.registry.find(MethodRef(check.name, None))
            version = bundle.schema.version
            method = MethodRef(check.name, version)
            order = CallOrder(method, (FileRef(check.record, check.file),), {}, FrameRange(), new_id())
            question = Question(checked_order(order, bundle.schema), bundle, draft=False, seat=seat)
            answer = run_here(
                self._site, question, check.principal, on_progress=lambda done, total: None, cancelled=self._stop
            )
            path = self._site.results.verified(answer.blob)
            found = {} if path is None else read_answer(path, bundle.schema.result)
        except (CancelledError, *_PASSING):
            raise
        except ArgumentError as error:
            return Verdict(CheckState.INAPPLICABLE, error.message, method_version=version)
        except FileRefusedError as error:
            return Verdict(CheckState.FAILED, error.message, method_version=version)
        except FomrepoError as error:
            return Verdict(CheckState.UNDECIDED, error.message, method_version=version)
        logger.info("quality check", record=check.record, file=check.file, check=check.name)
        return verdict_of(found, version)


def verdict_of(found: Mapping[str, Answered], version: str) -> Verdict:
    """3. Verdict out of a result of the shape that all checks have: ``passed``, and a table of findings."""
    columns = ("problems", "finding_frames", "finding_atoms", "finding_values", "finding_limits", "finding_units")
    if not {"passed", "n_findings", *columns} <= set(found):
        return Verdict(CheckState.UNDECIDED, "the method gave no verdict", method_version=version)
    rows = zip(*(found[column].values[:FINDINGS_LIMIT].tolist() for column in columns), strict=True)
    findings = tuple(
        Finding(problem, _index(frame), _index(atom), _finite(value), _finite(limit), unit)
        for problem, frame, atom, value, limit, unit in rows
    )
    state = CheckState.PASSED if bool(found["passed"].values) else CheckState.FAILED
    return Verdict(state, "", findings, int(found["n_findings"].values), version)


def _index(number: int) -> int | None:
    return number if number >= 0 else None


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
