"""Methods that are asked for together read the same frames of a file in one pass.

Where a holder keeps decoded frames, no frame is decoded by anybody, and they run as others do. Where it keeps none,
because they are too many for its memory, the methods take one slot together, each runs in a child of its own as ever,
and one more child decodes the frames for all of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import BinaryIO, cast

from fomrepo.errors import CancelledError, FomrepoError
from fomrepo.isolation.holder import Holder
from fomrepo.isolation.limits import RunLimits
from fomrepo.model.canonical import new_id
from fomrepo.site.frame_feed import Feed, Tee
from fomrepo.site.load import Claim, Slots
from fomrepo.site.log import log_unexpected, logger

#: How long those who are there wait for the others.
GATHER_S = 2.0

#: Between two looks whether a run was cancelled.
LOOK_S = 0.05

#: The frames of a run are longer than any result.
FRAMES_LIMIT_BYTES = 2**50


class Together:
    """Some calls of one caller that read the same frames of the same file.

    Parameters
    ----------
    count
        How many they are.
    name
        By which other sites know them.
    """

    def __init__(self, count: int, name: str = "") -> None:
        self.count = count
        self.name = name or new_id()
        self._changed = threading.Condition()
        self._awaited = count
        self._feeds: list[Feed] = []
        self._begun = False
        self._turn = threading.Lock()
        self._inside = 0
        self._slot: ExitStack | None = None
        self._decoder: threading.Thread | None = None
        self._site = ""

    def seat(self) -> Seat:
        """Place of one of the calls."""
        return Seat(self)

    def _same_site(self, choose: Callable[[], str]) -> str:
        with self._turn:
            self._site = self._site or choose()
            return self._site

    def _account_for_one(self) -> None:
        with self._changed:
            self._awaited -= 1
            self._changed.notify_all()

    @contextmanager
    def _shared_slot(self, slots: Slots, claim: Claim, cancelled: threading.Event) -> Iterator[None]:
        while not self._turn.acquire(timeout=LOOK_S):
            if cancelled.is_set():
                raise CancelledError("the operation was cancelled while it waited for a slot")
        try:
            if self._slot is None:
                with ExitStack() as taken:
                    taken.enter_context(slots.one(replace(claim, memory_bytes=self.memory_bytes(claim)), cancelled))
                    self._slot = taken.pop_all()
            self._inside += 1
        finally:
            self._turn.release()
        try:
            yield
        finally:
            with self._turn:
                self._inside -= 1
                if not self._inside:
                    self._give_back()

    def _give_back(self) -> None:
        """Free the slot, when nothing of all this runs."""
        if self._decoder is not None:
            self._decoder.join()
        if self._slot is not None:
            self._slot.close()
            self._slot = None

    def memory_bytes(self, claim: Claim) -> int:
        """What all of them need, and whoever decodes for them."""
        return claim.memory_bytes * (self.count + 1)

    def _join(self, holder: Holder, request: bytes, limits: RunLimits, cancelled: threading.Event) -> Feed | None:
        """Wait for the others; frames from the one who decodes, or None for a run that is alone."""
        feed = Feed()
        with self._changed:
            if self._begun:
                return None
            self._feeds.append(feed)
            self._changed.wait_for(lambda: self._begun or not self._awaited or cancelled.is_set(), GATHER_S)
            if not self._begun:
                self._begun = True
                self._changed.notify_all()
                if len(self._feeds) > 1:
                    tee = Tee(tuple(self._feeds))
                    self._decoder = threading.Thread(
                        target=_decode, args=(holder, request, limits, tee), name="decode-for-all", daemon=True
                    )
                    self._decoder.start()
        return feed if self._decoder is not None else None


class Seat:
    """Place of one call among those that are asked for together; use it in a ``with`` block as long as it may run."""

    def __init__(self, together: Together) -> None:
        self._together = together
        self._accounted = False

    def __enter__(self) -> Seat:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave."""
        self.leave()

    def leave(self) -> None:
        """Let nobody wait any longer for this call."""
        if not self._accounted:
            self._accounted = True
            self._together._account_for_one()

    @property
    def together(self) -> tuple[str, int]:
        """By which name other sites know all of them, and how many they are."""
        return self._together.name, self._together.count

    def same_site(self, choose: Callable[[], str]) -> str:
        """Site for all of them, chosen by whoever asks first."""
        return self._together._same_site(choose)

    def fits(self, slots: Slots, claim: Claim) -> bool:
        """Whether a site has the memory for all of them at once."""
        return self._together.memory_bytes(claim) <= slots.memory_bytes

    @contextmanager
    def slot(self, slots: Slots, claim: Claim, cancelled: threading.Event) -> Iterator[None]:
        """Hold the one slot of all of them during the ``with`` block; raises as ``Slots.one`` does."""
        with self._together._shared_slot(slots, claim, cancelled):
            yield

    @contextmanager
    def frames(
        self, holder: Holder, request: bytes, limits: RunLimits, cancelled: threading.Event
    ) -> Iterator[Feed | None]:
        """Give the frames that somebody decodes for all, during the ``with`` block; None: there is nobody else.

        Parameters
        ----------
        holder
            Of the file.
        request
            To decode the frames.
        limits
            Of each child.
        cancelled
            Of this call.
        """
        self.leave()
        feed = self._together._join(holder, request, limits, cancelled)
        try:
            yield feed
        finally:
            if feed is not None:
                feed.close()


def _decode(holder: Holder, request: bytes, limits: RunLimits, tee: Tee) -> None:
    """Let one child decode the frames for all; if it fails, each method meets the same failure in the file."""
    try:
        report = holder.run(
            request,
            limits=replace(limits, result_bytes=FRAMES_LIMIT_BYTES),
            outcome=cast("BinaryIO", tee),
            cancelled=tee.deserted,
        )
        logger.info("frames decoded for all", ended=report.ended, bytes=report.outcome_bytes)
    except FomrepoError as error:
        logger.warning("frames not decoded for all", error=error.message)
    except Exception as error:
        log_unexpected(error)
    finally:
        tee.end()
