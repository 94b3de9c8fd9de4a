"""Who can talk to a site: TLS 1.3 or nothing, and on the sites' own listener a certificate of this federation."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from fomrepo.client.record import Record
from fomrepo.errors import FomrepoError, IdentityError, NotFoundError
from fomrepo.model.canonical import new_id
from fomrepo.site.administration import open_administration
from fomrepo.site.certificates import PEER_SUFFIX, new_authority, new_site_certificate
from fomrepo.site.peers import ticketed_bytes
from fomrepo.site.tickets import TicketPrinter
from fomrepo.testing import LocalFederation
from fomrepo.wire.failures import error_from_rpc
from fomrepo.wire.v1 import calls_pb2, sites_pb2
from fomrepo.wire.v1.sites_pb2_grpc import PeersStub, SitesStub
from tests.federation.certificates import authority, certificate_for, pair_of, peer_stub
from tests.federation.raw import call_request, error_of
from tests.federation.records import TRAJECTORY

LISTENERS = ("address", "peer_address")


# --- TLS --------------------------------------------------------------------------------------------------------------


def tls_version(federation: LocalFederation, listener: str, version: ssl.TLSVersion, folder: Path) -> str | None:
    """Shake hands as a site could that speaks no other version of TLS; returns what was agreed on."""
    context = ssl.create_default_context(cafile=str(federation.ca))
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2"])
    pair = pair_of(federation, "site-b")
    (folder / "pair.pem").write_bytes(pair.key + pair.certificate)
    context.load_cert_chain(folder / "pair.pem")
    host, _, port = getattr(federation["site-a"], listener).rpartition(":")
    with (
        socket.create_connection((host, int(port)), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as encrypted,
    ):
        assert encrypted.recv(9)  # the first frame of HTTP/2: the site has accepted us
        return encrypted.version()


@pytest.mark.parametrize("listener", LISTENERS)
def test_tls_1_3_is_spoken(federation: LocalFederation, listener: str, tmp_path: Path) -> None:
    assert tls_version(federation, listener, ssl.TLSVersion.TLSv1_3, tmp_path) == "TLSv1.3"


@pytest.mark.parametrize("listener", LISTENERS)
def test_tls_1_2_is_not(federation: LocalFederation, listener: str, tmp_path: Path) -> None:
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        tls_version(federation, listener, ssl.TLSVersion.TLSv1_2, tmp_path)


@pytest.mark.parametrize("listener", LISTENERS)
def test_plain_text_is_not(federation: LocalFederation, listener: str) -> None:
    with grpc.insecure_channel(getattr(federation["site-a"], listener)) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            SitesStub(channel).WhoAmI(sites_pb2.WhoAmIRequest(), timeout=5)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


# --- the sites' own listener ------------------------------------------------------------------------------------------


def is_kept_out(peers: PeersStub) -> bool:
    """Whether the site hung up before it looked at any request."""
    with pytest.raises(grpc.RpcError) as caught:
        peers.Wait(calls_pb2.WaitRequest(operation="any"), timeout=10)
    return caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_a_client_has_no_certificate_and_is_kept_out(federation: LocalFederation) -> None:
    with peer_stub(federation, "site-a", None) as peers:
        assert is_kept_out(peers)


def test_a_token_opens_no_door_for_sites(federation: LocalFederation, user: str) -> None:
    credentials = grpc.composite_channel_credentials(
        grpc.ssl_channel_credentials(federation.ca.read_bytes()),
        grpc.access_token_call_credentials(federation.token(user)),
    )
    with grpc.secure_channel(federation["site-a"].peer_address, credentials) as channel:
        assert is_kept_out(PeersStub(channel))


def test_a_site_of_another_authority_is_kept_out(federation: LocalFederation) -> None:
    pair = new_site_certificate(new_authority("local"), "site-b", ["localhost", "127.0.0.1"])
    with peer_stub(federation, "site-a", pair) as peers:
        assert is_kept_out(peers)


@pytest.mark.parametrize(
    "names",
    [("localhost",), ("site-b.sites.fomrepo.example.org",), (f"site-b{PEER_SUFFIX}", f"site-c{PEER_SUFFIX}")],
    ids=["no site", "another ending", "two sites at once"],
)
def test_a_certificate_of_no_one_site_is_refused(federation: LocalFederation, names: tuple[str, ...]) -> None:
    with peer_stub(federation, "site-a", certificate_for(authority(federation), *names)) as peers:
        for send, request in (
            (peers.Wait, calls_pb2.WaitRequest(operation="any")),
            (peers.Cancel, calls_pb2.CancelRequest(operation="any")),
            (peers.ReadObject, sites_pb2.ReadObjectRequest(digest="0" * 64)),
            (peers.ReadResult, sites_pb2.ReadObjectRequest(digest="0" * 64)),
            (peers.Run, sites_pb2.PeerRunRequest()),
            (peers.Fetch, sites_pb2.PeerFetchRequest()),
        ):
            assert isinstance(error_of(send, request), IdentityError)


def test_services_for_sites_are_not_on_the_listener_for_clients(federation: LocalFederation, user: str) -> None:
    pair = pair_of(federation, "site-b")
    credentials = grpc.ssl_channel_credentials(federation.ca.read_bytes(), pair.key, pair.certificate)
    with grpc.secure_channel(federation["site-a"].address, credentials) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            PeersStub(channel).Wait(calls_pb2.WaitRequest(operation="any"), timeout=10)
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


# --- tickets ----------------------------------------------------------------------------------------------------------


class Forger:
    """Site-b as an attacker who has its key would use it, against site-a."""

    def __init__(self, federation: LocalFederation, peers: PeersStub, principal: str, record: str) -> None:
        self.printer = TicketPrinter("site-b", pair_of(federation, "site-b").key)
        self.peers, self.principal, self.record = peers, principal, record

    def request(self, **ticket: str) -> sites_pb2.PeerRunRequest:
        """A call with a ticket that is good but for what is given."""
        call = call_request(self.record, TRAJECTORY, arguments_json="{}")
        call.frames.stop = 1
        request = sites_pb2.PeerRunRequest(call=call, operation=new_id())
        signed = {"serving": "site-a", "principal": self.principal, "operation": request.operation} | ticket
        request.ticket.CopyFrom(self.printer.sign(request=ticketed_bytes(request), **signed))
        return request

    def error(self, request: sites_pb2.PeerRunRequest) -> FomrepoError:
        """What site-a says of it."""
        return error_of(self.peers.Run, request)


@pytest.fixture
def forger(federation: LocalFederation, adk: Record) -> Iterator[Forger]:
    with open_administration(federation.home) as administration:
        principal = administration.catalog.people.principal(adk.owner)
    assert principal is not None
    with peer_stub(federation, "site-a", pair_of(federation, "site-b")) as peers:
        yield Forger(federation, peers, principal.id, adk.accession)


def test_a_good_ticket_opens_the_door_once(forger: Forger) -> None:
    request = forger.request()
    assert forger.peers.Run(request, timeout=30).state in ("waiting", "running", "done")
    error = forger.error(request)
    assert isinstance(error, IdentityError)
    assert "second time" in error.message


def test_a_call_without_a_ticket_is_refused(forger: Forger) -> None:
    request = forger.request()
    request.ClearField("ticket")
    assert isinstance(forger.error(request), IdentityError)


def test_a_ticket_for_another_site_is_refused(forger: Forger) -> None:
    assert isinstance(forger.error(forger.request(serving="site-c")), IdentityError)


def test_a_ticket_of_another_request_is_refused(forger: Forger) -> None:
    request = forger.request()
    request.call.frames.stop = 98
    error = forger.error(request)
    assert isinstance(error, IdentityError)
    assert "another request" in error.message


def test_a_ticket_of_another_home_is_refused(forger: Forger, federation: LocalFederation) -> None:
    forger.printer = TicketPrinter("site-c", pair_of(federation, "site-c").key)
    assert isinstance(forger.error(forger.request()), IdentityError)


def test_a_ticket_for_nobody_sees_nothing(forger: Forger) -> None:
    assert isinstance(forger.error(forger.request(principal=new_id())), NotFoundError)


def test_a_ticket_for_somebody_sees_what_that_one_sees(
    forger: Forger, federation: LocalFederation, stranger: str
) -> None:
    federation.token(stranger)
    with open_administration(federation.home) as administration:
        principal = administration.catalog.people.principal(stranger)
    assert principal is not None
    assert isinstance(forger.error(forger.request(principal=principal.id)), NotFoundError)


def test_an_operation_of_another_home_is_not_told_of(forger: Forger, federation: LocalFederation) -> None:
    request = forger.request()
    forger.peers.Run(request, timeout=30)
    with peer_stub(federation, "site-a", pair_of(federation, "site-c")) as peers:
        for send, ask in (
            (peers.Wait, calls_pb2.WaitRequest(operation=request.operation)),
            (peers.Cancel, calls_pb2.CancelRequest(operation=request.operation)),
        ):
            with pytest.raises(grpc.RpcError) as caught:
                send(ask, timeout=10)
            assert isinstance(error_from_rpc(caught.value, address="site-a"), NotFoundError)


@pytest.mark.parametrize("digest", ["", "../../secrets/site.key", "0" * 63, "0" * 64, "A" * 64, "/etc/passwd"])
def test_no_name_of_an_object_leads_out_of_the_store(federation: LocalFederation, digest: str) -> None:
    with peer_stub(federation, "site-a", pair_of(federation, "site-b")) as peers:
        for send in (peers.ReadObject, peers.ReadResult):
            assert isinstance(error_of(send, sites_pb2.ReadObjectRequest(digest=digest)), NotFoundError)
