"""A call lands at the least loaded good copy, once forwarded at most, and survives the loss of any one site."""

from __future__ import annotations

import concurrent.futures
import os
import signal
import time
from collections.abc import Iterator

import pytest

from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.errors import NoReplicaError, SiteUnreachableError
from fomrepo.model.canonical import new_id
from fomrepo.site.administration import open_administration, read_folder
from fomrepo.site.peers import ticketed_bytes
from fomrepo.site.renewal import renew_authority, renew_certificate
from fomrepo.site.settings import SiteHome
from fomrepo.site.tickets import TicketPrinter
from fomrepo.testing import LocalFederation
from fomrepo.wire.failures import failure_from_wire
from fomrepo.wire.methods import bundle_to_wire
from fomrepo.wire.v1 import calls_pb2, sites_pb2
from tests.federation.certificates import pair_of, peer_stub
from tests.federation.methods import SLOW, publish
from tests.federation.raw import RawClient, call_request, raw_client
from tests.federation.records import TRAJECTORY, deposit_adk, replicate, runs, until


@pytest.fixture
def repo(fragile: LocalFederation, user: str) -> Iterator[Repository]:
    """Return the new user's client at site-a."""
    with fragile.connect(user, site="site-a") as connected:
        yield connected


@pytest.fixture
def record(fragile: LocalFederation, repo: Repository, user: str) -> Record:
    """Return a record that site-b and site-c hold, and site-a does not."""
    with fragile.connect(user, site="site-b") as at_b:
        accession = deposit_adk(at_b).accession
        replicate(at_b, accession, "site-c")
    until(lambda: all(one.up for one in repo.sites()))
    return repo[accession]


@pytest.fixture(scope="module", autouse=True)
def _slow_is_published(own_federation: LocalFederation) -> None:
    publish(own_federation, SLOW)


def running(repo: Repository) -> dict[str, int]:
    """Runs under way at each site, as the site that answers knows it."""
    return {one.name: one.running for one in repo.sites()}


class Begun:
    """A slow call that was sent to site-a and runs somewhere now."""

    def __init__(
        self, federation: LocalFederation, record: Record, seconds: float, *, draft: bool = False, at_site: str = ""
    ) -> None:
        token = federation.token(record.owner)
        call = call_request(record.accession, TRAJECTORY, "slow", arguments_json=f'{{"seconds": {seconds}}}')
        call.wait_s = 0.0
        with raw_client(federation, "site-a", token) as client:
            if draft:
                request = calls_pb2.TryDraftRequest(
                    call=call, bundle=bundle_to_wire(read_folder(SLOW)), at_site=at_site
                )
                self.operation = client.calls.TryDraft(request).operation
            else:
                self.operation = client.calls.Call(call).operation
            until(lambda: self._asked(client).done > 0)
            #: Where it runs.
            self.site = self._asked(client).site

    def _asked(self, client: RawClient) -> calls_pb2.CallReply:
        return client.calls.Wait(calls_pb2.WaitRequest(operation=self.operation))


# --- the choice -------------------------------------------------------------------------------------------------------


def test_calls_land_where_there_is_room(fragile: LocalFederation, repo: Repository, record: Record) -> None:
    busy = [Begun(fragile, record, 60 + n, draft=True, at_site="site-b") for n in range(2)]
    until(lambda: running(repo)["site-b"] == 2)
    assert [record[TRAJECTORY].radius_of_gyration(stop=1 + n).site for n in range(6)] == ["site-c"] * 6
    assert [one.site for one in busy] == ["site-b", "site-b"]
    for one in busy:
        assert repo.operation(one.operation).cancel()
    until(lambda: running(repo)["site-b"] == 0)


