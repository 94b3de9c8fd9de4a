"""A run at the site that holds the data: steps 6 to 9 of the life of a call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from fomrepo.cache.key import result_key
from fomrepo.errors import (
    ArgumentError,
    ConflictError,
    NoReplicaError,
)
from fomrepo.model.files import RecordName, ReplicaState
from fomrepo.model.methods import Bundle, MethodSchema
from fomrepo.model.operations import CallOrder, MethodRef
from fomrepo.model.results import ResolvedCall, StoredResult
from fomrepo.site.execute import Run, environment_of, execute
from fomrepo.site.load import Claim
from fomrepo.site.log import logger
from fomrepo.site.parts import SiteParts

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


@dataclass(frozen=True, slots=True)
class Question:
    """A call after its arguments were checked: everything but the data."""

    order: CallOrder
    bundle: Bundle
    #: Whether the bundle is an unreviewed draft: cold, never cached.
    draft: bool
    #: The only site where a draft may run; empty: any.
    at_site: str = ""

    @property
    def schema(self) -> MethodSchema:
        """Schema of the method."""
        return self.bundle.schema

    def resolve(self, site: SiteParts, principal: str) -> tuple[ResolvedCall, tuple[StoredResult, ...], str]:
        """Authorise, resolve to exact bytes and look up the result, in one transaction; returns the key as well.

        Raises
        ------
        NotFoundError
            If a record or file is not there, or not for this principal.
        ArgumentError
            If a file has another type than the method accepts.
        """
        keys: list[str] = []

        def key_of(call: ResolvedCall) -> str | None:
            self._check_types(call)
            if self.draft:
                return None
            keys.append(
                result_key(
                    site.secret,
                    call,
                    method_digest=self.bundle.digest,
                    schema=self.schema.source,
                    arguments=self.order.arguments,
                    frames=self.order.frames,
                    environment_digest=environment_of(site, self.schema).digest,
                )
            )
            return keys[-1]

        inputs = [(RecordName.parse(one.record), one.name) for one in self.order.inputs]
        method = None if self.draft else MethodRef(self.schema.name, self.schema.version)
        call, stored = site.catalog.calls.resolve(principal, inputs, method, key_of)
        return call, stored, keys[-1] if keys else ""

    def _check_types(self, call: ResolvedCall) -> None:
        for position, one in enumerate(call.inputs):
            if not self.schema.accepts(one.file.file_type, one.file.families, position):
                raise ArgumentError(
                    f"{self.schema.name} takes {self.schema.accepted(position)}, "
                    f"and {one.file.name} is a {one.file.file_type}",
                    remedy=f"see what can be called on it: fomrepo show {one.version.accession}/{one.file.name}",
                )
            needs_topology = one.file.families[0] == "trajectory" and "topology" not in one.file.families
            if needs_topology and one.topology is None:
                raise ArgumentError(
                    f"{one.file.name} has no topology in its record, so no method can read it",
                    remedy="deposit it together with its topology: fomrepo deposit TOPOLOGY TRAJECTORY",
                )


def stored_answer(site: SiteParts, call: ResolvedCall, stored: tuple[StoredResult, ...], key: str) -> RunAnswer | None:
    """Answer from this site's cache, if a row, its blob and the data that it came from are all good."""
    mine = next((one for one in stored if one.site == site.name), None) or site.ledger.fresh_result(key)
    if mine is None or not replicas_are_good(site, call):
        return None
    if site.results.verified(mine.blob) is None:
        site.catalog.calls.drop_result(mine.key, site.name)
        return None
    return RunAnswer(
        mine.key, mine.blob, mine.size, mine.wall_s, mine.computed, mine.way, stored=True, inputs=_read(call)
    )


def replicas_are_good(site: SiteParts, call: ResolvedCall) -> bool:
    """Compare the files on the disk with what the catalog knows of them; a changed one is spoilt with its results."""
    return _generations(site, call) is not None


