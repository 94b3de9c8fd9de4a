"""A run at the site that holds the data: steps 6 to 9 of the life of a call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from fomrepo.errors import ConflictError, DataError, MethodError, NoReplicaError, StorageError
from fomrepo.model.files import Guard, RecordName, Replica, ReplicaState
from fomrepo.model.results import ResolvedCall, StoredResult
from fomrepo.site.disk_faults import are_given_back, disk_of, looks_like_a_disk
from fomrepo.site.execute import Run, execute
from fomrepo.site.fixity import drop_what_came_of, settle_in_place
from fomrepo.site.load import Claim
from fomrepo.site.parts import SiteParts
from fomrepo.site.question import Question, Resolution

#: What a question means is not found out again within this time: about as long as a call takes to come this far.
RESOLVED_JUST_NOW_S = 0.1

#: How often a run is done again because its data changed while it ran.
ATTEMPTS_WHILE_DATA_CHANGES = 3


@dataclass(frozen=True, slots=True)
class RunAnswer:
    """What a run, or the cache in its place, answered."""

    #: Key in the cache; empty for drafts.
    key: str
    #: Digest of the blob in this site's store.
    blob: str
    #: In bytes.
    size: int
    #: Seconds that the run took.
    wall_s: float
    #: Seconds since 1970.
    computed: float
    #: How it ran: ``cold`` or ``hot``.
    way: str
    #: Whether it was in the cache, for whomever it was computed.
    stored: bool
    #: For each input: record with version, file name, digest of what was read.
    inputs: tuple[tuple[str, str, str], ...]
    #: The container itself, where it is small; empty otherwise.
    content: bytes = b""
    #: Names of inputs that lie in place, and how a change of each is noticed.
    guards: tuple[tuple[str, str], ...] = ()


def stored_answer(site: SiteParts, known: Resolution) -> RunAnswer | None:
    """Answer from this site's cache, if a row, its blob and the data that it came from are all good."""
    mine = next((one for one in known.kept.stored if one.site == site.name), None) or site.ledger.fresh_result(
        known.key
    )
    try:
        held = None if mine is None else settled_replicas(site, known)
    except StorageError:  # told by the run that is asked for now, or another site answers
        held = None
    if mine is None or held is None:
        return None
    content = site.results.content(mine.blob, mine.size)
    if content is None:
        site.catalog.calls.drop_result(mine.key, site.name)
        return None
    return RunAnswer(
        mine.key,
        mine.blob,
        mine.size,
        mine.wall_s,
        mine.computed,
        mine.way,
        True,
        _read(known.call),
        content,
        _guards(known.call, held),
    )


