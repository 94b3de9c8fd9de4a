"""Life of a call, seen from the client.

1. The call is sent under a key drawn here; the reply brings the outcome, or the id of an operation that goes on.
2. While it goes on, the client waits in requests of at most 20 s, at whichever site answers.
3. When it is done, the result comes with the reply or as a stream, is held against the schema, and becomes an object.
   Of a large one only the header comes, and the object reads the rest when it is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from google.protobuf.message import Message

from fomrepo.client.connection import ANSWER_S, Connection
from fomrepo.client.registry import MethodRegistry
from fomrepo.client.results.fields import read_fields
from fomrepo.client.results.kinds import result_class
from fomrepo.client.results.remote_bytes import RemoteBytes
from fomrepo.client.results.remote_fields import HANDLE_FROM_BYTES, remote_fields
from fomrepo.client.results.result import Result
from fomrepo.client.results.scratch import mapped
from fomrepo.errors import CancelledError, MethodNotTrustedError, OutcomeRefusedError, SiteUnreachableError
from fomrepo.model.explanation import Explanation
from fomrepo.model.methods import MethodSchema
from fomrepo.model.operations import CallOrder, OperationState, Provenance
from fomrepo.wire.calls import CALL_WAIT_S, WAIT_LIMIT_S, call_to_wire, explanation_from_wire
from fomrepo.wire.failures import failure_from_wire
from fomrepo.wire.methods import schema_from_wire
from fomrepo.wire.replies import CALL, CANCEL, WAIT, Reply
from fomrepo.wire.v1 import calls_pb2

#: Results up to this size stay in memory; larger ones are mapped from a file that nobody else can open.
MEMORY_LIMIT_BYTES = 16 * 2**20
#: First and longest pause after a site answered at once although it was asked to wait: its waiting places are taken.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0
#: Longest wait in one request while somebody watches a progress bar.
WATCHED_WAIT_S = 0.5


class Calls:
    """Sends calls and follows them. Threads may share it.

    Parameters
    ----------
    connection
        To whichever site answers.
    registry
        Is told the snapshot number that each reply carries.
    """

    def __init__(self, connection: Connection, registry: MethodRegistry) -> None:
        self.connection = connection
        self.registry = registry

    def call(self, order: CallOrder, *, wait_s: float = CALL_WAIT_S) -> Reply:
        """Send a call; the reply is final if the outcome was ready within ``wait_s``."""
        return self.ask(CALL, call_to_wire(order, wait_s=wait_s))

    def ask(self, method: str, request: Message, *, deadline_s: float = ANSWER_S) -> Reply:
        """Ask something that is answered with a reply to a call."""
        return self._noticed(self.connection.ask(lambda site: site.reply(method), request, deadline_s=deadline_s))

    def explain(self, order: CallOrder) -> Explanation:
        """Ask what a call would do."""
        return explanation_from_wire(self.connection.ask(lambda site: site.calls.Explain, call_to_wire(order)))

    def call_together(self, orders: Sequence[CallOrder], *, wait_s: float = CALL_WAIT_S) -> Sequence[Reply]:
        """Send calls on one file that can read it in one pass; a reply to each, in their order."""
        request = calls_pb2.CallTogetherRequest(calls=[call_to_wire(order) for order in orders], wait_s=wait_s)
        replies = self.connection.ask(lambda site: site.calls.CallTogether, request).replies
        if len(replies) != len(orders):
            raise OutcomeRefusedError(f"a site answered {len(orders)} calls with {len(replies)} replies")
        return [self._noticed(Reply(reply, reply.result)) for reply in replies]

    def wait(self, operation: str, wait_s: float = 0.0) -> Reply:
        """Ask how far an operation is, when it ends or after ``wait_s``."""
        request = calls_pb2.WaitRequest(operation=operation, wait_s=wait_s)
        return self.ask(WAIT, request, deadline_s=wait_s + ANSWER_S)

    def cancel(self, operation: str) -> Reply:
        """Ask the site to end an operation."""
        return self.ask(CANCEL, calls_pb2.CancelRequest(operation=operation))

    def until_final(
        self,
        reply: Reply,
        *,
        watched: bool = False,
        on_reply: Callable[[Reply], None] = lambda reply: None,
        given_up: Callable[[], bool] = lambda: False,
    ) -> Reply:
        """Wait until an operation ends, or until the caller has given it up.

        Parameters
        ----------
        reply
            What a site said last.
        watched
            Whether somebody looks at the progress: ask twice a second.
        on_reply
            Hears each reply.
        given_up
            Says whether to stop waiting.
        """
        began, pause = time.monotonic(), FIRST_PAUSE_S
        while not state_of(reply).final and not given_up():
            asked = time.monotonic()
            wait_s = WATCHED_WAIT_S if watched else min(WAIT_LIMIT_S, max(1.0, (asked - began) / 4))
            try:
                reply = self.wait(reply.message.operation, wait_s)
            except SiteUnreachableError as error:
                error.remedy = f"the run goes on; come back to it: fomrepo operation wait {reply.message.operation}"
                raise
            on_reply(reply)
            if not state_of(reply).final and time.monotonic() - asked < wait_s / 2:
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
        return reply

    def outcome(self, reply: Reply, *, method_digest: str | None = None) -> Result:
        """Turn a final reply into the result, or raise what went wrong.

        Parameters
        ----------
        reply
            Of an operation that has ended.
        method_digest
            Digest that the method must have; None for one that is not known here, such as a draft.

        Raises
        ------
        FomrepoError
            What the operation ended with; ``CancelledError`` if somebody cancelled it.
        OutcomeRefusedError
            If the answer is not what the method declares.
        MethodNotTrustedError
            If another method ran than was meant.
        """
        state, said = state_of(reply), reply.message
        if state is OperationState.CANCELLED:
            raise CancelledError(f"the operation {said.operation} was cancelled", remedy="call the method again")
        if state is OperationState.FAILED:
            error = failure_from_wire(said.failure)
            error.facts.setdefault("operation", said.operation)
            raise error
        schema, provenance = _described(said)
        if method_digest not in (None, provenance.method_digest):
            raise MethodNotTrustedError(
                f"{said.site} ran another {schema.name} than the one that was meant",
                remedy="tell the site's operator",
                facts={"meant": str(method_digest), "ran": provenance.method_digest},
            )
        limit = schema.limits.result_mib * 2**20
        if said.result_size > limit:
            raise OutcomeRefusedError(
                f"the result of {schema.name} has {said.result_size} bytes, the method declares at most {limit}"
            )
        kind = result_class(schema.result.type)
        if reply.result:
            return kind(read_fields(reply.result, schema.result), schema, provenance)
        source = RemoteBytes(self.connection, said.operation, said.result_size)
        if source.size > HANDLE_FROM_BYTES:
            return kind(remote_fields(source, schema.result), schema, provenance)
        small = source.size <= MEMORY_LIMIT_BYTES
        container = source.read(0, source.size) if small else mapped(source.chunks())
        return kind(read_fields(container, schema.result), schema, provenance)

    def _noticed(self, reply: Reply) -> Reply:
        self.registry.notice(reply.message.snapshot)
        return reply


def state_of(reply: Reply) -> OperationState:
    """State of an operation.

    Raises
    ------
    OutcomeRefusedError
        If the site names one that does not exist.
    """
    try:
        return OperationState(reply.message.state)
    except ValueError:
        raise OutcomeRefusedError(f"a site says that an operation is {reply.message.state[:40]!r}") from None


def _described(said: calls_pb2.CallReply) -> tuple[MethodSchema, Provenance]:
    try:
        return schema_from_wire(said.schema_json), Provenance.from_json(said.provenance_json)
    except Exception as error:  # whatever a hostile site wrote there
        raise OutcomeRefusedError(f"a site's answer does not say what it is: {error}") from error
