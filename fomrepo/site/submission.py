"""The life of a submitted method, at the site that takes it.

1. ``submit``: the bundle is read as any stranger's, and taken as a draft; the same bundle finds its submission again.
2. The gate runs it, cold, in this site's slots. What it finds is kept: reviewers read the bundle next, or it is
   rejected with the reason. If the gate itself is in trouble nothing is said of the bundle, and it is tried again.
3. ``approve``: the statement must say what this site knows, its signature must hold under a key that the signed root
   lists for the reviewer, and the catalog judges who may sign and whether that suffices.
4. One transaction publishes: the method enters the registry with its approvals, and the submission is published. Where
   the root asks for more than the catalog's policy, it stays approved until more have signed.

A kill between two steps leaves it where it was: ``resume`` goes on at the next start, or another site that is asked
takes it over. A method of one file goes the
same way, but may stay a draft that its author alone can call, and enters no registry (attached.py).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace

from fomrepo.errors import (
    BundleRefusedError,
    CancelledError,
    ConflictError,
    FomrepoError,
    MethodError,
    MethodNotTrustedError,
)
from fomrepo.model.bundle import read_bundle, unpack_files
from fomrepo.model.differences import visible
from fomrepo.model.files import RecordName
from fomrepo.model.gate_report import GateReport
from fomrepo.model.golden_cases import read_golden_cases
from fomrepo.model.methods import Bundle
from fomrepo.model.operations import FileRef
from fomrepo.model.people import Principal
from fomrepo.model.statements import Approval, ReviewStatement, SignedMethod
from fomrepo.model.submissions import Papers, Submission, SubmissionState, check_remark
from fomrepo.model.trust import environment_of
from fomrepo.site.approval import check_statement, verify_signature
from fomrepo.site.gate import run_gate, site_runner
from fomrepo.site.gate.samples import samples_beside
from fomrepo.site.log import log_unexpected, logger
from fomrepo.site.parts import SiteParts
from fomrepo.site.sites_known import SitesKnown
from fomrepo.site.trust import verify_method
from fomrepo.wire.methods import schema_to_wire

#: Bundles that are in the gate at the same time; each of their runs also waits for a slot.
GATES_AT_ONCE = 2
#: Seconds after which a gate that was in trouble is tried again, when somebody asks.
TROUBLE_PAUSE_S = 20.0
#: Seconds between two looks at a submission that another site checks.
POLL_S = 0.25
#: Longest reason of the gate that is kept with a submission; the report has all of it.
REASON_LIMIT = 1_000
#: Longest lock file of an environment that reviewers are shown, in bytes: a few hundred packages.
LONGEST_LOCK = 2**20

_DRAFT = SubmissionState.DRAFT
_BEFORE_REVIEW = (_DRAFT, SubmissionState.CHECKING)


@dataclass(slots=True)
class _Gate:
    """A submission that is in the gate of this site."""

    step: str = "waiting"
    trouble: str = ""
    cancelled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    ended_at: float = 0.0


class SubmissionDesk:
    """Takes submissions at one site, and reviews of submissions from wherever they are."""

    def __init__(self, site: SiteParts, sites: SitesKnown) -> None:
        self._site, self._sites = site, sites
        self._lock = threading.Lock()
        self._gates: dict[str, _Gate] = {}
        self._workers = ThreadPoolExecutor(GATES_AT_ONCE, thread_name_prefix="gate")

    # --- 1. the author ------------------------------------------------------------------------------------------------

    def submit(self, principal: Principal, files: Mapping[str, bytes], file: FileRef | None) -> Submission:
        """1. Take a bundle and let the gate begin, or find the submission of the same bundle.

        Raises
        ------
        BundleRefusedError
            If it is not well formed or has no golden case; nothing is kept then.
        SiteError
            If this site cannot run it.
        """
        bundle = read_bundle(files)
        if not read_golden_cases(bundle):
            raise BundleRefusedError(
                "the bundle has no golden case", remedy="write tests/NAME.toml with an [[expect]] for each field"
            )
        self._site.need_warden()
        return self._told(self._let_in(self._take(principal, bundle, file)))

    def attach(self, principal: Principal, files: Mapping[str, bytes], file: FileRef) -> Submission:
        """1. Keep a bundle with one file, as a draft that its author alone can call there."""
        return self._take(principal, read_bundle(files), file)

    def find(self, principal: Principal, submission_id: str, *, wait_s: float) -> Submission:
        """How a submission stands, when the gate has ended or after ``wait_s``."""
        until = time.monotonic() + wait_s
        while True:
            submission = self._site.catalog.submissions.get(submission_id, principal.id)
            if submission.state is SubmissionState.APPROVED:
                return self._publish(submission)
            if submission.state not in _BEFORE_REVIEW or (submission.record and submission.state is _DRAFT):
                return submission
            told, left = self._told(self._let_in(submission)), until - time.monotonic()
            if told.trouble or left <= 0:
                return told
            gate = self._gates.get(submission_id)
            (gate.ended if gate is not None else threading.Event()).wait(min(POLL_S, left))

    def listed(self, principal: Principal, *, to_review: bool) -> tuple[Submission, ...]:
        """Submissions of somebody, or those that wait for them as a reviewer."""
        catalog = self._site.catalog
        if not to_review:
            return catalog.submissions.of_author(principal.id)
        return catalog.reviews.waiting(principal.id) + self._stopped(principal)

    def _stopped(self, principal: Principal) -> tuple[Submission, ...]:
        """What is published and has too few signatures by now: reviewers may sign it again."""
        snapshot = self._site.registry.snapshot()
        stopped = {key: error.message for key, error in snapshot.refused.items() if key in snapshot.listed.methods}
        return tuple(
            replace(one, trouble=stopped[one.name, one.version])
            for one in (self._site.catalog.reviews.in_use(principal.id) if stopped else ())
            if (one.name, one.version) in stopped
        )

    def withdraw(self, principal: Principal, submission_id: str) -> Submission:
        """Take a submission back; if it is in the gate, its run is ended."""
        submission = self._site.catalog.submissions.withdraw(submission_id, principal.id)
        with self._lock:
            gate = self._gates.get(submission_id)
        if gate is not None:
            gate.cancelled.set()
        return submission

    # --- 2. the gate --------------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """Go on with what a kill left, and with publications that were held up."""
        for submission_id in self._site.catalog.submissions.to_check(self._site.name):
            self._start_gate(submission_id)
        for submission in self._site.catalog.reviews.to_publish():
            with suppress(FomrepoError):  # it stays approved, and the next start tries again
                self._publish(submission)

    def close(self) -> None:
        """Stop the gates; they begin again at the next start."""
        with self._lock:
            for gate in self._gates.values():
                gate.cancelled.set()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _take(self, principal: Principal, bundle: Bundle, file: FileRef | None) -> Submission:
        self._site.environments.take_in(bundle)
        attach_to = None if file is None else (RecordName.parse(file.record), file.name)
        return self._site.catalog.submissions.begin(principal.id, bundle, site=self._site.name, attach_to=attach_to)

    def _let_in(self, submission: Submission) -> Submission:
        """Begin with the gate, if it has not begun; after trouble, or where its site is lost, begin again here."""
        here = submission.site == self._site.name
        if submission.state not in _BEFORE_REVIEW or not (here or self._adopt(submission)):
            return submission
        self._start_gate(submission.id)
        return self._site.catalog.submissions.check(submission.id)

    def _adopt(self, submission: Submission) -> bool:
        home = self._sites.entries().get(submission.site)
        if (home is not None and home.up) or self._site.warden is None:
            return False
        return self._site.catalog.submissions.adopt(submission.id, lost_site=submission.site, site=self._site.name)

    def _start_gate(self, submission_id: str) -> None:
        with self._lock:
            gate = self._gates.get(submission_id)
            rested = gate is not None and gate.ended.is_set() and time.monotonic() - gate.ended_at > TROUBLE_PAUSE_S
            if gate is None or rested:
                gate = self._gates[submission_id] = _Gate()
                self._workers.submit(self._check, submission_id, gate)

    def _check(self, submission_id: str, gate: _Gate) -> None:
        """2. Bring one submission through the gate, whatever happens."""
        try:
            self._run_gate(submission_id, gate)
        except FomrepoError as error:
            gate.trouble = "" if isinstance(error, CancelledError) else str(error)
        except Exception as error:
            gate.trouble = str(log_unexpected(error))
        finally:
            gate.ended_at = time.monotonic()
            gate.ended.set()
            if not gate.trouble:
                with self._lock:
                    self._gates.pop(submission_id, None)

    def _run_gate(self, submission_id: str, gate: _Gate) -> None:
        catalog = self._site.catalog
        submission = catalog.submissions.check(submission_id)
        if submission.state is not SubmissionState.CHECKING:
            return
        bundle = _unpacked(catalog.submissions.bundle(submission_id))
        previous = catalog.submissions.previous(submission_id)
        environment = self._site.environments.of(bundle)
        approved_for = environment_of(self._site.registry.snapshot().listed, bundle)

        def progress(done: int, total: int, step: str) -> None:
            gate.step = f"golden case {done + 1} of {total}, {step}" if step else "writing the report"

        report: GateReport | None = None
        try:
            report = run_gate(
                bundle,
                run=site_runner(self._site, principal=submission.author_id, cancelled=gate.cancelled),
                samples=samples_beside(environment),
                previous=None if previous is None else _unpacked(previous),
                on_progress=progress,
            )
            refusal = _refusal(report)
        except MethodError as error:
            refusal = _shortened(str(error))
        done = catalog.submissions.checked(
            submission_id,
            refusal=refusal,
            report="" if report is None else report.to_json(),
            environment_digest=approved_for.lock_digest,
        )
        logger.info("gate", submission=submission_id, state=done.state.value)

    def _told(self, submission: Submission) -> Submission:
        """Submission with what its gate is doing, where that is known."""
        gate = self._gates.get(submission.id)
        if gate is None or submission.state not in _BEFORE_REVIEW:
            return submission
        return replace(submission, step=gate.step, trouble=gate.trouble)

    # --- 3. reviewers -------------------------------------------------------------------------------------------------

    def papers(self, principal: Principal, submission_id: str) -> Papers:
        """Everything that a reviewer reads, and its author as well."""
        catalog = self._site.catalog
        submission, packed, report, approvals, events = catalog.submissions.papers(submission_id, principal.id)
        previous = catalog.submissions.previous(submission_id)
        bundle = _unpacked(packed)
        lock = catalog.environments.read(submission.environment_digest, LONGEST_LOCK)
        return Papers(
            submission=self._told(submission),
            bundle=bundle,
            previous=None if previous is None else _unpacked(previous),
            report=GateReport.from_json(report) if report else None,
            environment_lock="" if lock is None else lock.decode(errors="replace"),
            events=events,
            approvals=approvals,
            policy=catalog.reviewers.policy(),
        )

    def comment(self, principal: Principal, submission_id: str, text: str) -> Submission:
        """3. Keep what somebody says."""
        remark = check_remark(text, "comment")
        return self._told(self._site.catalog.submissions.comment(submission_id, principal.id, remark))

    def reject(self, principal: Principal, submission_id: str, reason: str) -> Submission:
        """3. Refuse a submission, with a reason."""
        return self._site.catalog.reviews.reject(submission_id, principal.id, check_remark(reason, "reason"))

    def approve(self, principal: Principal, submission_id: str, approval: Approval) -> Submission:
        """3. Keep a reviewer's signature; publish, if that was the last one needed.

        1. They may approve it at all.
        2. The statement says what this site knows of the bundle, and nothing else; it was signed lately.
        3. The signature holds under a key that the federation's root lists for this reviewer.
        4. The catalog keeps it, if all that is still so.

        Raises
        ------
        ConflictError
            If the statement is about something else: another version, other files, another environment.
        MethodNotTrustedError
            If the signature does not hold.
        """
        catalog = self._site.catalog
        submission = catalog.reviews.may_approve(submission_id, principal.id)
        expected = ReviewStatement.about(
            _unpacked(catalog.submissions.bundle(submission_id)),
            environment_digest=submission.environment_digest,
            author=submission.author,
            reviewer=principal.name,
            signed=approval.statement.signed,
        )
        check_statement(approval.statement, expected, submission_id, now=time.time())
        verify_signature(self._site, approval)
        if submission.state in (SubmissionState.PUBLISHED, SubmissionState.DEPRECATED):
            return self._sign_again(principal, submission, approval)
        submission = catalog.reviews.approve(submission_id, principal.id, approval)
        return self._publish(submission) if submission.state is SubmissionState.APPROVED else submission

    def _sign_again(self, principal: Principal, submission: Submission, approval: Approval) -> Submission:
        """3. Add a signature to what is published, which may have lost others."""
        catalog = self._site.catalog
        packed, _ = catalog.reviews.signed(submission.id)
        schema = schema_to_wire(_unpacked(packed).schema)
        signed = SignedMethod(packed, (approval,))
        catalog.together(
            [
                lambda: catalog.reviews.sign_again(submission.id, principal.id),
                lambda: catalog.methods.publish(signed, schema),
            ]
        )
        stopped = self._site.registry.snapshot().refused.get((submission.name, submission.version))
        return submission if stopped is None else replace(submission, trouble=stopped.message)

    # --- 4. publication -----------------------------------------------------------------------------------------------

    def _publish(self, submission: Submission) -> Submission:
        """4. Publish what is approved, or reject it if its name or version was taken meanwhile."""
        catalog = self._site.catalog
        method = SignedMethod(*catalog.reviews.signed(submission.id))
        try:
            bundle = verify_method(method, self._site.registry.snapshot().root).bundle
        except MethodNotTrustedError as error:
            return replace(submission, trouble=error.message)
        after: list[Submission] = []

        def both() -> None:
            after[:] = [catalog.reviews.publish(submission.id)]
            if after[0].state is SubmissionState.PUBLISHED and not submission.record:
                catalog.methods.publish(method, schema_to_wire(bundle.schema))

        try:
            catalog.together([both])
        except ConflictError as error:
            return catalog.reviews.refuse(submission.id, _shortened(str(error)))
        self._site.registry.snapshot()  # where the list of methods is signed, it is listed at once
        logger.info("published", submission=submission.id, state=after[0].state.value)
        return after[0]


def _unpacked(packed: bytes) -> Bundle:
    return read_bundle(unpack_files(packed))


def _refusal(report: GateReport) -> str:
    """What the gate holds against a bundle, on one line; empty if it passed."""
    if report.passed:
        return ""
    said = [f"{one.message} ({one.remedy})" if one.remedy else one.message for one in report.failures]
    said += [f"{one.name}: {one.message}" for one in report.cases if not one.ok]
    return _shortened(f"the gate refused it: {'; '.join(said)}")


def _shortened(text: str) -> str:
    return " ".join(visible(text).split())[:REASON_LIMIT]