def run_here(
    site: SiteParts,
    question: Question,
    principal: str,
    *,
    on_progress: Callable[[int, int], None],
    cancelled: threading.Event,
    known: Resolution | None = None,
    gather: Callable[[Resolution, str], bool] | None = None,
) -> RunAnswer:
    """Run a method on data of this site, or answer from this site's cache.

    Parameters
    ----------
    site
        This site.
    question
        What is asked.
    principal
        Id of who asks.
    on_progress
        Called with frames done and to do.
    cancelled
        Set it to end the run.
    known
        What the question means, if that was found out just now.
    gather
        Fetches files that lie at other sites, where that is done on the way; returns whether all are here by that.

    Raises
    ------
    NoReplicaError
        If this site holds no good replica of everything that is needed.
    MethodFailedError, OutcomeRefusedError, ArgumentError, FileRefusedError
        What became of the run, by whose fault.
    CancelledError
        If the caller cancelled it.
    StorageError
        If a disk of this site fails.
    """
    for _ in range(ATTEMPTS_WHILE_DATA_CHANGES):
        # Authorise again, unless that was just now, whatever another site has said; somebody may have answered.
        if known is None or time.monotonic() - known.moment > RESOLVED_JUST_NOW_S:
            known = question.resolve(site, principal)
        if gather is not None and gather(known, principal):
            known = question.resolve(site, principal)
            known = known.counting(site.catalog.replicas.held(site.name, known.call.objects))
        call, key, number = known.call, known.key, known.number
        if (answer := stored_answer(site, known)) is not None:
            return answer
        # 6. The files are what the catalog says; their generations are remembered for the fence.
        held = settled_replicas(site, known)
        if held is None:
            raise _no_good_copy(site, call)
        claim = Claim(principal, call.scope, question.schema.limits.memory_mib * 2**20)
        seat = question.seat if _reads_together(site, question, call, claim) else None
        slot = site.slots.one(claim, cancelled) if seat is None else seat.slot(site.slots, claim, cancelled)
        with slot, site.results.new_blob() as (path, stream):
            # 7. The guest runs on exactly these files.
            run = Run(question.bundle, question.order, call, question.draft, claim, on_progress, cancelled, seat)
            try:
                report, way = execute(site, run, stream)
                # 8. Its answer is read as hostile input.
                run.accept(path, report, question.schema.result)
            except (MethodError, DataError, OSError, ValueError) as error:
                # What fails on changed data, or on a disk that fails, is nobody's fault.
                if _files_are_unchanged(site, call, held, kept=False) and (
                    not looks_like_a_disk(error) or are_given_back(site, call, held, cancelled)
                ):
                    raise
                known = None
                continue
            computed = time.time()
            blob, size, content = site.results.keep(path)
        # 9. The fence: given out only if the data is still what it was when the run began, and kept only if it still is
        # when its row is written.
        guards = _guards(call, held)
        answer = RunAnswer(key, blob, size, report.wall_s, computed, way, False, _read(call), content, guards)
        fence = _fence(question, call, held)
        kept = not question.draft and all(guard != Guard.NONE for _, guard in guards)
        if _files_are_unchanged(site, call, held, kept=kept) and (
            site.catalog.unchanged_since(number) or fence.holds(site)
        ):
            if kept:
                site.registry.vouch(question.bundle)  # what was revoked meanwhile gives no answer any more
                result = StoredResult(key, site.name, blob, size, report.wall_s, computed, way)
                site.ledger.note_result(result, partial(_commit, site, fence, result))
            return answer
        known = None
    raise ConflictError(
        f"{question.order.inputs[0].name} changed {ATTEMPTS_WHILE_DATA_CHANGES} times "
        f"while {question.schema.name} ran on it",
        remedy="try again when nobody writes to it",
    )


def _reads_together(site: SiteParts, question: Question, call: ResolvedCall, claim: Claim) -> bool:
    """Whether a call gains by reading its frames together with others: not where they are in memory anyway."""
    if question.seat is None or site.holders is None or site.holders.decodes(call):
        return False
    return question.seat.fits(site.slots, claim)


def settled_replicas(site: SiteParts, known: Resolution) -> Mapping[str, Replica] | None:
    """This site's good replicas of a call's objects, compared with the files on the disk; None if one is not good.

    A file that changed is spoilt with its results.

    Raises
    ------
    StorageError
        If a disk fails, which is no verdict about any file.
    """
    held = known.held_by(site.name)
    settled: dict[str, Replica] = {}
    for digest in known.call.objects:
        replica = held.get(digest)
        if replica is None or replica.state is ReplicaState.STALE:
            return None  # one in place comes back by a scrub, or by registering it again
        with disk_of(site, known.call, digest):
            if site.copies.fingerprint(replica) != replica.fingerprint:
                refresh_or_spoil(site, digest)
                replica = site.catalog.replicas.get(site.name, digest)
        if replica is None or replica.state is not ReplicaState.GOOD:
            return None
        site.copies.know(replica)
        settled[digest] = replica
    return settled


def refresh_or_spoil(site: SiteParts, digest: str) -> None:
    """Settle what a touched file is: the same bytes (restored, moved), or no longer good, with its results."""
    replica = site.catalog.replicas.get(site.name, digest)
    if replica is not None and replica.place is not None:
        settle_in_place(site, replica, again=False)
        return
    before = site.vault.fingerprint(digest)
    if before is not None and site.vault.gives_back(digest) and site.vault.fingerprint(digest) == before:
        if site.holders is not None:
            site.holders.forget(digest)  # it may hold what was there in between
        site.ledger.flush()  # a result on its way would find another generation, and be thrown away
        site.catalog.replicas.finish(site.name, digest, before)
        return
    drop_what_came_of(site, digest, ReplicaState.BAD)


