"""Golden cases run at a site because somebody asks: the gate for an author, and the health of published methods.

A check is known to its site alone and for a while. It waits for the same slots as calls do, as its asker's; it is
always cold.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from fomrepo.errors import BundleRefusedError, CancelledError, FomrepoError, NotFoundError, SiteBusyError
from fomrepo.model.canonical import new_id
from fomrepo.model.gate_report import CaseReport, GateCheck, GateReport
from fomrepo.model.golden_cases import read_golden_cases
from fomrepo.model.health import MethodHealth
from fomrepo.model.methods import Bundle, version_rank
from fomrepo.model.operations import MethodRef
from fomrepo.model.people import Principal
from fomrepo.site.gate import Samples, run_cases, run_gate, site_runner
from fomrepo.site.gate.samples import samples_beside
from fomrepo.site.load import RETRY_AFTER_S
from fomrepo.site.log import log_unexpected
from fomrepo.site.parts import SiteParts

#: Checks at the same time, all users together, and those of one user, under way or waiting.
CHECKS_AT_ONCE = 2
CHECKS_OF_ONE = 4
#: How long a verdict on a published method is the answer for whoever asks, in seconds.
VERDICT_HOLDS_S = 600.0
#: How long an ended check is remembered, in seconds, and how many of them.
REMEMBERED_S = 600.0
REMEMBERED_COUNT = 200


@dataclass(slots=True)
class LiveCheck:
    """One check, shared by the thread that does it and those that wait for it."""

    id: str
    #: Id of who asked.
    principal: str
    done: int = 0
    total: int = 0
    #: The golden case that is running.
    step: str = ""
    report: GateReport | None = None
    error: FomrepoError | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    ended_at: float = 0.0

    def progress(self, done: int, total: int, step: str) -> None:
        """Note how far it is."""
        self.done, self.total, self.step = done, total, step


class CheckDesk:
    """Runs golden cases at one site."""

    def __init__(self, site: SiteParts) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._checks: dict[str, LiveCheck] = {}
        self._workers = ThreadPoolExecutor(CHECKS_AT_ONCE, thread_name_prefix="check")

    def test(self, principal: Principal, bundle: Bundle) -> LiveCheck:
        """Begin with the gate for an author's own bundle; it is compared with the version published before it.

        Raises
        ------
        SandboxUnavailableError, SiteError
            If this site cannot run it.
        SiteBusyError
            If too many checks of this user are under way.
        """
        samples = self._samples(bundle)
        previous = self._before(bundle)

        def work(live: LiveCheck) -> GateReport:
            runner = site_runner(self._site, principal=principal.id, cancelled=live.cancelled)
            return run_gate(bundle, run=runner, samples=samples, previous=previous, on_progress=live.progress)

        return self._begin(principal, work)

    def verify(self, principal: Principal, method: MethodRef) -> LiveCheck:
        """Begin to run the golden cases of a published method, each once; the verdict is kept.

        Anybody may ask, and nobody can keep a site busy by it: a verdict of this site that is younger than
        `VERDICT_HOLDS_S` is the answer, unless the environment was built anew since.

        Raises
        ------
        NotFoundError, MethodNotTrustedError
            If there is no such method that may run.
        SandboxUnavailableError, SiteError, SiteBusyError
            As for :meth:`test`.
        """
        bundle = self._site.registry.find(method)
        if (known := self._verdict(bundle)) is not None:
            return self._ended(principal, known)
        samples = self._samples(bundle)

        def work(live: LiveCheck) -> GateReport:
            report = self._verified(principal, bundle, samples, live)
            wrong = [f"{one.name}: {one.message}" for one in report.cases if not one.ok]
            wrong = wrong or [one.message for one in report.failures]
            schema = bundle.schema
            found = MethodHealth(
                schema.name,
                schema.version,
                self._site.name,
                report.environment_digest,
                report.passed,
                "\n".join(wrong),
                time.time(),
            )
            self._site.catalog.health.note(found, bundle_digest=bundle.digest)
            return report

        return self._begin(principal, work)

    def find(self, principal: Principal, check_id: str) -> LiveCheck:
        """Find a check of the caller.

        Raises
        ------
        NotFoundError
            If there is none, or it is somebody else's.
        """
        live = self._checks.get(check_id)
        if live is None or live.principal != principal.id:
            raise NotFoundError(f"no check {check_id} of yours at {self._site.name}", remedy="begin it again")
        return live

    def close(self) -> None:
        """End all checks."""
        with self._lock:
            for live in self._checks.values():
                live.cancelled.set()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _begin(self, principal: Principal, work: Callable[[LiveCheck], GateReport]) -> LiveCheck:
        live = LiveCheck(new_id(), principal.id)
        with self._lock:
            self._forget()
            mine = sum(one.principal == principal.id and not one.ended.is_set() for one in self._checks.values())
            if mine >= CHECKS_OF_ONE:
                raise SiteBusyError(
                    f"{mine} checks of yours are under way at {self._site.name}",
                    remedy=f"try again in {RETRY_AFTER_S} s",
                    facts={"retry_after_s": str(RETRY_AFTER_S)},
                )
            self._checks[live.id] = live
        self._workers.submit(self._bring_to_its_end, live, work)
        return live

    def _ended(self, principal: Principal, report: GateReport) -> LiveCheck:
        """Check that has nothing to run."""
        live = LiveCheck(new_id(), principal.id, report=report, ended_at=time.monotonic())
        live.ended.set()
        with self._lock:
            self._forget()
            self._checks[live.id] = live
        return live

    def _verdict(self, bundle: Bundle) -> GateReport | None:
        """What this site found out just now about a published method, in the environment that it has."""
        schema, digest = bundle.schema, self._site.environments.digest_of(bundle)
        for one in self._site.catalog.health.all():
            mine = (one.method, one.version, one.site) == (schema.name, schema.version, self._site.name)
            age_s = time.time() - one.checked
            if mine and one.environment_digest == digest and 0 <= age_s < VERDICT_HOLDS_S:
                message = one.message if not one.ok else f"all cases held {age_s:.0f} s ago"
                return GateReport(one.ok, (GateCheck("golden", one.ok, message),), (), digest, bundle.digest)
        return None

    def _forget(self) -> None:
        """Drop what ended long ago, and the oldest of too many."""
        ended = sorted((one.ended_at, one.id) for one in self._checks.values() if one.ended.is_set())
        old = time.monotonic() - REMEMBERED_S
        for position, (moment, check_id) in enumerate(ended):
            if moment < old or position < len(ended) - REMEMBERED_COUNT:
                del self._checks[check_id]

    def _bring_to_its_end(self, live: LiveCheck, work: Callable[[LiveCheck], GateReport]) -> None:
        try:
            if live.cancelled.is_set():
                raise CancelledError("the check was cancelled before it began")
            live.report = work(live)
        except FomrepoError as error:
            live.error = error
        except Exception as error:  # a fault of ours must reach its caller, too
            live.error = log_unexpected(error)
        finally:
            live.ended_at = time.monotonic()
            live.ended.set()

    def _samples(self, bundle: Bundle) -> Samples:
        """Sample data, which lies beside the environments; the bundle's one must be here."""
        self._site.need_warden()
        return samples_beside(self._site.environments.of(bundle))

    def _before(self, bundle: Bundle) -> Bundle | None:
        """The newest published version before a bundle's own, or the same one again."""
        name, rank = bundle.schema.name, version_rank(bundle.schema.version)
        published = self._site.registry.snapshot().methods
        older = [one for (of, version), one in published.items() if of == name and version_rank(version) <= rank]
        return max(older, key=lambda one: version_rank(one.schema.version), default=None)

    def _verified(self, principal: Principal, bundle: Bundle, samples: Samples, live: LiveCheck) -> GateReport:
        runner = site_runner(self._site, principal=principal.id, cancelled=live.cancelled)
        cases: tuple[CaseReport, ...] = ()
        try:
            cases = run_cases(
                bundle,
                read_golden_cases(bundle),
                run=runner,
                samples=samples,
                thorough=False,
                on_progress=live.progress,
            )
            wrong = [one.name for one in cases if not one.ok]
            message = f"{len(wrong)} of {len(cases)} golden cases do not hold" if wrong else f"{len(cases)} cases hold"
        except BundleRefusedError as error:  # the rules were others when it was published
            wrong, message = [bundle.schema.name], error.message
        check = GateCheck("golden", not wrong, message, None, {"cases": wrong})
        return GateReport(not wrong, (check,), cases, runner.environment(bundle).digest, bundle.digest)