def test_a_call_is_forwarded_once_at_most(fragile: LocalFederation, repo: Repository, record: Record) -> None:
    """Site-a has no copy, and sends on nothing that another site sent to it."""
    with open_administration(fragile.home) as administration:
        principal = administration.catalog.people.principal(record.owner)
    assert principal is not None
    request = sites_pb2.PeerRunRequest(
        call=call_request(record.accession, TRAJECTORY, arguments_json="{}"), operation=new_id()
    )
    printer = TicketPrinter("site-b", pair_of(fragile, "site-b").key)
    request.ticket.CopyFrom(
        printer.sign(
            serving="site-a", principal=principal.id, operation=request.operation, request=ticketed_bytes(request)
        )
    )
    before = runs(fragile)
    with peer_stub(fragile, "site-a", pair_of(fragile, "site-b")) as peers:
        reply = peers.Run(request, timeout=30)
        while reply.state not in ("done", "failed"):
            reply = peers.Wait(calls_pb2.WaitRequest(operation=request.operation, wait_s=5), timeout=30)
    assert isinstance(failure_from_wire(reply.failure), NoReplicaError)
    assert runs(fragile) == before


# --- a site is lost ---------------------------------------------------------------------------------------------------


def test_a_site_that_is_down_is_a_detour(fragile: LocalFederation, repo: Repository, record: Record) -> None:
    sites = set()
    fragile["site-b"].kill()
    for stop in (1, 2, 3):
        answer = record[TRAJECTORY].radius_of_gyration(stop=stop)
        sites.add(answer.site)
        assert {site for site, _ in answer.provenance.detours} <= {"site-b"}
    assert sites == {"site-c"}


def test_a_site_that_stopped_is_asked_no_more(fragile: LocalFederation, repo: Repository, record: Record) -> None:
    fragile["site-b"].stop()
    until(lambda: not next(one.up for one in repo.sites() if one.name == "site-b"), timeout_s=2)
    answer = record[TRAJECTORY].radius_of_gyration(stop=1)
    assert (answer.site, answer.provenance.detours) == ("site-c", ())


def test_a_site_that_comes_back_is_asked_at_once(fragile: LocalFederation, repo: Repository, record: Record) -> None:
    for site in ("site-b", "site-c"):
        fragile[site].kill()
    for stop in (1, 2, 3, 4):
        with pytest.raises(NoReplicaError):
            record[TRAJECTORY].radius_of_gyration(stop=stop)
    fragile.start("site-c")
    assert record[TRAJECTORY].radius_of_gyration(stop=5).site == "site-c"


def test_a_site_with_a_renewed_certificate_is_believed(
    fragile: LocalFederation, repo: Repository, record: Record
) -> None:
    for site in ("site-b", "site-c"):
        fragile[site].stop()
    renew_authority(SiteHome(fragile.home))  # the others go on with the old one, as people do
    renew_authority(SiteHome(fragile["site-c"].home), fragile.home / "federation.pem")
    renew_certificate(SiteHome(fragile.home), fragile["site-c"].home / "secrets" / "site.pem")
    fragile.start("site-c")
    answer = record[TRAJECTORY].radius_of_gyration(stop=6)  # site-a asks it, over mutual TLS
    assert (answer.site, answer.provenance.detours) == ("site-c", ())
    with fragile.connect(record.owner, site="site-c") as at_c:
        assert at_c[record.accession].accession == record.accession


@pytest.mark.parametrize("draft", [False, True], ids=["published", "draft"])
def test_a_site_killed_in_the_middle_of_a_call_is_a_detour(
    fragile: LocalFederation, repo: Repository, record: Record, draft: bool
) -> None:
    begun = Begun(fragile, record, 4.0, draft=draft)
    fragile[begun.site].kill()
    answer = repo.operation(begun.operation).result(timeout=60)
    assert answer.n_atoms == 3341
    assert {answer.site, begun.site} == {"site-b", "site-c"}
    assert [site for site, _ in answer.provenance.detours] == [begun.site]
    assert f"no answer from {begun.site}" in answer.provenance.detours[0][1]


def test_a_site_that_hangs_is_a_detour(fragile: LocalFederation, repo: Repository, record: Record) -> None:
    begun = Begun(fragile, record, 3.0)
    os.kill(fragile[begun.site].pid, signal.SIGSTOP)
    try:
        answer = repo.operation(begun.operation).result(timeout=60)
    finally:
        os.kill(fragile[begun.site].pid, signal.SIGCONT)
    assert [site for site, _ in answer.provenance.detours] == [begun.site]


