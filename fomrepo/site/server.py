"""The composition root: parts are made here, handed to the desks, and the desks to the services of two listeners."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from fomrepo.cache.store import ResultStore
from fomrepo.catalog import open_catalog
from fomrepo.errors import FomrepoError, SettingsError
from fomrepo.isolation.doctor import WallVerdict
from fomrepo.isolation.environment import GuestEnvironment
from fomrepo.isolation.warden import Warden
from fomrepo.model.sites import SiteRuns
from fomrepo.site.audit_seal import AuditSealer
from fomrepo.site.call import CallDesk
from fomrepo.site.check import CheckDesk
from fomrepo.site.deposit import DepositDesk
from fomrepo.site.environments import Environments
from fomrepo.site.forward import Forward
from fomrepo.site.holders import HolderDesk
from fomrepo.site.in_place import InPlaceDesk
from fomrepo.site.ledger import Ledger
from fomrepo.site.lifecycle import LifecycleDesk
from fomrepo.site.load import Slots
from fomrepo.site.local_door import LocalDoor
from fomrepo.site.log import logger
from fomrepo.site.parts import SiteParts
from fomrepo.site.parts_of_run import Paces
from fomrepo.site.peers import Peers
from fomrepo.site.quality import QualityDesk
from fomrepo.site.renewal import CertificateWatch
from fomrepo.site.replicate import ReplicateDesk
from fomrepo.site.revocation import RevokedResults
from fomrepo.site.scrub import Scrub
from fomrepo.site.serve_peer import PeerDesk
from fomrepo.site.services.border import WaitingRoom
from fomrepo.site.services.calls import CallsService
from fomrepo.site.services.checks import ChecksService
from fomrepo.site.services.deposits import DepositsService
from fomrepo.site.services.desk import DeskService
from fomrepo.site.services.files import FilesService
from fomrepo.site.services.identity import IdentityService
from fomrepo.site.services.lifecycle import LifecycleService
from fomrepo.site.services.metadata import MetadataService
from fomrepo.site.services.methods import MethodsService
from fomrepo.site.services.peers import PeersService
from fomrepo.site.services.review import ReviewService
from fomrepo.site.services.sites import SitesService
from fomrepo.site.services.trust import TrustService
from fomrepo.site.services.whole import WholeRecordsService
from fomrepo.site.settings import SiteHome, SiteSettings
from fomrepo.site.sites_known import Heartbeat, SitesKnown
from fomrepo.site.submission import SubmissionDesk
from fomrepo.site.tickets import TicketCheck, TicketPrinter
from fomrepo.site.trust_home import open_registry
from fomrepo.vault.copies import Copies
from fomrepo.vault.objects import ObjectStore
from fomrepo.wire.own_spelling import OwnSpelling
from fomrepo.wire.v1 import (
    calls_pb2_grpc,
    checks_pb2_grpc,
    deposits_pb2_grpc,
    desk_pb2_grpc,
    files_pb2_grpc,
    identity_pb2_grpc,
    lifecycle_pb2_grpc,
    metadata_pb2_grpc,
    methods_pb2_grpc,
    review_pb2_grpc,
    sites_pb2_grpc,
    trust_pb2_grpc,
    whole_pb2_grpc,
)

#: Most bytes of one message: a bundle of 1 MiB or a chunk of 1 MiB, with room for the rest.
MESSAGE_LIMIT = 4 * 2**20

#: Seconds that requests under way get when the site stops.
GRACE_S = 2.0

LISTENER_OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_LIMIT),
    ("grpc.so_reuseport", 0),  # a second site on the same port is a mistake, not a helper
    ("grpc.keepalive_permit_without_calls", 0),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
)


class SiteServer:
    """A running site; use it in a ``with`` block."""

    def __init__(
        self,
        home: SiteHome,
        settings: SiteSettings,
        *,
        wall: WallVerdict,
        warden: Warden | None,
        environment: GuestEnvironment,
    ) -> None:
        self._end = ExitStack()
        authority, key, certificate = (home.read_secret(name) for name in ("authority.pem", "site.key", "site.pem"))
        catalog = open_catalog(settings.catalog)
        self._end.callback(catalog.close)
        home.bundles.mkdir(exist_ok=True)
        ledger = Ledger(catalog)
        self._end.callback(ledger.close)
        vault = ObjectStore(home.vault)
        copies = Copies(vault)
        budget_bytes = settings.holder_memory_mib * 2**20
        registry = self._end.enter_context(
            open_registry(home, catalog, elsewhere=lambda: peers.how_new(but=settings.name))
        )
        slots = Slots(settings.slots, settings.memory_mib * 2**20)
        rests = slots.at_rest if settings.spares else None
        holders = (
            HolderDesk(warden, copies, budget_bytes=budget_bytes, verify=registry.verify_again, rests=rests)
            if warden is not None
            else None
        )
        if holders is not None:
            self._end.callback(holders.close)
            holders.expect(environment)
        site = SiteParts(
            settings=settings,
            home=home,
            catalog=catalog,
            vault=vault,
            copies=copies,
            results=ResultStore(home.cache),
            registry=registry,
            ledger=ledger,
            slots=slots,
            ways=Counter(),
            paces=Paces(),
            warden=warden,
            wall=wall,
            holders=holders,
            environments=Environments(catalog, registry, environment),
            secret=home.read_secret("federation.secret"),
        )
        self._site = site
        known = SitesKnown(catalog, site.name, site.slots.figures)
        peers = Peers(
            grpc.ssl_channel_credentials(authority, key, certificate), TicketPrinter(site.name, key), known.entries
        )
        replicate = ReplicateDesk(site, peers, known)
        self._calls = calls = CallDesk(site, known, Forward(peers), replicate.gather)
        self._deposits = deposits = DepositDesk(site)
        in_place, self._scrub = InPlaceDesk(site, deposits), Scrub(site)
        self._door = LocalDoor(site, deposits, in_place, self._scrub)
        self._revoked = RevokedResults(site)
        sealer = AuditSealer(site.name, key, certificate, home.audit_seal)
        self._lifecycle = lifecycle = LifecycleDesk(site, sealer)
        self._submissions = submissions = SubmissionDesk(site, known)
        checks = CheckDesk(site)
        self._quality = quality = QualityDesk(site)
        served = PeerDesk(site, replicate.gather)

        # Each listener has threads of its own, so that clients cannot starve sites; half of them may wait.
        room, peer_room = WaitingRoom(settings.threads // 2), WaitingRoom(settings.threads // 2)
        clients = _listener(settings.threads, "clients")
        answers = CallsService(site, calls, room, known)
        calls_pb2_grpc.add_CallsServicer_to_server(answers, clients)
        checks_pb2_grpc.add_ChecksServicer_to_server(ChecksService(site, checks, room), clients)
        deposits_pb2_grpc.add_DepositsServicer_to_server(DepositsService(site, deposits, room), clients)
        desk_pb2_grpc.add_DeskServicer_to_server(DeskService(site), clients)
        files_pb2_grpc.add_FilesServicer_to_server(FilesService(site, peers, replicate), clients)
        identity_pb2_grpc.add_IdentityServicer_to_server(IdentityService(site), clients)
        metadata_pb2_grpc.add_MetadataServicer_to_server(MetadataService(site), clients)
        lifecycle_pb2_grpc.add_LifecycleServicer_to_server(LifecycleService(site, lifecycle), clients)
        methods_pb2_grpc.add_MethodsServicer_to_server(MethodsService(site), clients)
        trust_pb2_grpc.add_TrustServicer_to_server(TrustService(site), clients)
        review_pb2_grpc.add_ReviewServicer_to_server(ReviewService(site, submissions, calls, answers, room), clients)
        sites_pb2_grpc.add_SitesServicer_to_server(SitesService(site, known), clients)
        whole_pb2_grpc.add_WholeRecordsServicer_to_server(WholeRecordsService(site), clients)
        self._health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, clients)
        sites = _listener(settings.threads, "sites")
        sites_pb2_grpc.add_PeersServicer_to_server(
            PeersService(site, served, replicate, TicketCheck(site.name), peer_room), sites
        )
        server_tls = grpc.ssl_server_credentials([(key, certificate)])
        mutual_tls = grpc.ssl_server_credentials([(key, certificate)], authority, require_client_auth=True)
        self.address = _listen(clients, settings.address, server_tls)
        self.peer_address = _listen(sites, settings.peer_address, mutual_tls)
        self._listeners = (clients, sites)
        self._certificate = CertificateWatch(home, certificate)
        self._certificate_digest = hashlib.sha256(certificate).hexdigest()
        for part in (self._scrub, self._door, in_place):
            self._end.callback(part.close)
        self._heartbeat = Heartbeat(self._beat, lambda error: logger.warning("heartbeat failed", error=error.message))
        for desk in (peers, calls, checks, quality, deposits, submissions, served):
            self._end.callback(desk.close)

    def __enter__(self) -> SiteServer:
        """Clear away what a kill left, open both listeners and tell the federation."""
        catalog, site = self._site.catalog, self._site
        site.results.sweep()
        catalog.sites.announce(
            site.name,
            address=site.settings.announced_address or self.address,
            peer_address=site.settings.announced_peer_address or self.peer_address,
            certificate_digest=self._certificate_digest,
        )
        self._heartbeat.start()
        self._deposits.start()
        self._submissions.resume()
        self._quality.start()
        for listener in self._listeners:
            listener.start()
        self._scrub.start()
        self._door.start()
        self._health.set("", health_pb2.HealthCheckResponse.SERVING)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let what is under way end within a grace, then close everything."""
        self._health.enter_graceful_shutdown()
        self._heartbeat.close()
        with contextlib.suppress(FomrepoError):  # others find out by themselves, a little later
            self._site.catalog.sites.leave(self._site.name)
        for stopping in [listener.stop(GRACE_S) for listener in self._listeners]:
            stopping.wait(GRACE_S + 1)
        self._end.close()

    def _held(self) -> tuple[int, int]:
        return (0, 0) if self._site.holders is None else self._site.holders.figures()

    def _beat(self) -> None:
        self._certificate.warn_now_and_then()
        self._calls.heed_cancellations()
        load = self._site.slots.figures()
        runs = self._site.warden is not None
        self._site.catalog.sites.heartbeat(
            self._site.name,
            now=time.time(),
            running=load.running,
            waiting=load.waiting,
            slots=load.slots,
            wall=self._site.wall.level,
            environments=self._site.environments.digests() if runs else [],
            runs=SiteRuns(self._site.ways["hot"], self._site.ways["cold"], *self._held()),
        )
        try:
            self._site.environments.look(self._site.registry.keep_fresh().listed)
        except FomrepoError as error:  # methods do not run; everything else goes on
            logger.warning("list of methods", error=error.message)
        self._revoked.remove()
        self._lifecycle.heed()


def _listener(threads: int, name: str) -> grpc.Server:
    pool = ThreadPoolExecutor(threads, thread_name_prefix=f"answer-{name}")
    return grpc.server(pool, interceptors=[OwnSpelling()], options=LISTENER_OPTIONS)


def _listen(server: grpc.Server, address: str, credentials: grpc.ServerCredentials) -> str:
    host, _, _ = address.rpartition(":")
    try:
        port = server.add_secure_port(address, credentials)
    except RuntimeError:
        port = 0
    if port == 0:
        raise SettingsError(
            f"nothing can listen at {address}", remedy="see who does (ss -ltnp), or change the address in site.toml"
        )
    return f"{host}:{port}"
