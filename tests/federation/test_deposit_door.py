"""Files that are handed over at the door of a site on this machine: whose they are, and what goes over the wire."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import fomrepo.client.deposit_door
from fomrepo.client.deposit import DepositProgress
from fomrepo.client.repository import Repository
from fomrepo.errors import ArgumentError, ConflictError, FomrepoError, NotAuthenticatedError, NotFoundError
from fomrepo.model.canonical import new_id
from fomrepo.testing import LocalFederation
from fomrepo.wire.door import receive_message, send_message
from fomrepo.wire.failures import failure_from_wire
from fomrepo.wire.v1 import deposits_pb2, failures_pb2
from tests.federation.raw import raw_client
from tests.federation.records import TOPOLOGY, adk_files

TITLE = "Handed over"


def ways(repo: Repository, paths: tuple[Path, ...], *, wire: bool = False) -> set[str]:
    """Deposit files; returns the ways that they took."""
    told: list[DepositProgress] = []
    record = repo.deposit(*paths, title=TITLE, progress=told.append, wire=wire)
    for path in paths:
        assert record[path.name].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    return {one.way for one in told if one.way}


def test_files_are_handed_over_where_the_site_is_on_this_machine(repo: Repository, tmp_path: Path) -> None:
    assert ways(repo, adk_files(tmp_path)) == {"door"}


def test_files_go_over_the_wire_where_that_is_wished(repo: Repository, tmp_path: Path) -> None:
    assert ways(repo, adk_files(tmp_path), wire=True) == {"wire"}


def test_a_site_tells_machines_apart(repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fomrepo.client.deposit_door, "this_machine", lambda: "another one")
    assert ways(repo, adk_files(tmp_path)) == {"wire"}


def test_what_the_door_does_not_take_goes_over_the_wire(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def opened_for_writing(path: Path) -> Iterator[int]:
        descriptor = os.open(path, os.O_RDWR)
        yield descriptor
        os.close(descriptor)

    monkeypatch.setattr(fomrepo.client.deposit_door, "opened_under_lease", opened_for_writing)
    assert ways(repo, adk_files(tmp_path)) == {"wire"}


def test_a_file_that_is_being_written_is_not_taken(repo: Repository, tmp_path: Path) -> None:
    paths = adk_files(tmp_path)
    with paths[1].open("ab"), pytest.raises(ConflictError, match="open for writing") as caught:
        repo.deposit(*paths, title=TITLE)
    assert caught.value.facts["reason"] == "being_written"
    assert ways(repo, paths) == {"door"}


def handed(federation: LocalFederation, token: str, deposit: str, path: Path) -> FomrepoError:
    """Hand a file over as somebody who may not; returns what is said."""
    with socket.socket(socket.AF_UNIX) as door, path.open("rb") as stream:
        door.connect(str(federation["site-a"].home / "door.sock"))
        wanted = {"protocol": 1, "do": "copy", "token": token, "deposit": deposit, "name": path.name}
        send_message(door, wanted, descriptor=stream.fileno())
        told = receive_message(door)[0]
    return failure_from_wire(failures_pb2.Failure.FromString(base64.b64decode(told["failure"])))


def test_nothing_is_handed_over_for_another(
    federation: LocalFederation, user: str, stranger: str, tmp_path: Path
) -> None:
    psf, _ = adk_files(tmp_path)
    request = deposits_pb2.BeginDepositRequest(
        idempotency_key=new_id(),
        title=TITLE,
        files=[deposits_pb2.FileToCome(name=TOPOLOGY, size=psf.stat().st_size)],
    )
    with raw_client(federation, "site-a", federation.token(user)) as client:
        theirs, absent = client.deposits.Begin(request).id, new_id()
        answers = [handed(federation, federation.token(stranger), deposit, psf) for deposit in (theirs, absent)]
        assert [type(one) for one in answers] == [NotFoundError, NotFoundError]
        assert answers[0].message == answers[1].message.replace(absent, theirs)
        assert isinstance(handed(federation, "fom_nobody", theirs, psf), NotAuthenticatedError)
        assert isinstance(handed(federation, federation.token(user), "", psf), NotFoundError | ArgumentError)
        asked = deposits_pb2.CompleteDepositRequest(deposit=theirs)
        assert [one.received for one in client.deposits.Get(asked).uploads] == [0]
