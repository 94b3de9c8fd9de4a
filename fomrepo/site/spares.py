"""Spare sandboxes of a site: one for each guest environment in use, made ahead of the next file that nobody holds yet.

A spare costs half a second of processor time, so it is made when the site has nothing else to do: a moment after the
start, and after the last one was used.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from fomrepo.errors import SandboxUnavailableError
from fomrepo.isolation.environment import GuestEnvironment
from fomrepo.isolation.limits import RunLimits
from fomrepo.isolation.orders import HoldOrder
from fomrepo.isolation.spare import SPARE_REQUEST, Spare
from fomrepo.isolation.warden import Warden
from fomrepo.model.canonical import new_id
from fomrepo.site.log import logger

#: From the site's start, and from the use of a spare, to the next.
REST_S = 1.0

#: Between two looks whether the site is at rest.
LOOK_S = 0.25

#: After a spare could not be made, none is for so long.
FAILED_S = 300.0


@dataclass(slots=True)
class _Place:
    """Room for the spare of one environment."""

    environment: GuestEnvironment
    due: float
    spare: Spare | None = None
    #: Whether its memory is counted: there is one, or it is being made.
    taken: bool = False


class Spares:
    """Spare sandboxes, each of which becomes one holder.

    Parameters
    ----------
    warden
        Starts them.
    lock
        Of whoever counts the memory of holders and spares. Call `count`, `take` and `give_up` with it held;
        `may_begin` is called so.
    limits
        Of each child of a holder.
    holder_memory_bytes
        The most that a holder may be allowed.
    room_bytes
        The most that its files may have.
    may_begin
        Whether the site is at rest, and has room for one more.
    """

    def __init__(
        self,
        warden: Warden,
        lock: threading.Lock,
        *,
        limits: RunLimits,
        holder_memory_bytes: int,
        room_bytes: int,
        may_begin: Callable[[], bool],
    ) -> None:
        self._warden, self._limits, self._holder_memory_bytes = warden, limits, holder_memory_bytes
        self._room_bytes, self._may_begin = room_bytes, may_begin
        self._changed = threading.Condition(lock)
        self._places: dict[str, _Place] = {}
        self._closed = False
        self._maker = threading.Thread(target=self._make, name="spares", daemon=True)
        self._maker.start()

    def expect(self, environment: GuestEnvironment) -> None:
        """Have a spare of an environment from now on."""
        with self._changed:
            place = _Place(environment, time.monotonic() + REST_S)
            self._places.setdefault(environment.digest, place)
            self._changed.notify_all()

    def count(self) -> int:
        """How many there are, or are being made."""
        return sum(place.taken for place in self._places.values())

    def take(self, environment: GuestEnvironment) -> Spare | None:
        """Give the spare of an environment away, if there is one."""
        place = self._places.get(environment.digest)
        spare = None if place is None else self._emptied(place)
        if spare is None or spare.alive:
            return spare
        close_behind(spare)
        return None

    def give_up(self) -> bool:
        """End a spare, for want of memory; returns whether there was one."""
        spare = next(filter(None, map(self._emptied, self._places.values())), None)
        if spare is not None:
            close_behind(spare)
        return spare is not None

    def close(self) -> None:
        """End all of them, and make no more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._maker.join()
        with self._changed:
            left = [spare for spare in map(self._emptied, self._places.values()) if spare is not None]
        for spare in left:
            spare.close()

    def _emptied(self, place: _Place) -> Spare | None:
        """Take the spare out of its place, if there is one; call it with the lock held."""
        spare = place.spare
        if spare is not None:
            place.spare, place.taken, place.due = None, False, time.monotonic() + REST_S
            self._changed.notify_all()
        return spare

    # --- on the maker's thread ---------------------------------------------------------------------------------------

    def _make(self) -> None:
        while (place := self._next()) is not None:
            spare, due, begun = None, 0.0, time.monotonic()
            try:
                spare = self._warden.spare(self._order(place.environment))
                logger.info("spare", environment=place.environment.name, seconds=round(time.monotonic() - begun, 3))
            except (SandboxUnavailableError, OSError) as error:  # OSError: this site has no descriptor left
                logger.warning("no spare sandbox", error=str(error))
                due = time.monotonic() + FAILED_S
            with self._changed:
                place.spare, place.taken, place.due = spare, spare is not None, due

    def _next(self) -> _Place | None:
        """Wait for a place that is due at a time when the site is at rest; None at the end."""
        with self._changed:
            while not self._closed:
                lacking = [each for each in self._places.values() if not each.taken]
                first = min(lacking, key=lambda each: each.due, default=None)
                if first is None:
                    self._changed.wait()
                elif (left_s := first.due - time.monotonic()) > 0.0:
                    self._changed.wait(left_s)
                elif self._may_begin():
                    first.taken = True
                    return first
                else:
                    self._changed.wait(LOOK_S)
        return None

    def _order(self, environment: GuestEnvironment) -> HoldOrder:
        return HoldOrder(
            hold_id=new_id(),
            environment=environment,
            inputs=(),
            request=SPARE_REQUEST,
            limits=self._limits,
            holder_memory_bytes=self._holder_memory_bytes,
            room_bytes=self._room_bytes,
        )


def close_behind(spare: Spare) -> None:
    """End a spare without waiting for its end."""
    threading.Thread(target=spare.close, name="close-spare", daemon=True).start()
