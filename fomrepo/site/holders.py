"""Files in use are held ready: which holders a site keeps, for whom they are good, and which one goes first.

A holder has one call's inputs loaded and children forked ahead of time (isolation/holder.py). It is made at the first
call of a signed method on its files, of a spare sandbox if there is one, kept while it is used, and evicted by least
use under a memory budget: never while a call runs in it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from fomrepo.errors import SandboxUnavailableError
from fomrepo.isolation.environment import GuestEnvironment
from fomrepo.isolation.holder import Holder, HolderFailed, HoldOrder
from fomrepo.isolation.limits import RunLimits
from fomrepo.isolation.spare import LATE_TYPES, Spare
from fomrepo.isolation.warden import Warden
from fomrepo.model.canonical import new_id
from fomrepo.model.files import FileObject
from fomrepo.model.methods import MethodSchema
from fomrepo.model.results import ResolvedCall, ResolvedInput
from fomrepo.site.guest_request import Holding, hold_request
from fomrepo.site.log import logger
from fomrepo.site.spares import Spares, close_behind

#: What every child of a holder may use; a method that asks for more runs cold.
CHILD_LIMITS = RunLimits(memory_bytes=1024 * 2**20, wall_s=600.0, cpu_s=660.0, result_bytes=64 * 2**20)

#: Memory of a holder besides decoded frames: the interpreter with its packages, a topology of a million atoms.
HOLDER_BASE_BYTES = 256 * 2**20

#: Bytes of one decoded position: three float32.
POSITION_BYTES = 12

#: Bytes of the offset of a frame.
OFFSET_BYTES = 8

#: Files that a spare is handed are copied, at 1.5 GB/s: above this, the sandbox that is made has the files bound.
COPIES_BYTES = 256 * 2**20

#: The frames of one trajectory may take this part of the budget; those of a larger one stay in the file.
LARGEST_PART = 0.5

#: A holder that nobody used for so long goes.
IDLE_S = 900.0

#: A holder that nobody used for so long makes room for a spare.
RESTED_S = 60.0

#: Between two looks whether who waits for a holder that another one makes is still there.
LOOK_S = 0.05

#: After a holder could not be made, its files are read cold for so long.
FAILED_S = 300.0


@dataclass(slots=True)
class _Held:
    """A holder, or the attempt to make one."""

    digests: frozenset[str]
    reserved_bytes: int
    users: int = 0
    last_used: float = field(default_factory=time.monotonic)
    ready: threading.Event = field(default_factory=threading.Event)
    holder: Holder | None = None
    #: Whether it was taken out, perhaps before it was made.
    dropped: bool = False


class HolderDesk:
    """Holders of one site.

    Parameters
    ----------
    warden
        Starts them.
    copies
        Where the files lie.
    budget_bytes
        Memory of all holders together.
    verify
        Raises if a method is not trusted; asked before a holder is made for it.
    rests
        Whether the site has nothing else to do, so that a spare sandbox can be made; None: none is ever made.
    """

    def __init__(
        self,
        warden: Warden,
        copies: Holding,
        *,
        budget_bytes: int,
        verify: Callable[[MethodSchema], None] = lambda _: None,
        rests: Callable[[], bool] | None = None,
    ) -> None:
        self._warden, self._copies, self._budget, self._verify = warden, copies, budget_bytes, verify
        self._lock = threading.Lock()
        self._held: dict[tuple[str, ...], _Held] = {}
        self._failed: dict[tuple[str, ...], float] = {}
        has_room = budget_bytes >= 2 * HOLDER_BASE_BYTES  # for a spare beside a holder
        self._spares = None if rests is None or not has_room else self._spares_when(rests)

    def expect(self, environment: GuestEnvironment) -> None:
        """Have a spare sandbox of an environment, from the time on when the site first rests."""
        if self._spares is not None:
            self._spares.expect(environment)

    @contextmanager
    def holding(
        self, schema: MethodSchema, call: ResolvedCall, environment: GuestEnvironment, cancelled: threading.Event
    ) -> Iterator[Holder | None]:
        """Give the holder of a call's files for the ``with`` block; None where the call has to run cold."""
        entry = self._enter(schema, call, environment, cancelled)
        if entry is None:
            yield None
            return
        try:
            while not entry.ready.wait(LOOK_S) and not cancelled.is_set():
                pass
            serves = not entry.dropped and entry.holder is not None and entry.holder.alive
            yield entry.holder if serves else None
        finally:
            with self._lock:
                entry.users -= 1
                entry.last_used = time.monotonic()
            if entry.ready.is_set() and (entry.holder is None or not entry.holder.alive):
                self._drop(entry)

    def decodes(self, call: ResolvedCall) -> bool:
        """Whether a holder of a call's files would keep their frames decoded, as far as the catalog knows them."""
        return self._frame_bytes(call) > 0

    def forget(self, digest: str) -> None:
        """Close the holders of an object whose bytes are no longer good."""
        for entry in list(self._held.values()):
            if digest in entry.digests:
                self._drop(entry)

    def figures(self) -> tuple[int, int]:
        """Number of holders, and the bytes that they and the spare sandboxes may use."""
        with self._lock:
            return len(self._held), self._reserved_bytes()

    def close(self) -> None:
        """End all holders and spare sandboxes."""
        if self._spares is not None:
            self._spares.close()
        for entry in list(self._held.values()):
            self._drop(entry)

    def _enter(
        self, schema: MethodSchema, call: ResolvedCall, environment: GuestEnvironment, cancelled: threading.Event
    ) -> _Held | None:
        """Find or make the entry of a call's files, and count its user in."""
        handed = (
            part
            for position, one in enumerate(call.inputs)
            for part in (schema.family(one.file.families, position), *_identity(one))
        )
        key = (environment.digest, call.scope, *handed)
        if not fits_a_child(schema):
            return None
        if key not in self._held:
            self._verify(schema)
        with self._lock:
            if self._failed.get(key, 0.0) > time.monotonic():
                return None
            entry = self._held.get(key)
            if entry is not None:
                entry.users += 1
                return entry
            frame_bytes, copies_bytes = self._frame_bytes(call), _copies_bytes(call)
            wanted = HOLDER_BASE_BYTES + frame_bytes
            spare = None if copies_bytes is None or self._spares is None else self._spares.take(environment)
            if spare is not None and not self._make_room(wanted + (copies_bytes or 0)):
                close_behind(spare)
                spare = None
            if spare is not None:
                wanted += copies_bytes or 0
            elif not self._make_room(wanted):
                return None
            entry = self._held[key] = _Held(frozenset(call.objects), wanted, users=1)
        self.expect(environment)
        try:
            self._make(entry, key, schema, call, environment, frame_bytes, spare, cancelled)
        except BaseException:
            entry.ready.set()
            self._drop(entry)
            if spare is not None:
                close_behind(spare)
            raise
        return entry

    def _frame_bytes(self, call: ResolvedCall) -> int:
        """Memory for the decoded frames of a call's files; 0 if they stay in the files."""
        frame_bytes = sum(_decoded_bytes(one) for one in call.inputs)
        return frame_bytes if frame_bytes <= LARGEST_PART * self._budget else 0

    def _make(
        self,
        entry: _Held,
        key: tuple[str, ...],
        schema: MethodSchema,
        call: ResolvedCall,
        environment: GuestEnvironment,
        frame_bytes: int,
        spare: Spare | None,
        cancelled: threading.Event,
    ) -> None:
        request, files = hold_request(
            schema, call.inputs, frame_budget_bytes=frame_bytes, limits=CHILD_LIMITS, vault=self._copies
        )
        order = HoldOrder(
            hold_id=new_id(),
            environment=environment,
            inputs=files,
            request=request,
            limits=CHILD_LIMITS,
            holder_memory_bytes=entry.reserved_bytes + CHILD_LIMITS.memory_bytes,
        )
        begun = time.monotonic()
        try:
            entry.holder = self._hold(order, spare, cancelled)
            seconds = round(time.monotonic() - begun, 3)
            logger.info("holder", id=order.hold_id, spare=spare is not None, seconds=seconds)
            if entry.dropped:  # meanwhile its files were found to be others
                self._drop(entry)
        except (HolderFailed, SandboxUnavailableError) as error:
            logger.warning("no holder", id=order.hold_id, error=str(error))
            if not cancelled.is_set():  # else it says nothing about the files
                with self._lock:
                    self._failed[key] = time.monotonic() + FAILED_S
        finally:
            entry.ready.set()

    def _hold(self, order: HoldOrder, spare: Spare | None, cancelled: threading.Event) -> Holder:
        """Start a holder, of the spare if that has not ended."""
        if spare is not None:
            with suppress(SandboxUnavailableError):
                return self._warden.hold(order, spare=spare, cancelled=cancelled)
        return self._warden.hold(order, cancelled=cancelled)

    def _spares_when(self, rests: Callable[[], bool]) -> Spares:
        largest = HOLDER_BASE_BYTES + int(LARGEST_PART * self._budget) + COPIES_BYTES
        return Spares(
            self._warden,
            self._lock,
            limits=CHILD_LIMITS,
            holder_memory_bytes=largest + CHILD_LIMITS.memory_bytes,
            room_bytes=COPIES_BYTES,
            may_begin=lambda: rests() and self._evict(HOLDER_BASE_BYTES, rested_s=RESTED_S),
        )

    def _reserved_bytes(self) -> int:
        """Memory that is promised; call it with the lock held."""
        spares = 0 if self._spares is None else self._spares.count()
        return sum(one.reserved_bytes for one in self._held.values()) + spares * HOLDER_BASE_BYTES

    def _make_room(self, wanted: int) -> bool:
        """Give up spares, and evict idle holders, until there is room; call it with the lock held."""
        while self._reserved_bytes() + wanted > self._budget and self._spares is not None and self._spares.give_up():
            pass
        return self._evict(wanted)

    def _evict(self, wanted: int, *, rested_s: float = 0.0) -> bool:
        """Evict idle holders, least used first, until there is room; call it with the lock held.

        Returns whether there is; holders that were used within ``rested_s`` stay.
        """
        now = time.monotonic()
        idle = sorted((one for one in self._held.values() if not one.users), key=lambda one: one.last_used)
        taken = self._reserved_bytes()
        for one in idle:
            idle_s = now - one.last_used
            if (taken + wanted <= self._budget and idle_s < IDLE_S) or idle_s < rested_s:
                break
            taken -= one.reserved_bytes
            self._remove(one)
        return taken + wanted <= self._budget

    def _drop(self, entry: _Held) -> None:
        with self._lock:
            self._remove(entry)

    def _remove(self, entry: _Held) -> None:
        """Take an entry out and end its holder; call it with the lock held."""
        entry.dropped = True
        self._held = {key: one for key, one in self._held.items() if one is not entry}
        if entry.holder is not None:
            threading.Thread(target=entry.holder.close, name="close-holder", daemon=True).start()


