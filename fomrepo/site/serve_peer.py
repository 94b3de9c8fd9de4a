"""Calls that other sites send here: authorised again, run here or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

from fomrepo.errors import FomrepoError, NotFoundError
from fomrepo.model.methods import Bundle
from fomrepo.model.operations import CallOrder
from fomrepo.site.call import DRIVEN_AT_ONCE, checked_order
from fomrepo.site.live import LiveOperation, LiveOperations
from fomrepo.site.log import log_unexpected
from fomrepo.site.parts import SiteParts
from fomrepo.site.question import Question, Resolution
from fomrepo.site.run import run_here
from fomrepo.site.together import Seat, Together
from fomrepo.wire.calls import TOGETHER_LIMIT

#: Calls asked for together are remembered until so many others were; they all come within a moment.
TOGETHER_REMEMBERED = 256


class PeerDesk:
    """Serves the calls of other sites' callers."""

    def __init__(self, site: SiteParts, gather: Callable[[Resolution, str], bool]) -> None:
        self._site, self._gather = site, gather
        self._live = LiveOperations()
        self._lock = threading.Lock()
        #: Calls that are asked for together, by their home and its name for them.
        self._together: dict[tuple[str, str], Together] = {}
        self._drivers = ThreadPoolExecutor(DRIVEN_AT_ONCE, thread_name_prefix="serve-peer")

    def run(
        self,
        home: str,
        principal: str,
        operation: str,
        order: CallOrder,
        draft: Bundle | None,
        together: tuple[str, int] = ("", 1),
    ) -> LiveOperation:
        """Begin a run, or find the one that the same operation began.

        Parameters
        ----------
        home
            Site that asks, as its certificate says.
        principal
            Id of its caller, as the ticket says; what he may see is decided here.
        operation
            Id of the operation at its home.
        order
            The call.
        draft
            An unreviewed bundle; None for a published method, which is looked up and verified here.
        together
            Name of the calls that are asked for together at their home, and how many they are.
        """
        bundle = draft if draft is not None else self._site.registry.find(order.method)
        seat = self._seat(home, *together)
        question = Question(checked_order(order, bundle.schema), bundle, draft=draft is not None, seat=seat)
        known = question.resolve(self._site, principal)
        live, new = self._live.get_or_add(LiveOperation(operation, principal, home, site=self._site.name))
        if new:
            self._drivers.submit(self._drive, live, question, known)
        return live

    def _seat(self, home: str, name: str, count: int) -> Seat | None:
        """Place among calls that come one by one and are asked for together."""
        if not name or not 1 < count <= TOGETHER_LIMIT:
            return None
        with self._lock:
            together = self._together.setdefault((home, name), Together(count, name))
            while len(self._together) > TOGETHER_REMEMBERED:
                del self._together[next(iter(self._together))]
        return together.seat()

    def find(self, home: str, operation: str) -> LiveOperation:
        """Find an operation of that home.

        Raises
        ------
        NotFoundError
            If it is not known here; it may have been lost in a restart.
        """
        if (live := self._live.find(home, operation)) is None:
            raise NotFoundError(f"{self._site.name} knows no operation {operation}")
        return live

    def close(self) -> None:
        """Stop taking on work."""
        self._drivers.shutdown(wait=False, cancel_futures=True)

    def _drive(self, live: LiveOperation, question: Question, known: Resolution) -> None:
        try:
            site, asker = self._site, live.principal
            with question.seat or nullcontext():
                run = run_here(
                    site,
                    question,
                    asker,
                    on_progress=live.progress,
                    cancelled=live.cancelled,
                    known=known,
                    gather=self._gather,
                )
            live.end(run=run)
        except FomrepoError as error:
            live.end(error=error)
        except Exception as error:
            live.end(error=log_unexpected(error))
