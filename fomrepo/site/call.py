"""The life of a call, at the site that was asked.

1. The arguments are checked against the schema; the client did so too, and is not believed.
2. The caller was authenticated (authenticate.py); what he may not see is "not found".
3. One transaction authorises, resolves to exact bytes and looks the result up.
4. A stored result is verified and answered. Otherwise:
5. A site is chosen that holds good replicas of everything: the least loaded one (choose.py). The run happens there:
   here (run.py), or at a peer, which authorises again.
6. - 9. Signature, files, guest, outcome, fence: run.py.
   ``release``: a step of its own, where the time of a first answer is covered.
10. The answer is streamed from where it is kept.

A site that is lost on the way is a detour: the call goes to the next good replica, and the provenance says so.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from fomrepo import errors
from fomrepo.errors import ArgumentError, CancelledError, FomrepoError, NotFoundError, SiteBusyError
from fomrepo.model.arguments import canonical_arguments, canonical_frames
from fomrepo.model.canonical import canonical_json
from fomrepo.model.methods import Bundle, MethodSchema
from fomrepo.model.operations import CallOrder, FrameRange, Operation, Provenance, check_idempotency_key
from fomrepo.model.people import Principal
from fomrepo.model.results import ResolvedCall
from fomrepo.site.choose import choose_site
from fomrepo.site.forward import Forward
from fomrepo.site.live import Answer, LiveOperation
from fomrepo.site.load import RETRY_AFTER_S
from fomrepo.site.log import log_unexpected
from fomrepo.site.operation_book import OperationBook
from fomrepo.site.parts import SiteParts
from fomrepo.site.question import Question, Resolution
from fomrepo.site.run import RunAnswer, run_here, stored_answer
from fomrepo.site.sites_known import SitesKnown
from fomrepo.site.together import Together
from fomrepo.vault.receive import read_chunks
from fomrepo.wire.calls import TOGETHER_LIMIT
from fomrepo.wire.methods import schema_to_wire

#: Operations that are driven at the same time, each by a thread that mostly waits for a guest or a peer; and those of
#: one user, so that nobody takes all threads. Who has more under way is asked to come back.
DRIVEN_AT_ONCE = 512
DRIVEN_AT_ONCE_FOR_ONE = 128

#: Failures of a site, after which another one is asked.
GO_ELSEWHERE = (errors.SiteError, errors.NetworkError, errors.NotFoundError)


@dataclass(frozen=True, slots=True)
class Asked:
    """A call of a published method, and what it meant at one moment."""

    principal: Principal
    question: Question
    known: Resolution
    #: What the same idempotency key opened before.
    earlier: Operation | LiveOperation | None
    #: Whether the caller got this very answer before, if there is one.
    seen: bool


class CallDesk:
    """Answers calls at one site."""

    def __init__(
        self, site: SiteParts, sites: SitesKnown, forward: Forward, gather: Callable[[Resolution, str], bool]
    ) -> None:
        self._site, self._gather = site, gather
        self._sites = sites
        self._forward = forward
        self._book = OperationBook(site, sites, self._start)
        self._drivers = ThreadPoolExecutor(DRIVEN_AT_ONCE, thread_name_prefix="drive-call")
        self._driven: Counter[str] = Counter()
        self._closing = False
        self._draw = random.Random()  # noqa: S311 - spreads load, guards nothing

    def look_up(self, principal: Principal, order: CallOrder) -> Asked:
        """1. - 3. Check a call of a published method and see what it means; only reads, at the moment of its caller."""
        bundle = self._site.registry.find(order.method)
        question = Question(checked_order(order, bundle.schema), bundle, draft=False)
        known = question.resolve(self._site, principal.id)
        return Asked(
            principal,
            question,
            known,
            earlier=self._book.opened(principal, question, known),
            seen=self._is_kept(known) and (known.kept.answered or self._book.answered_lately(principal.id, known.key)),
        )

    def call(self, asked: Asked) -> LiveOperation:
        """Answer a call of a published method from the cache, or begin to answer it."""
        if asked.earlier is not None:
            return self._book.known(asked.principal, asked.earlier)
        if (found := stored_answer(self._site, asked.known)) is not None:
            return self._answer_at_once(asked, found)
        return self._begin(asked.principal, asked.question, asked.known)

    def call_together(self, asked: Sequence[Asked]) -> list[LiveOperation]:
        """Answer several calls of one caller; those that have to run read the same frames of a file in one pass."""
        if len(asked) > TOGETHER_LIMIT:
            raise ArgumentError(
                f"{len(asked)} methods are too many for one pass", remedy=f"ask for at most {TOGETHER_LIMIT} at once"
            )
        stored = [None if one.earlier is not None else stored_answer(self._site, one.known) for one in asked]
        to_run = [one for one, found in zip(asked, stored, strict=True) if one.earlier is None and found is None]
        readers = Counter(_what_is_read(one.question) for one in to_run)
        together = {what: Together(count) for what, count in readers.items() if count > 1 and what}
        live = []
        for one, found in zip(asked, stored, strict=True):
            if one.earlier is not None:
                live.append(self._book.known(one.principal, one.earlier))
            elif found is not None:
                live.append(self._answer_at_once(one, found))
            else:
                others = together.get(_what_is_read(one.question))
                question = one.question if others is None else replace(one.question, seat=others.seat())
                live.append(self._begin(one.principal, question, one.known))
        return live

    def try_draft(self, principal: Principal, order: CallOrder, bundle: Bundle, *, at_site: str) -> LiveOperation:
        """Begin to run the caller's own unreviewed draft on data that he may read: cold, never cached."""
        question = Question(checked_order(order, bundle.schema), bundle, draft=True, at_site=at_site)
        self._site.environments.digest_of(bundle)
        known = question.resolve(self._site, principal.id)
        if (earlier := self._book.opened(principal, question, known)) is not None:
            return self._book.known(principal, earlier)
        return self._begin(principal, question, known)

    def find(self, principal: Principal, operation_id: str) -> LiveOperation:
        """Find an operation of the caller, also one that another site took."""
        live = self._book.find(principal, operation_id)
        if live.answer is not None:
            self._site.registry.refuse_revoked(live.answer.provenance.method_digest)
            self._site.catalog.lifecycle.refuse_withdrawn({record for record, _, _ in live.answer.provenance.inputs})
        return live

    def cancel(self, principal: Principal, operation_id: str) -> LiveOperation:
        """Cancel an operation of the caller; one that ended stays as it is."""
        live = self.find(principal, operation_id)
        self._book.cancel(live)
        return live

    def heed_cancellations(self) -> None:
        """Let those runs end that were cancelled through another site."""
        self._book.heed_cancellations()

    def read_result(self, principal: Principal, operation_id: str, *, offset: int, length: int = 0) -> Iterator[bytes]:
        """10. Bytes of an operation's result, from this site's store or through it; a ``length`` of 0 means all."""
        answer = self.find(principal, operation_id).answer
        if answer is None:
            raise NotFoundError(
                f"operation {operation_id} has no result", remedy=f"wait for it: fomrepo operation wait {operation_id}"
            )
        return self.read_answer(answer, offset=offset, length=length)

    def read_answer(self, answer: Answer, *, offset: int = 0, length: int = 0) -> Iterator[bytes]:
        """10. Bytes of an answer's container."""
        if answer.held_by != self._site.name:
            return self._forward.read_result(answer.held_by, answer.blob, offset=offset, length=length)
        path = self._site.results.verified(answer.blob)
        if path is None:
            raise NotFoundError("this result is no longer kept", remedy="call the method again")
        return iter(read_chunks(path, offset=offset, length=length))

    def close(self) -> None:
        """Stop driving; what is under way is left to whoever is asked next."""
        self._closing = True
        self._drivers.shutdown(wait=False, cancel_futures=True)

    def _answer_at_once(self, asked: Asked, found: RunAnswer) -> LiveOperation:
        """4. Answer from this site's cache."""
        principal, question = asked.principal, asked.question
        seen = asked.seen
        self.release(principal, asked.known.call, found)
        live, new = (self._book.unrecorded(principal), True) if seen else self._book.open(principal, question)
        if new:
            answer = self._answer(live, question, found, seen=seen, site=self._site.name)
            if seen:
                live.end(answer=answer)
            else:
                self._book.end(live, answer, result_key=found.key)
        return live

    def release(self, principal: Principal, call: ResolvedCall, found: RunAnswer) -> None:
        """Let an answer go. Here the time of a first answer will be covered (private data of one member needs none)."""

    def _is_kept(self, known: Resolution) -> bool:
        """Whether there is a result to be seen, here or at another site."""
        return bool(known.kept.stored) or self._site.ledger.fresh_result(known.key) is not None

    def _begin(self, principal: Principal, question: Question, known: Resolution) -> LiveOperation:
        if self._driven[principal.id] >= DRIVEN_AT_ONCE_FOR_ONE:
            raise SiteBusyError(
                f"{DRIVEN_AT_ONCE_FOR_ONE} operations of yours are under way at {self._site.name}",
                remedy=f"try again in {RETRY_AFTER_S} s",
                facts={"retry_after_s": str(RETRY_AFTER_S)},
            )
        live, new = self._book.open(principal, question)
        if new:
            self._start(live, principal, question, known)
        elif question.seat is not None:
            question.seat.leave()
        return live

    def _start(
        self, live: LiveOperation, principal: Principal, question: Question, known: Resolution | None = None
    ) -> None:
        self._driven[principal.id] += 1
        driving = self._drivers.submit(self._drive, live, principal, question, known)
        driving.add_done_callback(lambda _: self._driven.subtract([principal.id]))

    def _drive(self, live: LiveOperation, principal: Principal, question: Question, known: Resolution | None) -> None:
        """Bring an operation to its end, whatever happens."""
        try:
            with question.seat or contextlib.nullcontext():
                call, found, site, detours = self._answer_somewhere(live, principal, question, known)
            self.release(principal, call, found)
            seen = found.stored and self._book.answered(principal.id, found.key)
            answer = self._answer(live, question, found, seen=seen, site=site, detours=detours)
            self._book.end(live, answer, result_key=found.key)
        except FomrepoError as error:
            if self._closing and not live.cancelled.is_set():
                live.end(
                    error=error
                )  # not noted: the operation is unfinished, and whoever is asked next goes on with it
            else:
                self._book.fail(live, error)
        except Exception as error:  # a fault of ours must reach its caller, too
            self._book.fail(live, log_unexpected(error))

    def _answer_somewhere(
        self, live: LiveOperation, principal: Principal, question: Question, known: Resolution | None
    ) -> tuple[ResolvedCall, RunAnswer, str, tuple[tuple[str, str], ...]]:
        """5. Choose a site and ask it; after a failure of a site, the next one."""
        detours: dict[str, str] = {}
        while True:
            if live.cancelled.is_set():
                raise CancelledError("the operation was cancelled")
            if known is None:
                known = question.resolve(self._site, principal.id)
            site = question.at_site or self._choose_with_others(question, known, detours)
            self._book.served(live, site)
            try:
                if site == self._site.name:
                    run = run_here(
                        self._site,
                        question,
                        principal.id,
                        on_progress=live.progress,
                        cancelled=live.cancelled,
                        known=known,
                        gather=self._gather,
                    )
                else:
                    run = self._forward.run(site, live, question)
                return known.call, run, site, tuple(detours.items())
            except GO_ELSEWHERE as error:
                if question.at_site:
                    raise
                detours[site], known = error.message, None

    def _choose_with_others(self, question: Question, known: Resolution, detours: dict[str, str]) -> str:
        """Site for this call; the same for those that are asked for together, as long as it does not fail."""
        if question.seat is None or detours:
            return self._choose(question, known, detours)
        return question.seat.same_site(lambda: self._choose(question, known, detours))

    def _choose(self, question: Question, known: Resolution, detours: dict[str, str]) -> str:
        return choose_site(self._site, self._sites.loads(), question, known, detours, draw=self._draw)

    def _answer(
        self,
        live: LiveOperation,
        question: Question,
        found: RunAnswer,
        *,
        seen: bool,
        site: str,
        detours: tuple[tuple[str, str], ...] = (),
    ) -> Answer:
        """Answer with its provenance, which speaks of the caller's own history only."""
        schema = question.schema
        frames = question.order.frames
        cached = seen and found.stored
        provenance = Provenance(
            operation=live.id,
            site=site,
            method=schema.name,
            version=schema.version,
            method_digest=question.bundle.digest,
            environment_digest=self._site.environments.digest_of(question.bundle),
            inputs=found.inputs,
            arguments={**question.order.arguments, **_given_frames(frames)},
            cached=cached,
            wall_s=found.wall_s,
            computed=found.computed if cached or not found.stored else time.time(),
            way=found.way,
            detours=detours,
            guards=found.guards,
        )
        return Answer(provenance, schema_to_wire(schema), found.size, site, found.blob, found.content)