def test_no_copy_left_is_one_clear_error(fragile: LocalFederation, repo: Repository, record: Record) -> None:
    for site in ("site-b", "site-c"):
        fragile[site].kill()
    with pytest.raises(NoReplicaError) as caught:
        record[TRAJECTORY].radius_of_gyration(stop=1)
    for word in (TRAJECTORY, "site-b", "site-c"):
        assert word in caught.value.message
    assert f"fomrepo replicate {record.accession}" in str(caught.value.remedy)


def test_a_site_with_the_certificate_of_another_is_not_believed(
    fragile: LocalFederation, repo: Repository, record: Record
) -> None:
    address, peer_address = fragile["site-b"].address, fragile["site-a"].peer_address
    fragile["site-c"].kill()
    with open_administration(fragile.home) as administration:
        sites = administration.catalog.sites
        mine = sites.certificate_digest("site-b") or ""
        sites.announce("site-b", address=address, peer_address=peer_address, certificate_digest=mine)
    time.sleep(1)  # site-a reads the catalog again
    try:
        with pytest.raises(NoReplicaError, match=r"site-b .* shows a certificate that is not"):
            record[TRAJECTORY].radius_of_gyration(stop=1)
    finally:
        fragile["site-b"].stop()  # its next start announces the right address


# --- the caller's own site is lost ------------------------------------------------------------------------------------


def test_a_caller_goes_on_at_another_site(fragile: LocalFederation, repo: Repository, record: Record) -> None:
    begun = Begun(fragile, record, 3.0)
    future = repo.operation(begun.operation)
    fragile["site-a"].kill()
    fragile[begun.site].kill()
    answer = future.result(timeout=90)
    assert (answer.operation, answer.n_atoms) == (begun.operation, 3341)
    assert answer.site not in ("site-a", begun.site)


def test_a_caller_goes_on_when_his_site_comes_back(fragile: LocalFederation, repo: Repository, record: Record) -> None:
    begun = Begun(fragile, record, 5.0)
    fragile["site-a"].stop()
    fragile.start("site-a")
    with fragile.connect(record.owner, site="site-a") as again:
        answer = again.operation(begun.operation).result(timeout=60)
    assert (answer.operation, answer.n_atoms) == (begun.operation, 3341)


def test_an_ended_operation_is_known_after_a_restart(
    fragile: LocalFederation, repo: Repository, record: Record
) -> None:
    answer = record[TRAJECTORY].radius_of_gyration(stop=9)
    for name in ("site-a", answer.site):
        fragile[name].stop()
    for name in ("site-a", answer.site):
        fragile.start(name)
    for site in fragile.sites:
        with fragile.connect(record.owner, site=site) as other:
            again = other.operation(answer.operation).result(timeout=30)
            assert again.provenance == answer.provenance
            assert again.radius_of_gyration.tolist() == answer.radius_of_gyration.tolist()


def test_a_cancelled_call_is_not_taken_up_again(fragile: LocalFederation, repo: Repository, record: Record) -> None:
    begun = Begun(fragile, record, 60.0)
    fragile["site-a"].kill()
    with fragile.connect(record.owner, site=begun.site) as other:
        found = other.operation(begun.operation)
        assert found.cancel()
        with pytest.raises(concurrent.futures.CancelledError):
            found.result(timeout=1)
        fragile[begun.site].stop()
        fragile.start(begun.site)
    with fragile.connect(record.owner, site=begun.site) as other:
        until(lambda: other.operation(begun.operation).state == "cancelled")
        assert running(other)[begun.site] == 0


def test_if_every_site_is_gone_the_operation_is_named(
    fragile: LocalFederation, repo: Repository, record: Record
) -> None:
    begun = Begun(fragile, record, 30.0)
    future = repo.operation(begun.operation)
    for name in fragile.sites:
        fragile[name].kill()
    with pytest.raises(SiteUnreachableError) as caught:
        future.result(timeout=60)
    assert begun.operation in str(caught.value.remedy)
