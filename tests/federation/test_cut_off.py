"""A site that hears nothing new goes on until its lease ends, and confirms to nobody that nothing has changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import grpc
import pytest

from fomrepo.catalog import open_catalog
from fomrepo.catalog.trust import LEASE_DOCUMENT
from fomrepo.errors import FomrepoError, MethodNotTrustedError, SiteError
from fomrepo.model.statements import MethodState
from fomrepo.site import trust_documents
from fomrepo.site.administration import open_administration
from fomrepo.site.settings import SiteHome
from fomrepo.site.trust_documents import lease_document
from fomrepo.site.trust_home import LEASE_KEY, trusted_list
from fomrepo.testing import LocalFederation
from fomrepo.wire.failures import error_from_rpc
from fomrepo.wire.v1 import calls_pb2
from tests.federation.methods import draft, publish
from tests.federation.raw import call_request, error_of, raw_client
from tests.federation.records import TRAJECTORY, deposit_adk, replicate, runs, until

pytestmark = pytest.mark.timeout(300)  # sites start six times, on a busy machine

#: What is left of the lease of a site when it is cut off, in seconds.
LEFT_S = 3


@pytest.fixture(scope="module")
def sites(bubblewrap: Path, open_folder: Callable[[], Path]) -> Iterator[LocalFederation]:
    """Three sites, of which one is going to be cut off."""
    with LocalFederation(open_folder(), slots=2) as started:
        yield started


def mirror_of(federation: LocalFederation) -> str:
    """Make a copy of the catalog, in which nothing happens from now on; returns its URL."""
    folder = federation.home.parent / "mirror"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    with (
        closing(sqlite3.connect(federation.home / "catalog" / "catalog.db")) as source,
        closing(sqlite3.connect(folder / "catalog.db")) as copy,
    ):
        source.backup(copy)
    (folder / "catalog.db").chmod(0o666)
    return f"sqlite:///{folder}/catalog.db"


def near_its_end(home: SiteHome, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a lease that ends soon into a mirror, signed as sites do."""
    with open_catalog(url) as mirror, monkeypatch.context() as patch:
        newest = trusted_list(home, mirror).newest_lease()
        patch.setattr(trust_documents, "LEASE_S", LEFT_S)
        lease = lease_document(
            version=newest.version + 1, list_version=newest.list_version, leaser=home.read_secret(LEASE_KEY)
        )
        mirror.trust.add(1, {LEASE_DOCUMENT: lease}, again=True)


def test_a_site_that_is_cut_off_refuses_when_its_lease_ends(
    sites: LocalFederation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = publish(sites, draft(tmp_path / "counts", "return {'n': sum(1 for _ in frames)}", name="counts")).schema
    with sites.connect(site="site-a") as repo:
        record = deposit_adk(repo)
        replicate(repo, record.accession, "site-c")
    request = call_request(record.accession, TRAJECTORY, method.name, version=method.version)
    with sites.connect(site="site-c") as repo:
        until(lambda: repo.whoami() and "counts" in repo[record.accession][TRAJECTORY].methods)

    # The site reads a copy of the catalog from now on. As long as nobody knows better, it goes on beyond its lease.
    site, url = sites["site-c"], mirror_of(sites)
    settings = site.home / "site.toml"
    shared = SiteHome(site.home).read_settings().catalog
    site.stop()
    settings.write_text(settings.read_text().replace(shared, url))
    near_its_end(SiteHome(site.home), url, monkeypatch)
    sites.start("site-c")
    with sites.connect(site="site-c") as repo:
        answer = repo[record.accession][TRAJECTORY].counts()
        assert (answer.n, answer.site) == (98, "site-c")
        operation = answer.provenance.operation

    # The method is revoked where the others look. They refuse at once; who is cut off, when its lease ends.
    with open_administration(sites.home) as administration:
        administration.trust.set_state(method.name, method.version, MethodState.REVOKED, "it is wrong")
    site.stop()
    near_its_end(SiteHome(site.home), url, monkeypatch)
    sites.start("site-c")
    for name in ("site-a", "site-b"):
        with raw_client(sites, name, sites.token("alice")) as client:
            assert isinstance(error_of(client.calls.Call, request), MethodNotTrustedError)

    def refusal() -> FomrepoError | None:
        with raw_client(sites, "site-c", sites.token("alice")) as client:
            try:
                client.calls.Call(request)
            except grpc.RpcError as error:
                return error_from_rpc(error, address="site-c")
        return None

    until(refusal)
    error, before = refusal(), runs(sites)
    assert isinstance(error, SiteError)
    assert "another site knows a newer list of methods" in error.message
    assert "site.toml" in str(error.remedy)
    with raw_client(sites, "site-c", sites.token("alice")) as client:  # what is kept is not given out either
        for ask, kept in (
            (client.calls.Wait, calls_pb2.WaitRequest(operation=operation)),
            (client.calls.ReadResult, calls_pb2.ReadResultRequest(operation=operation)),
        ):
            assert isinstance(error_of(ask, kept), SiteError)
    assert runs(sites) == before
    with sites.connect(site="site-c") as repo:  # what is no method goes on
        assert [one.accession for one in repo.records()] == [record.accession]

    # Connected again, it knows what happened.
    site.stop()
    settings.write_text(settings.read_text().replace(url, shared))
    sites.start("site-c")
    error = refusal()
    assert isinstance(error, MethodNotTrustedError)
    assert "it is wrong" in error.message
