"""A call that runs at another site: sent once with a ticket, waited for, never sent on."""

from __future__ import annotations

from collections.abc import Iterator

from fomrepo.model.operations import OperationState
from fomrepo.site.live import LiveOperation
from fomrepo.site.peers import Peers
from fomrepo.site.question import Question
from fomrepo.site.run import RunAnswer
from fomrepo.wire.calls import call_to_wire
from fomrepo.wire.failures import failure_from_wire
from fomrepo.wire.methods import bundle_to_wire
from fomrepo.wire.v1 import calls_pb2, sites_pb2


class Forward:
    """Runs calls at other sites."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    def run(self, site: str, live: LiveOperation, question: Question) -> RunAnswer:
        """Run a call at a site.

        Raises
        ------
        SiteUnreachableError
            If the site is lost, also in the middle.
        FomrepoError
            What the site says became of the run.
        """
        request = sites_pb2.PeerRunRequest(call=call_to_wire(question.order), operation=live.id)
        if question.draft:
            request.bundle.CopyFrom(bundle_to_wire(question.bundle.files))
        if question.seat is not None:
            request.together, request.together_count = question.seat.together
        reply = self._peers.run(site, request, principal=live.principal)
        told = False
        while not OperationState(reply.state).final:
            live.progress(reply.done, reply.total)
            if live.cancelled.is_set() and not told:
                told = True
                reply = self._peers.cancel(site, live.id)
            else:
                reply = self._peers.wait(site, live.id)
        if reply.state != OperationState.DONE:
            raise failure_from_wire(reply.failure)
        return _answer(reply)

    def read_result(self, site: str, blob: str, *, offset: int, length: int) -> Iterator[bytes]:
        """Bytes of a result that another site keeps."""
        return self._peers.read_result(site, blob, offset=offset, length=length)


def _answer(reply: calls_pb2.CallReply) -> RunAnswer:
    """Read what a peer said of its run."""
    told = reply.peer
    inputs = tuple((one.record, one.name, one.digest) for one in told.inputs)
    size, stored = reply.result_size, told.stored
    return RunAnswer(
        told.key,
        told.blob,
        size,
        told.wall_s,
        told.computed,
        told.way,
        stored,
        inputs,
        reply.result,
        tuple(sorted(told.guards.items())),
    )
