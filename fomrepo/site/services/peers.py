"""Service ``Peers``: what other sites ask, over mutual TLS, each request on behalf of somebody with a ticket."""

from __future__ import annotations

from collections.abc import Iterator

import grpc

from fomrepo.errors import NotFoundError
from fomrepo.model.bundle import read_bundle
from fomrepo.site.live import LiveOperation
from fomrepo.site.parts import SiteParts
from fomrepo.site.peers import ticketed_bytes
from fomrepo.site.replicate import ReplicateDesk
from fomrepo.site.serve_peer import PeerDesk
from fomrepo.site.services.border import WaitingRoom, peer_certificate, stream, unary
from fomrepo.site.services.calls import state_message
from fomrepo.site.services.files import readable_record
from fomrepo.site.tickets import TicketCheck
from fomrepo.vault.receive import read_chunks
from fomrepo.wire.calls import CALL_WAIT_S, WAIT_LIMIT_S, call_from_wire
from fomrepo.wire.methods import bundle_from_wire
from fomrepo.wire.replies import Reply
from fomrepo.wire.v1 import calls_pb2, files_pb2, sites_pb2, sites_pb2_grpc


class PeersService(sites_pb2_grpc.PeersServicer):
    """Answers other sites."""

    def __init__(
        self, site: SiteParts, desk: PeerDesk, replicate: ReplicateDesk, tickets: TicketCheck, room: WaitingRoom
    ) -> None:
        self._site, self._desk, self._replicate, self._tickets, self._room = site, desk, replicate, tickets, room

    @unary
    def Run(  # type: ignore[override]  # a reply with its result beside it: see wire/replies.py
        self, request: sites_pb2.PeerRunRequest, context: grpc.ServicerContext
    ) -> Reply:
        home, certificate = peer_certificate(context)
        self._tickets.accept(request.ticket, request=ticketed_bytes(request), certificate=certificate)
        draft = read_bundle(bundle_from_wire(request.bundle)) if request.HasField("bundle") else None
        order = call_from_wire(request.call)
        together = request.together, request.together_count
        live = self._desk.run(home, request.ticket.principal, request.operation, order, draft, together)
        with self._room.seat(CALL_WAIT_S, CALL_WAIT_S) as wait_s:
            live.ended.wait(wait_s)
        return self._reply(live)

    @unary
    def Wait(  # type: ignore[override]  # see wire/replies.py
        self, request: calls_pb2.WaitRequest, context: grpc.ServicerContext
    ) -> Reply:
        live = self._desk.find(peer_certificate(context)[0], request.operation)
        with self._room.seat(request.wait_s, WAIT_LIMIT_S) as wait_s:
            live.ended.wait(wait_s)
        return self._reply(live)

    @unary
    def Cancel(  # type: ignore[override]  # see wire/replies.py
        self, request: calls_pb2.CancelRequest, context: grpc.ServicerContext
    ) -> Reply:
        live = self._desk.find(peer_certificate(context)[0], request.operation)
        live.cancelled.set()
        return self._reply(live)

    @unary
    def NewestList(
        self, request: sites_pb2.NewestListRequest, context: grpc.ServicerContext
    ) -> sites_pb2.NewestListReply:
        peer_certificate(context)
        known = self._site.registry.how_new
        return sites_pb2.NewestListReply(root=known.root, listed=known.listed, changes=known.changes)

    @stream
    def ReadResult(  # type: ignore[override]  # bytes: see wire/chunks.py
        self, request: sites_pb2.ReadObjectRequest, context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        peer_certificate(context)
        path = self._site.results.verified(request.digest)
        if path is None:
            raise NotFoundError("this result is no longer kept", remedy="call the method again")
        yield from read_chunks(path, offset=request.offset, length=request.length)

    @stream
    def ReadObject(  # type: ignore[override]  # bytes: see wire/chunks.py
        self, request: sites_pb2.ReadObjectRequest, context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        peer_certificate(context)
        site = self._site
        replica = site.catalog.replicas.get(site.name, request.digest)
        if replica is None or site.copies.fingerprint(replica) is None:
            raise NotFoundError(f"{site.name} does not hold this object")
        yield from site.copies.read(replica, offset=request.offset, length=request.length)

    @unary
    def Fetch(self, request: sites_pb2.PeerFetchRequest, context: grpc.ServicerContext) -> files_pb2.ReplicateReply:
        _, certificate = peer_certificate(context)
        self._tickets.accept(request.ticket, request=ticketed_bytes(request), certificate=certificate)
        principal = self._site.catalog.people.principal_by_id(request.ticket.principal)
        if principal is None:
            raise NotFoundError(f"no record {request.record} that you may see")
        return self._replicate.fetch_here(principal, readable_record(self._site, principal, request.record))

    def _reply(self, live: LiveOperation) -> Reply:
        message, run = state_message(live), live.run
        if run is None:
            return Reply(message)
        message.result_size = run.size
        message.peer.CopyFrom(
            calls_pb2.PeerAnswer(
                blob=run.blob,
                key=run.key,
                wall_s=run.wall_s,
                computed=run.computed,
                way=run.way,
                stored=run.stored,
                inputs=[
                    calls_pb2.UsedInput(record=record, name=name, digest=digest) for record, name, digest in run.inputs
                ],
                guards=dict(run.guards),
            )
        )
        return Reply(message, run.content)
