"""The main job with three sites on one PostgreSQL, and catalogs of another revision."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from MDAnalysisTests.datafiles import DCD2
from sqlalchemy import make_url

from fomrepo.client.repository import Repository
from fomrepo.errors import ArgumentError, NotFoundError, SiteError
from fomrepo.testing import LocalFederation
from fomrepo.wire.v1 import calls_pb2, deposits_pb2, files_pb2
from tests.federation.raw import call_request, error_of, raw_client
from tests.federation.records import TOPOLOGY, TRAJECTORY, deposit_adk, object_path, replicate, runs, spoil
from tests.postgres_server import running_postgres


@pytest.fixture(scope="module")
def on_postgresql(
    postgresql_binaries: Path, bubblewrap: Path, open_folder: Callable[[], Path]
) -> Iterator[LocalFederation]:
    """Three sites with their catalog in a PostgreSQL server of the tests' own."""
    with running_postgres(postgresql_binaries) as server:
        url = server.new_database()
        Path(str(make_url(url).query["host"])).chmod(0o755)  # the sites are another user than the server
        with LocalFederation(open_folder(), catalog=url, slots=2) as started:
            yield started


@pytest.fixture
def repo(on_postgresql: LocalFederation, user: str) -> Iterator[Repository]:
    """Return the new user's client at site-a."""
    with on_postgresql.connect(user, site="site-a") as connected:
        yield connected


def test_the_main_job(on_postgresql: LocalFederation, repo: Repository, user: str, stranger: str) -> None:
    federation = on_postgresql
    with federation.connect(user, site="site-b") as at_b:
        accession = deposit_adk(at_b).accession
    traj = repo[accession][TRAJECTORY]
    first = traj.rmsd(select="name CA")
    assert (first.site, first.cached, first.rmsd.shape) == ("site-b", False, (98,))
    before = runs(federation)
    again = traj.rmsd(select="name CA")
    assert (again.cached, runs(federation)) == (True, before)
    np.testing.assert_array_equal(again.rmsd, first.rmsd)

    with federation.connect(stranger) as theirs, pytest.raises(NotFoundError):
        theirs[accession]

    replicate(repo, accession, "site-c")
    spoil(object_path(federation, "site-b", traj.sha256))
    mended = traj.rmsd(select="name CA")
    assert (mended.site, mended.cached) == ("site-c", False)
    np.testing.assert_array_equal(mended.rmsd, first.rmsd)

    federation["site-b"].kill()
    elsewhere = traj.rmsd(select="name CB")
    assert elsewhere.site == "site-c"
    federation.start("site-b")

    with federation.connect(user, site="site-c") as at_c:
        deposit_adk(at_c, path=DCD2, title="Another path", new_version_of=accession)
    assert repo[accession][TRAJECTORY].rmsd(select="name CA").rmsd.shape == (102,)
    assert repo[f"{accession}.v1"][TRAJECTORY].rmsd(select="name CA").cached


def test_a_character_that_postgresql_cannot_hold_is_the_sender_s_mistake(
    on_postgresql: LocalFederation, repo: Repository, user: str
) -> None:
    nul = "a\0b"
    with raw_client(on_postgresql, "site-a", on_postgresql.token(user)) as client:
        for send, request in (
            (client.files.ReadFile, files_pb2.ReadFileRequest(record="FOM-100000", name=nul)),
            (client.files.ListRecords, files_pb2.ListRecordsRequest(limit=1, after=nul)),
            (client.calls.Call, call_request("FOM-100000", TRAJECTORY, nul)),
            (client.calls.Call, call_request("FOM-100000", nul)),
            (client.calls.Wait, calls_pb2.WaitRequest(operation=nul)),
            (client.calls.Cancel, calls_pb2.CancelRequest(operation=nul)),
            (client.deposits.Complete, deposits_pb2.CompleteDepositRequest(deposit=nul)),
        ):
            assert isinstance(error_of(send, request), ArgumentError), request
        chunks = iter([deposits_pb2.UploadChunk(deposit=nul, name=TOPOLOGY, data=b"x")])
        assert isinstance(error_of(client.deposits.Upload, chunks), ArgumentError)
    assert repo.whoami().name == user


@pytest.mark.parametrize(("revision", "remedy"), [("0001", "fomrepo catalog upgrade"), ("9999", "install the version")])
def test_a_site_does_not_start_on_a_catalog_of_another_revision(
    bubblewrap: Path, open_folder: Callable[[], Path], revision: str, remedy: str
) -> None:
    federation = LocalFederation(open_folder(), sites=("site-a",))
    catalog = sqlite3.connect(federation.home / "catalog" / "catalog.db")
    catalog.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    catalog.commit()
    catalog.close()
    with pytest.raises(SiteError, match=f"(?s)schema revision {revision}.*{remedy}") as caught:
        federation.start("site-a")
    assert "Traceback" not in caught.value.message
    federation.stop()
