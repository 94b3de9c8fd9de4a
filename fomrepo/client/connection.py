"""The one place that sends anything: TLS, the token, a deadline on every request, and another site if one is down."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, TypeVar

import grpc

from fomrepo.client.profile import Profile
from fomrepo.errors import CallerError, FomrepoError, SiteBusyError, SiteUnreachableError
from fomrepo.wire.chunks import READ_FILE, READ_RESULT, RECEIVING, chunk_stream
from fomrepo.wire.failures import error_from_rpc
from fomrepo.wire.replies import Reply, reply_method
from fomrepo.wire.uploads import upload_stream
from fomrepo.wire.v1 import calls_pb2, deposits_pb2, files_pb2
from fomrepo.wire.v1.calls_pb2_grpc import CallsStub
from fomrepo.wire.v1.checks_pb2_grpc import ChecksStub
from fomrepo.wire.v1.deposits_pb2_grpc import DepositsStub
from fomrepo.wire.v1.desk_pb2_grpc import DeskStub
from fomrepo.wire.v1.files_pb2_grpc import FilesStub
from fomrepo.wire.v1.identity_pb2_grpc import IdentityStub
from fomrepo.wire.v1.lifecycle_pb2_grpc import LifecycleStub
from fomrepo.wire.v1.metadata_pb2_grpc import MetadataStub
from fomrepo.wire.v1.methods_pb2_grpc import MethodsStub
from fomrepo.wire.v1.review_pb2_grpc import ReviewStub
from fomrepo.wire.v1.sites_pb2_grpc import SitesStub
from fomrepo.wire.v1.trust_pb2_grpc import TrustStub
from fomrepo.wire.v1.whole_pb2_grpc import WholeRecordsStub

#: Deadline of a request that a site answers at once.
ANSWER_S = 30.0
#: How long a site that says that it is busy is asked again.
BUSY_PATIENCE_S = 600.0
#: Deadline of a stream of bytes: a terabyte at 12 MB/s.
STREAM_S = 24 * 3600.0
#: Most bytes of one message: chunks have 1 MiB, schemas of all methods a few hundred kilobytes.
MESSAGE_LIMIT_BYTES = 16 * 2**20

_OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_LIMIT_BYTES),
    # A site that was down is tried again soon, and one whose machine is silent is given up after 5 s.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 5000),
    ("grpc.max_reconnect_backoff_ms", 5000),
    # A machine that falls silent in the middle of a stream is noticed.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    *RECEIVING,
)

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class SiteChannel:
    """An encrypted channel to one site, opened at its first use."""

    def __init__(self, address: str, profile: Profile) -> None:
        self.address = address
        self._profile = profile
        self._replies: dict[str, grpc.UnaryUnaryMultiCallable[Any, Reply]] = {}

    @cached_property
    def _channel(self) -> grpc.Channel:
        ca = None if self._profile.ca is None else self._profile.ca.encode()
        return grpc.secure_channel(self.address, grpc.ssl_channel_credentials(ca), options=_OPTIONS)

    @cached_property
    def token(self) -> tuple[tuple[str, str]]:
        """The token, as each request carries it; gRPC's own call credentials start a thread for each request."""
        return (("authorization", f"Bearer {self._profile.token}"),)

    @cached_property
    def calls(self) -> CallsStub:
        """Calls of methods, but for those of `reply`."""
        return CallsStub(self._channel)

    @cached_property
    def checks(self) -> ChecksStub:
        """Golden cases run at sites."""
        return ChecksStub(self._channel)

    @cached_property
    def deposits(self) -> DepositsStub:
        """Deposits."""
        return DepositsStub(self._channel)

    @cached_property
    def desk(self) -> DeskStub:
        """What somebody has under way."""
        return DeskStub(self._channel)

    @cached_property
    def files(self) -> FilesStub:
        """Records and files."""
        return FilesStub(self._channel)

    @cached_property
    def identity(self) -> IdentityStub:
        """Logging in by an identity provider."""
        return IdentityStub(self._channel)

    @cached_property
    def lifecycle(self) -> LifecycleStub:
        """What becomes of records after they were deposited."""
        return LifecycleStub(self._channel)

    @cached_property
    def metadata(self) -> MetadataStub:
        """What is known of records, and their quality."""
        return MetadataStub(self._channel)

    @cached_property
    def methods(self) -> MethodsStub:
        """Schemas of methods."""
        return MethodsStub(self._channel)

    @cached_property
    def review(self) -> ReviewStub:
        """Submissions of methods, and reviews."""
        return ReviewStub(self._channel)

    def reply(self, method: str) -> grpc.UnaryUnaryMultiCallable[Any, Reply]:
        """Give one of the methods that answer with a reply to a call."""
        if method not in self._replies:
            self._replies[method] = reply_method(self._channel, method)
        return self._replies[method]

    @cached_property
    def read_file(self) -> grpc.UnaryStreamMultiCallable[files_pb2.ReadFileRequest, memoryview]:
        """Bytes of a file."""
        return chunk_stream(self._channel, READ_FILE)

    @cached_property
    def read_result(self) -> grpc.UnaryStreamMultiCallable[calls_pb2.ReadResultRequest, memoryview]:
        """Bytes of a result."""
        return chunk_stream(self._channel, READ_RESULT)

    @cached_property
    def sites(self) -> SitesStub:
        """What clients ask about sites."""
        return SitesStub(self._channel)

    @cached_property
    def trust(self) -> TrustStub:
        """Keys of reviewers, and verdicts."""
        return TrustStub(self._channel)

    @cached_property
    def upload(self) -> grpc.StreamUnaryMultiCallable[bytes | deposits_pb2.UploadChunk, deposits_pb2.UploadReply]:
        """Bytes of a deposit."""
        return upload_stream(self._channel)

    @cached_property
    def whole(self) -> WholeRecordsStub:
        """Records with all that is known of them."""
        return WholeRecordsStub(self._channel)

    def close(self) -> None:
        """Close the channel if it was opened."""
        if "_channel" in self.__dict__:
            self._channel.close()