def _files_are_unchanged(site: SiteParts, call: ResolvedCall, held: Mapping[str, Replica], *, kept: bool) -> bool:
    """Whether the files are still those of the replicas; what changed is settled.

    Where a result is to be kept, those that may change unseen are read again.
    """
    changed = False
    for digest, one in held.items():
        with disk_of(site, call, digest):
            if site.copies.fingerprint(one) != one.fingerprint:
                refresh_or_spoil(site, digest)
                changed = True
            elif kept and one.place is not None and one.place.guard is Guard.REHASH:
                now = settle_in_place(site, one, again=True)
                changed |= now is None or (now.state, now.generation) != (one.state, one.generation)
    return not changed


def _guards(call: ResolvedCall, held: Mapping[str, Replica]) -> tuple[tuple[str, str], ...]:
    """Names of the files of a call that lie in place, and their guards."""
    files = (file for one in call.inputs for file in (one.file, one.topology) if file is not None)
    placed = ((file.name, held[file.digest].place) for file in files)
    return tuple(dict.fromkeys((name, place.guard.value) for name, place in placed if place is not None))


def _no_good_copy(site: SiteParts, call: ResolvedCall) -> NoReplicaError:
    """Say which file has no good copy here, and why, where that is known."""
    accession = call.inputs[0].version.accession
    remedy = f"make a new one: fomrepo replicate {accession} --to {site.name}"
    for file in (file for one in call.inputs for file in (one.file, one.topology) if file is not None):
        replica = site.catalog.replicas.get(site.name, file.digest)
        if replica is not None and replica.state is ReplicaState.STALE:
            return NoReplicaError(
                f"{file.name} lies in place at {site.name}, and has changed, vanished or become unreadable "
                "since it was registered",
                remedy=f"restore it and run fomrepo site scrub there, deposit what it is now "
                f"(fomrepo deposit --in-place --new-version-of {accession}), or {remedy}",
                facts={"reason": "stale", "file": file.name, "site": site.name},
            )
    return NoReplicaError(f"{site.name} has no good copy of {call.inputs[0].file.name}", remedy=remedy)


def _fence(question: Question, call: ResolvedCall, held: Mapping[str, Replica]) -> _Fence:
    moving = tuple(  # versions that were asked for as the newest, and must still be
        one.version.version_id
        for one, given in zip(call.inputs, question.order.inputs, strict=True)
        if one.version.current and RecordName.parse(given.record).version is None
    )
    generations = tuple((digest, one.generation) for digest, one in held.items())
    return _Fence(question.bundle.digest, generations, tuple(one.version.version_id for one in call.inputs), moving)


def _commit(site: SiteParts, fence: _Fence, result: StoredResult) -> None:
    """Write a result's row, or delete its blob if the fence has fallen meanwhile."""
    if not fence.commit(site, result):
        site.results.discard(result.blob)


def _read(call: ResolvedCall) -> tuple[tuple[str, str, str], ...]:
    """What a call reads, as its provenance says it."""
    return tuple(
        (f"{one.version.accession}.v{one.version.number}", one.file.name, one.file.digest) for one in call.inputs
    )


@dataclass(frozen=True, slots=True)
class _Fence:
    """What must still hold when a result is given out, and again when its row is written."""

    method_digest: str
    replicas: tuple[tuple[str, int], ...]
    versions: tuple[str, ...]
    current: tuple[str, ...]

    def holds(self, site: SiteParts) -> bool:
        return site.catalog.calls.fence_holds(
            site.name, replicas=self.replicas, versions=self.versions, current=self.current
        )

    def commit(self, site: SiteParts, result: StoredResult) -> bool:
        return site.catalog.calls.commit_result(
            result,
            replicas=self.replicas,
            versions=self.versions,
            current=self.current,
            method_digest=self.method_digest,
        )
