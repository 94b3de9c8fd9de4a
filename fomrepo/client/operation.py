"""A call that goes on by itself: a ``concurrent.futures.Future`` that knows its operation."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import Future, InvalidStateError
from typing import TYPE_CHECKING, cast

from fomrepo.client.calls import Calls, state_of
from fomrepo.client.results.result import Result
from fomrepo.client.tracebacks import short_tracebacks
from fomrepo.errors import CancelledError
from fomrepo.model.operations import OperationState
from fomrepo.wire.replies import Reply

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    Answer = TypeVar("Answer", bound=Result, default=Result)
else:
    from typing import TypeVar

    Answer = TypeVar("Answer")


class OperationFuture(Future[Answer]):
    """The result of a call, when it is there.

    Works wherever a ``concurrent.futures.Future`` does: ``result()``, ``add_done_callback()``, ``as_completed()``. The
    run does not need this process: after it has ended, ``repo.operation(future.operation)`` finds the run again.

    Parameters
    ----------
    calls
        Follows the operation.
    reply
        What a site said of it last.
    method_digest
        Digest that the method must have; None if it is not known here.
    """

    def __init__(self, calls: Calls, reply: Reply, *, method_digest: str | None = None) -> None:
        super().__init__()
        self._calls = calls
        self._reply = reply
        self._method_digest = method_digest
        self._ending = threading.RLock()
        threading.Thread(target=self._follow, name=f"fomrepo-{reply.message.operation}", daemon=True).start()

    @property
    def operation(self) -> str:
        """Id of the operation; any site knows it."""
        return self._reply.message.operation

    @property
    def progress(self) -> tuple[int, int]:
        """Frames done and to do, as the site said last; ``(0, 0)`` while it has said nothing."""
        done, total = self._reply.message.done, self._reply.message.total
        if self.state is not OperationState.DONE:
            return done, total
        if not total and self.done() and self.exception() is None:  # found again: sites keep no count of what ended
            total = len(getattr(self.result(), "frames", ()))
        return total, total

    @property
    def site(self) -> str:
        """Site that runs the method; empty while none was chosen."""
        return self._reply.message.site

    @property
    def state(self) -> OperationState:
        """State of the operation, as the site said last."""
        return OperationState.CANCELLED if self.cancelled() else state_of(self._reply)

    @short_tracebacks
    def result(self, timeout: float | None = None) -> Answer:
        """Wait for the result, at most ``timeout`` seconds; raises what the call raised."""
        return super().result(timeout)

    def running(self) -> bool:
        """Whether the method runs at a site now."""
        return not self.done() and self.state is OperationState.RUNNING

    def cancel(self) -> bool:
        """End the run at the site; False if it has ended before."""
        if not self.done():
            self._reply = self._calls.cancel(self.operation)
            if self.state not in (OperationState.DONE, OperationState.FAILED):
                self._end_cancelled()
        return self.cancelled()

    def __repr__(self) -> str:
        done, total = self.progress
        frames = f" {done}/{total} frames" if total and not self.cancelled() else ""
        return f"<OperationFuture {self.operation} {self.state}{frames}>"

    def _follow(self) -> None:
        try:
            final = self._calls.until_final(self._reply, on_reply=self._heard, given_up=self.done)
            if self.done():
                return
            result = self._calls.outcome(final, method_digest=self._method_digest)
        except CancelledError:
            self._end_cancelled()
        except BaseException as error:  # a future carries whatever happened to the one who asks for the result
            with contextlib.suppress(InvalidStateError):
                self.set_exception(error)
        else:
            with contextlib.suppress(InvalidStateError):
                self.set_result(cast("Answer", result))

    def _heard(self, reply: Reply) -> None:
        self._reply = reply

    def _end_cancelled(self) -> None:
        with self._ending:
            if not self.cancelled() and super().cancel():
                self.set_running_or_notify_cancel()  # tells those who wait() for several futures
