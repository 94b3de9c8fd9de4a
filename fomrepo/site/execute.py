"""Step 7 of the life of a call: the guest runs, in a sandbox of its own or in a child of a holder.

Drafts always run cold: a fresh sandbox, nothing shared with anybody. A signed method runs hot, in a child that was
forked ahead of time beside its data, wherever the site may keep a holder for its files.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

from fomrepo.errors import SandboxUnavailableError, SiteError
from fomrepo.isolation.environment import GuestEnvironment
from fomrepo.isolation.limits import RunLimits
from fomrepo.isolation.orders import InputFile, RunOrder, RunReport
from fomrepo.model.canonical import new_id
from fomrepo.model.methods import Bundle, MethodSchema
from fomrepo.model.operations import CallOrder
from fomrepo.model.results import ResolvedCall
from fomrepo.site.guest_request import method_request
from fomrepo.site.log import logger
from fomrepo.site.parts import SiteParts

#: Seconds of processor time allowed for each second on the clock: one core, and a little for the exit.
CPU_PER_WALL = 1.1


def execute(
    site: SiteParts,
    bundle: Bundle,
    order: CallOrder,
    call: ResolvedCall,
    *,
    draft: bool,
    outcome: BinaryIO,
    on_progress: Callable[[int, int], None],
    cancelled: threading.Event,
) -> tuple[RunReport, str]:
    """Run a method on a call's files; blocks until nothing of the run is alive, and says which way it ran.

    Parameters
    ----------
    site
        Where it runs.
    bundle
        The method.
    order
        Its arguments and frames.
    call
        Its inputs, resolved to exact bytes.
    draft
        Whether nobody has reviewed it.
    outcome
        Gets the container; worthless unless the report says ``outcome``.
    on_progress
        Called with frames done and to do.
    cancelled
        Set it to end the run.

    Raises
    ------
    SandboxUnavailableError
        If this machine cannot sandbox.
    """
    limits = limits_of(bundle.schema)
    environment = environment_of(site, bundle.schema)
    report: RunReport | None = None
    way = "hot"
    if not draft and site.holders is not None:
        with site.holders.holding(bundle.schema, call, environment, cancelled) as holder:
            if holder is not None:
                request, _ = _request(site, bundle, order, call, limits, sent_along=True)
                with suppress(SandboxUnavailableError):  # it ended just now: the call runs cold
                    report = holder.run(
                        request, limits=limits, outcome=outcome, on_progress=on_progress, cancelled=cancelled
                    )
    if report is None:
        way = "cold"
        request, files = _request(site, bundle, order, call, limits, sent_along=False)
        run = RunOrder(
            run_id=new_id(),
            task="method",
            environment=environment,
            method_folder=site.registry.folder_of(bundle),
            inputs=files,
            limits=limits,
            request=request,
        )
        report = site.need_warden().run(run, outcome=outcome, on_progress=on_progress, cancelled=cancelled)
    outcome.flush()
    logger.info("run", method=bundle.schema.name, way=way, ended=report.ended, wall_s=round(report.wall_s, 4))
    return report, way


def limits_of(schema: MethodSchema) -> RunLimits:
    """Limits of a method's run."""
    return RunLimits(
        memory_bytes=schema.limits.memory_mib * 2**20,
        wall_s=schema.limits.wall_s,
        cpu_s=schema.limits.wall_s * CPU_PER_WALL + 1,
        result_bytes=int(schema.limits.result_mib * 2**20),
    )


def environment_of(site: SiteParts, schema: MethodSchema) -> GuestEnvironment:
    """Guest environment that a method names.

    Raises
    ------
    SiteError
        If this site has none of that name.
    """
    found = site.environments.get(schema.environment)
    if found is None:
        raise SiteError(
            f"{site.name} has no guest environment {schema.environment!r}, which {schema.name} needs",
            remedy=f"name one of {', '.join(site.environments)} in method.toml",
        )
    return found


def _request(
    site: SiteParts, bundle: Bundle, order: CallOrder, call: ResolvedCall, limits: RunLimits, *, sent_along: bool
) -> tuple[bytes, tuple[InputFile, ...]]:
    """Request of the run; the method's source text is sent along where no folder with it can be bound."""
    return method_request(
        bundle.schema,
        call.inputs,
        arguments=order.arguments,
        frames=order.frames,
        limits=limits,
        vault=site.vault,
        bundle=bundle if sent_along else None,
    )
