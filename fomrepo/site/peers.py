"""Other sites of the federation: channels with mutual TLS, and what can be asked through them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TypeVar

import grpc

from fomrepo.errors import SiteUnreachableError
from fomrepo.model.sites import SiteEntry
from fomrepo.model.trust import HowNew
from fomrepo.site.certificates import PEER_SUFFIX
from fomrepo.site.tickets import TicketPrinter
from fomrepo.wire.calls import CALL_WAIT_S
from fomrepo.wire.chunks import RECEIVING
from fomrepo.wire.failures import error_from_rpc
from fomrepo.wire.v1 import calls_pb2, files_pb2, sites_pb2, sites_pb2_grpc

#: Seconds beyond the time that a request may wait by itself, for the way there and back.
GRACE_S = 5.0

#: One request waits so long for a run at another site: a cancellation and the progress travel as often.
PEER_WAIT_S = 1.0

#: Options of channels to other sites: notice a lost peer within seconds, also in the middle of a wait.
CHANNEL_OPTIONS = (
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 0),
    ("grpc.max_receive_message_length", 4 * 2**20),
    ("grpc.use_local_subchannel_pool", 1),  # a fresh channel shares nothing with one that failed
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    *RECEIVING,
)

#: Seconds that all sites together get to say how new what they know is: calls may wait for it.
NEWEST_S = 1.0

T = TypeVar("T")


class Peers:
    """The way to other sites.

    Parameters
    ----------
    credentials
        This site's key and certificate, and the federation's authority.
    tickets
        Signs what this site asks on behalf of its callers.
    addresses
        Gives the sites that the catalog knows, by name.
    """

    def __init__(
        self,
        credentials: grpc.ChannelCredentials,
        tickets: TicketPrinter,
        addresses: Callable[[], Mapping[str, SiteEntry]],
    ) -> None:
        self._credentials = credentials
        self._tickets = tickets
        self._addresses = addresses
        self._lock = threading.Lock()
        self._channels: dict[str, tuple[str, grpc.Channel, sites_pb2_grpc.PeersStub]] = {}

    def run(self, site: str, request: sites_pb2.PeerRunRequest, *, principal: str) -> calls_pb2.CallReply:
        """Ask a site to run a call; answers within about 2 s."""
        request.ticket.CopyFrom(
            self._tickets.sign(
                serving=site, principal=principal, operation=request.operation, request=ticketed_bytes(request)
            )
        )
        return self._ask(site, lambda stub: stub.Run(request, timeout=CALL_WAIT_S + GRACE_S))

    def wait(self, site: str, operation: str) -> calls_pb2.CallReply:
        """Wait a moment for an operation that runs at a site."""
        request = calls_pb2.WaitRequest(operation=operation, wait_s=PEER_WAIT_S)
        return self._ask(site, lambda stub: stub.Wait(request, timeout=PEER_WAIT_S + GRACE_S))

    def cancel(self, site: str, operation: str) -> calls_pb2.CallReply:
        """Cancel an operation that runs at a site."""
        return self._ask(site, lambda stub: stub.Cancel(calls_pb2.CancelRequest(operation=operation), timeout=GRACE_S))

    def fetch(self, site: str, request: sites_pb2.PeerFetchRequest, *, principal: str) -> files_pb2.ReplicateReply:
        """Ask a site to copy the files of a record to itself; tells how far it is."""
        request.ticket.CopyFrom(
            self._tickets.sign(serving=site, principal=principal, operation="", request=ticketed_bytes(request))
        )
        return self._ask(site, lambda stub: stub.Fetch(request, timeout=CALL_WAIT_S + GRACE_S))

    def how_new(self, *, but: str) -> list[HowNew]:
        """Ask all sites but one, at once, how new what they know of the registry is; who is lost is left out.

        The catalog's word that a site is down does not count: it may be the catalog that stands still.
        """
        asked = []
        for site in self._addresses().keys() - {but}:
            with suppress(SiteUnreachableError, ValueError):  # this site stops, and has closed its channels
                _, stub = self._stub(site)
                reply = stub.NewestList.future(sites_pb2.NewestListRequest(), timeout=NEWEST_S)
                asked.append((site, stub, reply))
        known = []
        for site, stub, reply in asked:
            try:
                told = reply.result()
                known.append(HowNew(told.root, told.listed, told.changes))
            except grpc.RpcError as error:
                self._forget_lost(site, stub, error)
        return known

    def read_result(self, site: str, blob: str, *, offset: int = 0, length: int = 0) -> Iterator[bytes]:
        """Bytes of a result that a site keeps; a ``length`` of 0 means all to its end."""
        request = sites_pb2.ReadObjectRequest(digest=blob, offset=offset, length=length)
        return self._stream(site, lambda stub: stub.ReadResult(request))

    def read_object(self, site: str, digest: str, *, offset: int = 0, length: int = 0) -> Iterator[bytes]:
        """Bytes of an object that a site keeps; a ``length`` of 0 means all to its end."""
        request = sites_pb2.ReadObjectRequest(digest=digest, offset=offset, length=length)
        return self._stream(site, lambda stub: stub.ReadObject(request))

    def close(self) -> None:
        """Close all channels."""
        with self._lock:
            for _, channel, _ in self._channels.values():
                channel.close()
            self._channels.clear()

    def _ask(self, site: str, question: Callable[[sites_pb2_grpc.PeersStub], T]) -> T:
        address, stub = self._stub(site)
        try:
            return question(stub)
        except grpc.RpcError as error:
            self._forget_lost(site, stub, error)
            raise error_from_rpc(error, address=f"{site} ({address})") from None

    def _stream(
        self, site: str, question: Callable[[sites_pb2_grpc.PeersStub], Iterator[files_pb2.Chunk]]
    ) -> Iterator[bytes]:
        address, stub = self._stub(site)
        try:
            for chunk in question(stub):
                yield chunk.data
        except grpc.RpcError as error:
            self._forget_lost(site, stub, error)
            raise error_from_rpc(error, address=f"{site} ({address})") from None

    def _forget_lost(self, site: str, stub: sites_pb2_grpc.PeersStub, error: grpc.RpcError) -> None:
        """Let go of a channel that found nobody: it would say so for a while to come, though the site may be back."""
        with self._lock:
            known = self._channels.get(site)
            if error.code() is grpc.StatusCode.UNAVAILABLE and known is not None and known[2] is stub:
                del self._channels[site]

    def _stub(self, site: str) -> tuple[str, sites_pb2_grpc.PeersStub]:
        """Stub for a site; the channel is made anew when the site has moved."""
        entry = self._addresses().get(site)
        if entry is None or not entry.peer_address:
            raise SiteUnreachableError(f"no site named {site} is known", remedy="see who is there: fomrepo site status")
        with self._lock:
            known = self._channels.get(site)
            if known is None or known[0] != entry.peer_address:
                if known is not None:
                    known[1].close()
                # The certificate must be that of this very site, wherever it listens.
                options = (*CHANNEL_OPTIONS, ("grpc.ssl_target_name_override", site + PEER_SUFFIX))
                channel = grpc.secure_channel(entry.peer_address, self._credentials, options)
                known = self._channels[site] = (entry.peer_address, channel, sites_pb2_grpc.PeersStub(channel))
            return known[0], known[2]


def ticketed_bytes(request: sites_pb2.PeerRunRequest | sites_pb2.PeerFetchRequest) -> bytes:
    """Bytes of a request that its ticket vouches for: everything but the ticket."""
    bare = type(request).FromString(request.SerializeToString())
    bare.ClearField("ticket")
    return bare.SerializeToString(deterministic=True)
