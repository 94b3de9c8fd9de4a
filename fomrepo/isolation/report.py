"""What became of a run: what the site heard from the guest and what was seen of it from outside, put together."""

from __future__ import annotations

import signal

from fomrepo.isolation.exchange import Exchange
from fomrepo.isolation.guest_run import GuestEnd
from fomrepo.isolation.orders import RunReport

__all__ = ["run_report"]


def run_report(exchange: Exchange, end: GuestEnd) -> RunReport:
    """Put together what the site heard and what the warden saw; a limit explains everything else."""
    limit = end.limit or exchange.limit
    detail = exchange.detail
    if limit is not None and exchange.ended != "cancelled":
        ended, detail = "limit", str(limit)
    elif exchange.ended in ("hostile", "cancelled"):
        ended = exchange.ended
    elif exchange.ended == "outcome" and end.exit_status == 0:
        ended = "outcome"
    else:
        ended, detail = "crashed", f"{exchange.detail} ({_how(end)})"
    return RunReport(
        ended=ended,  # type: ignore[arg-type]  # one of the five words
        exit_status=end.exit_status,
        signal=end.signal,
        limit=limit if ended == "limit" else None,
        wall_s=end.wall_s,
        cpu_s=end.cpu_s,
        peak_memory_bytes=end.peak_memory_bytes,
        outcome_bytes=exchange.outcome_bytes,
        log_tail=end.log_tail,
        detail=detail,
    )


def _how(end: GuestEnd) -> str:
    """How its process ended; of a child of a holder only its log may say it."""
    if end.signal:
        return f"signal {signal.Signals(end.signal).name}"
    return "see its log" if end.exit_status is None else f"exit status {end.exit_status}"