def fits_a_child(schema: MethodSchema) -> bool:
    """Whether a method asks for no more than a child of a holder may use."""
    needed = schema.limits
    return needed.memory_mib * 2**20 <= CHILD_LIMITS.memory_bytes and needed.wall_s <= CHILD_LIMITS.wall_s


def _identity(one: ResolvedInput) -> tuple[str, ...]:
    """What a holder's files are; with their names, which messages quote, so that nobody reads another's."""
    return tuple(
        part for file in _files(one) for part in (file.name, file.file_type, file.digest, file.offsets_digest or "")
    )


def _copies_bytes(call: ResolvedCall) -> int | None:
    """Bytes of a call's files, with the offsets of their frames; None if no spare can have them."""
    files = [file for one in call.inputs for file in _files(one)]
    size = sum(file.size + OFFSET_BYTES * int(file.facts.get("n_frames") or 0) for file in files)
    fitting = size <= COPIES_BYTES and not any(file.file_type in LATE_TYPES for file in files)
    return size if fitting else None


def _files(one: ResolvedInput) -> tuple[FileObject, ...]:
    return (one.file,) if one.topology is None else (one.file, one.topology)


def _decoded_bytes(one: ResolvedInput) -> int:
    facts = one.file.facts
    return int(facts.get("n_frames") or 1) * int(facts.get("n_atoms") or 0) * POSITION_BYTES
