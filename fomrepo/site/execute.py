"""Step 7 of the life of a call: the guest runs, in a sandbox of its own or in a child of a holder.

Drafts always run cold: a fresh sandbox, nothing shared with anybody. A signed method runs hot, in a child that was
forked ahead of time beside its data, wherever the site may keep a holder for its files.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from fomrepo.errors import MethodError, SandboxUnavailableError
from fomrepo.isolation.holder import Holder
from fomrepo.isolation.limits import RunLimits
from fomrepo.isolation.orders import InputFile, RunOrder, RunReport
from fomrepo.model.canonical import new_id
from fomrepo.model.methods import Bundle, MethodSchema, ResultSchema
from fomrepo.model.operations import CallOrder
from fomrepo.model.results import ResolvedCall
from fomrepo.site.accept import accept_outcome
from fomrepo.site.guest_request import Holding, frames_request, method_request
from fomrepo.site.holders import CHILD_LIMITS
from fomrepo.site.load import Claim
from fomrepo.site.log import logger
from fomrepo.site.parts import SiteParts
from fomrepo.site.parts_of_run import run_in_parts, run_size, worthwhile_parts
from fomrepo.site.together import Seat

#: Seconds of processor time allowed for each second on the clock: one core, and a little for the exit.
CPU_PER_WALL = 1.1


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a method on a call's files."""

    bundle: Bundle
    #: Arguments and frames.
    order: CallOrder
    #: Its inputs, resolved to exact bytes.
    call: ResolvedCall
    #: Whether nobody has reviewed the method.
    draft: bool
    #: What the run has of the site.
    claim: Claim
    #: Called with frames done and to do.
    on_progress: Callable[[int, int], None]
    #: Set it to end the run.
    cancelled: threading.Event
    #: Place among the runs that read their frames together; None: it reads them by itself.
    seat: Seat | None = None

    def accept(self, path: Path, report: RunReport, result: ResultSchema) -> None:
        """8. Read what a guest of this run answered; raises as :func:`accept_outcome` does."""
        first = self.call.inputs[0]
        accept_outcome(path, report, self.bundle.schema, result, first, cancelled=self.cancelled.is_set())

    def request(self, vault: Holding, *, sent_along: bool, **more: Any) -> tuple[bytes, tuple[InputFile, ...]]:
        """Request of a guest; the method's source text is sent along where no folder with it can be bound."""
        return method_request(
            self.bundle.schema,
            self.call.inputs,
            arguments=self.order.arguments,
            frames=self.order.frames,
            limits=limits_of(self.bundle.schema),
            vault=vault,
            bundle=self.bundle if sent_along else None,
            **more,
        )


def execute(site: SiteParts, run: Run, outcome: BinaryIO) -> tuple[RunReport, str]:
    """Run a method on a call's files; blocks until nothing of the run is alive, and says which way it ran.

    Parameters
    ----------
    site
        Where it runs.
    run
        What it is.
    outcome
        Gets the container; worthless unless the report says ``outcome``.

    Raises
    ------
    SandboxUnavailableError
        If this machine cannot sandbox.
    FomrepoError
        What became of a part of the run that failed.
    """
    schema = run.bundle.schema
    if not run.draft:
        site.registry.vouch(run.bundle)
    environment = site.environments.of(run.bundle)
    report: RunReport | None = None
    way = "hot"
    if not run.draft and site.holders is not None:
        with site.holders.holding(schema, run.call, environment, run.cancelled) as holder:
            if holder is not None:
                try:
                    report = _run_hot(site, run, holder, outcome)
                except (SandboxUnavailableError, MethodError) as error:
                    if holder.alive and isinstance(error, MethodError):
                        raise
                if not holder.alive and (report is None or report.ended == "crashed"):
                    report = None  # its children ended with it, which is not the method's fault: the call runs cold
                    outcome.seek(0)
                    outcome.truncate()
    if report is None:
        way = "cold"
        if not run.draft:
            site.registry.verify_again(schema)
        request, files = run.request(site.copies, sent_along=False)
        order = RunOrder(
            run_id=new_id(),
            task="method",
            environment=environment,
            method_folder=site.registry.folder_of(run.bundle),
            inputs=files,
            limits=limits_of(schema),
            request=request,
        )
        report = site.need_warden().run(order, outcome=outcome, on_progress=run.on_progress, cancelled=run.cancelled)
    outcome.flush()
    site.ways[way] += 1
    logger.info("run", method=schema.name, way=way, ended=report.ended, wall_s=round(report.wall_s, 4))
    return report, way


def _run_hot(site: SiteParts, run: Run, holder: Holder, outcome: BinaryIO) -> RunReport:
    """Run in a child of a holder; in several where that is worth it and the site has slots that nobody waits for."""
    schema, limits = run.bundle.schema, limits_of(run.bundle.schema)

    def ask(
        *,
        outcome: BinaryIO = outcome,
        limits: RunLimits = limits,
        on_progress: Callable[[int, int], None] | None = run.on_progress,
        cancelled: threading.Event = run.cancelled,
        following: Iterable[bytes] | None = None,
        **more: Any,
    ) -> RunReport:
        request, _ = run.request(site.copies, sent_along=True, **more)
        return holder.run(
            request, limits=limits, outcome=outcome, on_progress=on_progress, cancelled=cancelled, following=following
        )

    if run.seat is not None and run.order.frames is not None and not holder.decoded:
        decoding = frames_request(
            schema, run.call.inputs, frames=run.order.frames, limits=CHILD_LIMITS, vault=site.copies
        )
        with run.seat.frames(holder, decoding, CHILD_LIMITS, run.cancelled) as feed:
            if feed is not None:
                return ask(following=feed, frames_follow=True)
    n_frames, size = run_size(run.call, run.order.frames)
    pace = (run.bundle.digest, holder.decoded)
    wanted = worthwhile_parts(schema, n_frames, size * site.paces.of(pace))
    with site.slots.more(run.claim, wanted - 1) as more:
        if more:
            report = run_in_parts(
                ask,
                1 + more,
                new_file=site.results.new_blob,
                accept=lambda path, report: run.accept(path, report, schema.part_result),
                limits=limits,
                outcome=outcome,
                on_progress=run.on_progress,
                cancelled=run.cancelled,
            )
            logger.info("run in parts", method=schema.name, parts=1 + more)
        else:
            report = ask()
    site.paces.learn(pace, report.wall_s * (1 + more), size)
    return report


def limits_of(schema: MethodSchema) -> RunLimits:
    """Limits of a method's run."""
    return RunLimits(
        memory_bytes=schema.limits.memory_mib * 2**20,
        wall_s=schema.limits.wall_s,
        cpu_s=schema.limits.wall_s * CPU_PER_WALL + 1,
        result_bytes=int(schema.limits.result_mib * 2**20),
    )