class Connection:
    """A federation through whichever of its sites answers. Threads may share it.

    Parameters
    ----------
    profile
        The sites that are known at first, the token and the authority.
    """

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._lock = threading.Lock()
        self._channels = [SiteChannel(address, profile) for address in profile.sites]
        self._closed = False
        #: Requests and streams that were sent, whether answered or not.
        self.requests_sent = 0

    @property
    def address(self) -> str:
        """Address of the site that is asked first."""
        return self._order()[0].address

    @property
    def token(self) -> str:
        """Token that all requests carry."""
        return self._profile.token

    def learn(self, addresses: list[str]) -> None:
        """Add sites that may be asked when the present one does not answer."""
        with self._lock:
            known = {one.address for one in self._channels}
            fresh = [one for one in dict.fromkeys(addresses) if one not in known]
            self._channels.extend(SiteChannel(one, self._profile) for one in fresh)

    def only(self, address: str) -> Connection:
        """Return a connection to that one site alone; the caller closes it."""
        return Connection(Profile((address,), self._profile.token, self._profile.ca))

    def ask(
        self,
        rpc: Callable[[SiteChannel], grpc.UnaryUnaryMultiCallable[Request, Answer]],
        request: Request,
        *,
        deadline_s: float = ANSWER_S,
    ) -> Answer:
        """Send a request that may be sent twice, to the first site that answers.

        A site that is busy says when to come back, and is asked again then.
        """
        give_up = time.monotonic() + BUSY_PATIENCE_S
        while True:
            try:
                return self._from_any_site(lambda site: rpc(site)(request, timeout=deadline_s, metadata=site.token))
            except SiteBusyError as busy:
                pause_s = float(busy.facts.get("retry_after_s", "inf")) * random.uniform(0.8, 1.2)  # noqa: S311  (a pause)
                if time.monotonic() + pause_s > give_up:
                    raise
                time.sleep(pause_s)

    def send(
        self,
        rpc: Callable[[SiteChannel], grpc.StreamUnaryMultiCallable[Request, Answer]],
        requests: Callable[[], Iterator[Request]],
    ) -> Answer:
        """Send a stream; ``requests`` begins it anew for each site that is tried."""
        return self._from_any_site(lambda site: rpc(site)(requests(), timeout=STREAM_S, metadata=site.token))

    def receive(
        self,
        rpc: Callable[[SiteChannel], grpc.UnaryStreamMultiCallable[Request, memoryview]],
        request_from: Callable[[int], Request],
        *,
        offset: int = 0,
    ) -> Iterator[memoryview]:
        """Receive a stream of bytes; another site goes on where one stopped.

        Parameters
        ----------
        rpc
            The stream.
        request_from
            Request for the bytes from an offset on.
        offset
            First byte that is wanted.
        """
        silent = 0
        while True:
            site = self._open()[0]
            self.requests_sent += 1
            try:
                for chunk in rpc(site)(request_from(offset), timeout=STREAM_S, metadata=site.token):
                    offset, silent = offset + len(chunk), 0
                    yield chunk
                return
            except grpc.RpcError as error:
                silent += 1
                self._give_up_or_go_on(error, site, last=silent >= len(self._channels))

    def close(self) -> None:
        """Close all channels."""
        self._closed = True
        for site in self._order():
            site.close()

    def _from_any_site(self, send: Callable[[SiteChannel], Answer]) -> Answer:
        sites = self._open()
        for site in sites:
            self.requests_sent += 1
            try:
                return send(site)
            except grpc.RpcError as error:
                self._give_up_or_go_on(error, site, last=site is sites[-1])
        raise AssertionError("the last site's failure is raised")

    def _give_up_or_go_on(self, failure: grpc.RpcError, site: SiteChannel, *, last: bool) -> None:
        """Raise what a site said; if it said nothing, put it last."""
        self._open()
        error = error_from_rpc(failure, address=site.address)
        if not _is_silence(error, site.address):
            raise error from None
        with self._lock:
            if len(self._channels) > 1:
                self._channels.remove(site)
                self._channels.append(site)
            tried = ", ".join(sorted(one.address for one in self._channels))
        if last:
            raise SiteUnreachableError(
                f"no site answers; tried {tried}",
                remedy="wait until one is up; one on this machine: fomrepo up, or fomrepo site serve --home HOME; "
                "at another address: fomrepo login HOST:PORT --ca FILE",
                facts={"addresses": tried},
            ) from None

    def _open(self) -> list[SiteChannel]:
        """Sites in the order in which they are asked, unless all channels are closed."""
        if self._closed:
            raise CallerError("this repository was closed", remedy="connect again: repo = fomrepo.connect()")
        return self._order()

    def _order(self) -> list[SiteChannel]:
        with self._lock:
            return list(self._channels)


def _is_silence(error: FomrepoError, address: str) -> bool:
    """Whether the site itself did not answer, as opposed to telling of another one that did not."""
    return isinstance(error, SiteUnreachableError) and error.facts.get("address") == address