def run_here(
    site: SiteParts,
    question: Question,
    principal: str,
    *,
    on_progress: Callable[[int, int], None],
    cancelled: threading.Event,
) -> RunAnswer:
    """Run a method on data of this site, or answer from this site's cache.

    Raises
    ------
    NoReplicaError
        If this site holds no good replica of everything that is needed.
    MethodFailedError, OutcomeRefusedError, ArgumentError, FileRefusedError
        What became of the run, by whose fault.
    CancelledError
        If the caller cancelled it.
    """
    for _ in range(ATTEMPTS_WHILE_DATA_CHANGES):
        # Authorise again, whatever another site has said; somebody may have answered meanwhile.
        call, stored, key = question.resolve(site, principal)
        if (answer := stored_answer(site, call, stored, key)) is not None:
            return answer
        # 6. The files are what the catalog says; their generations are remembered for the fence.
        generations = _generations(site, call)
        if generations is None:
            raise NoReplicaError(
                f"{site.name} has no good copy of {call.inputs[0].file.name}",
                remedy=f"make a new one: fomrepo replicate {call.inputs[0].version.accession} --to {site.name}",
            )
        claim = Claim(principal, call.scope, question.schema.limits.memory_mib * 2**20)
        with site.slots.one(claim, cancelled), site.results.new_blob() as (path, stream):
            # 7. The guest runs on exactly these files.
            run = Run(question.bundle, question.order, call, question.draft, claim, on_progress, cancelled)
            report, way = execute(site, run, stream)
            # 8. Its answer is read as hostile input.
            run.accept(path, report, question.schema.result)
            computed = time.time()
            blob, size = site.results.keep(path)
        # 9. The fence: kept only if the data is still what it was when the run began.
        if question.draft:
            if _generations(site, call) == generations:
                return RunAnswer("", blob, size, report.wall_s, computed, way, stored=False, inputs=_read(call))
        elif replicas_are_good(site, call):
            result = StoredResult(key, site.name, blob, size, report.wall_s, computed, way)
            moving = tuple(  # versions that were asked for as the newest, and must still be
                one.version.version_id
                for one, given in zip(call.inputs, question.order.inputs, strict=True)
                if one.version.current and RecordName.parse(given.record).version is None
            )
            fence = _Fence(tuple(generations.items()), tuple(one.version.version_id for one in call.inputs), moving)
            if fence.holds(site):
                site.ledger.note_result(result, partial(fence.commit, site, result))
                return RunAnswer(key, blob, size, report.wall_s, computed, way, stored=False, inputs=_read(call))
    raise ConflictError(
        f"{question.order.inputs[0].name} changed {ATTEMPTS_WHILE_DATA_CHANGES} times "
        f"while {question.schema.name} ran on it",
        remedy="try again when nobody writes to it",
    )


def _read(call: ResolvedCall) -> tuple[tuple[str, str, str], ...]:
    """What a call reads, as its provenance says it."""
    return tuple(
        (f"{one.version.accession}.v{one.version.number}", one.file.name, one.file.digest) for one in call.inputs
    )


@dataclass(frozen=True, slots=True)
class _Fence:
    """What must still hold when a result is given out, and again when its row is written."""

    replicas: tuple[tuple[str, int], ...]
    versions: tuple[str, ...]
    current: tuple[str, ...]

    def holds(self, site: SiteParts) -> bool:
        return site.catalog.calls.fence_holds(
            site.name, replicas=self.replicas, versions=self.versions, current=self.current
        )

    def commit(self, site: SiteParts, result: StoredResult) -> bool:
        return site.catalog.calls.commit_result(
            result, replicas=self.replicas, versions=self.versions, current=self.current
        )


def _generations(site: SiteParts, call: ResolvedCall) -> Mapping[str, int] | None:
    """Generation of this site's replica of each object; None if one is missing or no longer what it was."""
    found: dict[str, int] = {}
    held = site.catalog.replicas.held(site.name, call.objects)
    for digest in call.objects:
        replica = held.get(digest)
        if replica is None or replica.state is not ReplicaState.GOOD:
            return None
        if site.vault.fingerprint(digest) != replica.fingerprint:
            refresh_or_spoil(site, digest)
            return _generations(site, call) if site.catalog.replicas.good([digest]).get(site.name) else None
        found[digest] = replica.generation
    return found


def refresh_or_spoil(site: SiteParts, digest: str) -> None:
    """Settle what a touched file is: the same bytes (restored, moved), or bad with its results."""
    before = site.vault.fingerprint(digest)
    if before is not None and site.vault.holds(digest) and site.vault.fingerprint(digest) == before:
        site.catalog.replicas.finish(site.name, digest, before)
        return
    logger.warning("replica spoilt", digest=digest)
    if site.holders is not None:
        site.holders.forget(digest)
    for blob in site.catalog.replicas.spoil(site.name, digest, ReplicaState.BAD):
        site.results.discard(blob)