def checked_order(order: CallOrder, schema: MethodSchema) -> CallOrder:
    """1. The order with canonical arguments and frames.

    Raises
    ------
    ArgumentError
        If an argument, the number of inputs or the choice of frames does not fit the schema.
    """
    check_idempotency_key(order.idempotency_key)
    if len(order.inputs) != len(schema.inputs):
        raise ArgumentError(f"{schema.name} takes {len(schema.inputs)} files, {len(order.inputs)} were given")
    frames = order.frames
    if frames is not None and not schema.has_frames:
        raise ArgumentError(
            f"{schema.name} has no frames to choose from", remedy="leave out start, stop, step and frames"
        )
    if schema.has_frames:
        given = frames or FrameRange()
        frames = canonical_frames(start=given.start, stop=given.stop, step=given.step, frames=given.frames)
    return replace(order, arguments=canonical_arguments(schema, order.arguments), frames=frames)


def _what_is_read(question: Question) -> bytes:
    """Frames and files of a call: equal for calls that can read them in one pass; empty where there are no frames."""
    order = question.order
    if order.frames is None:
        return b""
    files = [[one.record, one.name] for one in order.inputs]
    return canonical_json([files, order.frames.canonical(), question.schema.environment])


def _given_frames(frames: FrameRange | None) -> dict[str, Any]:
    return {} if frames is None else {name: value for name, value in frames.canonical().items() if value is not None}
