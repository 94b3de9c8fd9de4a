"""Private by default: what is another's does not exist, and nothing tells it from what does not exist at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import grpc
import pytest

from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.errors import NotAuthenticatedError, NotFoundError
from fomrepo.model.canonical import new_id
from fomrepo.model.people import new_token
from fomrepo.site.administration import open_administration
from fomrepo.testing import LocalFederation
from fomrepo.wire.v1 import calls_pb2, deposits_pb2, failures_pb2, files_pb2, methods_pb2, sites_pb2
from tests.federation.raw import RawClient, call_request, error_of, raw_client, refused, said
from tests.federation.records import TRAJECTORY, deposit_adk

#: An accession that nobody has: the draws have six digits.
ABSENT = "FOM-900000000000"

#: For each way to ask, the request that names a record.
ASKED: dict[str, Callable[[RawClient, str], tuple[Callable[..., object], object]]] = {
    "GetRecord": lambda c, r: (c.files.GetRecord, files_pb2.GetRecordRequest(record=r)),
    "ListReplicas": lambda c, r: (c.files.ListReplicas, files_pb2.GetRecordRequest(record=r)),
    "ReadFile": lambda c, r: (c.files.ReadFile, files_pb2.ReadFileRequest(record=r, name=TRAJECTORY)),
    "Replicate": lambda c, r: (c.files.Replicate, files_pb2.ReplicateRequest(record=r, to_site="site-c")),
    "Call": lambda c, r: (c.calls.Call, call_request(r, TRAJECTORY)),
    "Begin": lambda c, r: (
        c.deposits.Begin,
        deposits_pb2.BeginDepositRequest(
            idempotency_key=new_id(),
            title="A version of another's record",
            new_version_of=r,
            files=[deposits_pb2.FileToCome(name="adk.psf", size=1)],
        ),
    ),
}


@pytest.fixture
def outsider(federation: LocalFederation, stranger: str) -> Iterator[RawClient]:
    with raw_client(federation, "site-a", federation.token(stranger)) as client:
        yield client


@pytest.mark.parametrize("way", ASKED)
def test_a_record_of_another_fails_exactly_as_one_that_is_not_there(outsider: RawClient, adk: Record, way: str) -> None:
    absent = said(refused(*ASKED[way](outsider, ABSENT)))
    forbidden = said(refused(*ASKED[way](outsider, adk.accession)))
    assert forbidden == _renamed(absent, ABSENT, adk.accession)
    assert absent[0] is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("way", ASKED)
def test_the_same_holds_at_a_site_without_a_copy(
    federation: LocalFederation, adk: Record, stranger: str, way: str
) -> None:
    with raw_client(federation, "site-c", federation.token(stranger)) as client:
        absent = said(refused(*ASKED[way](client, ABSENT)))
        assert said(refused(*ASKED[way](client, adk.accession))) == _renamed(absent, ABSENT, adk.accession)


def test_a_path_of_another_fails_exactly_as_one_that_is_not_there(outsider: RawClient, adk: Record) -> None:
    absent = f"/{adk.project}/{'x' * len(adk.path.rpartition('/')[2])}"
    tried = [said(refused(*ASKED["GetRecord"](outsider, one))) for one in (absent, adk.path)]
    assert tried[1] == _renamed(tried[0], absent, adk.path)


def test_a_draft_cannot_look_at_a_record_of_another(outsider: RawClient, adk: Record) -> None:
    def tried(record: str) -> tuple[object, ...]:
        request = calls_pb2.TryDraftRequest(call=call_request(record, TRAJECTORY))
        request.bundle.files.add(path="method.toml", content=DRAFT)
        request.bundle.files.add(path="n.py", content=b"def n(universe, frames):\n    return {'n': 1}\n")
        return said(refused(outsider.calls.TryDraft, request))

    assert tried(adk.accession) == _renamed(tried(ABSENT), ABSENT, adk.accession)


def test_a_listing_holds_what_the_caller_may_see(federation: LocalFederation, adk: Record, stranger: str) -> None:
    with federation.connect(stranger) as connected:
        assert list(connected.records()) == []
        assert connected.whoami().projects == (stranger,)
    with federation.connect("alice", site="site-c") as connected:
        assert adk.accession in [one.accession for one in connected.records()]


@pytest.mark.parametrize("verb", ["Wait", "Cancel", "ReadResult"])
def test_an_operation_of_another_fails_exactly_as_one_that_is_not_there(
    outsider: RawClient, adk: Record, owner: Repository, verb: str
) -> None:
    theirs = owner[adk.accession][TRAJECTORY].radius_of_gyration(stop=1).operation
    absent = new_id()
    kind = {"Wait": calls_pb2.WaitRequest, "Cancel": calls_pb2.CancelRequest, "ReadResult": calls_pb2.ReadResultRequest}
    send = getattr(outsider.calls, verb)
    answers = [said(refused(send, kind[verb](operation=one))) for one in (absent, theirs)]
    assert answers[1] == _renamed(answers[0], absent, theirs)


@pytest.mark.parametrize("verb", ["Complete", "Abandon"])
def test_a_deposit_of_another_fails_exactly_as_one_that_is_not_there(
    federation: LocalFederation, outsider: RawClient, user: str, verb: str
) -> None:
    with raw_client(federation, "site-a", federation.token(user)) as client:
        request = deposits_pb2.BeginDepositRequest(
            idempotency_key=new_id(),
            title="A draft of mine",
            files=[deposits_pb2.FileToCome(name="adk.psf", size=10)],
        )
        theirs = client.deposits.Begin(request).id
    absent = new_id()
    answers = [
        said(refused(getattr(outsider.deposits, verb), deposits_pb2.CompleteDepositRequest(deposit=one)))
        for one in (absent, theirs)
    ]
    assert answers[1] == _renamed(answers[0], absent, theirs)
    chunks = [[deposits_pb2.UploadChunk(deposit=one, name="adk.psf", data=b"x")] for one in (absent, theirs)]
    answers = [said(refused(outsider.deposits.Upload, iter(one))) for one in chunks]
    assert answers[1] == _renamed(answers[0], absent, theirs)


def test_a_project_of_another_takes_no_deposit(outsider: RawClient, adk: Record) -> None:
    def tried(project: str) -> tuple[object, ...]:
        request = deposits_pb2.BeginDepositRequest(
            idempotency_key=new_id(),
            title="Into a project of others",
            project=project,
            files=[deposits_pb2.FileToCome(name="adk.psf", size=1)],
        )
        return said(refused(outsider.deposits.Begin, request))

    assert tried(adk.project) == _renamed(tried("xxxxx"), "xxxxx", adk.project)


def test_members_of_a_project_see_its_records_until_they_leave(
    federation: LocalFederation, user: str, stranger: str
) -> None:
    federation.token(user), federation.token(stranger)
    with open_administration(federation.home) as administration:
        administration.catalog.people.add_project(f"shared-{user}", members=[user])
    with federation.connect(user) as mine, federation.connect(stranger, site="site-b") as theirs:
        record = deposit_adk(mine, title="Shared", project=f"shared-{user}")
        with pytest.raises(NotFoundError):
            theirs[record.accession]
        with open_administration(federation.home) as administration:
            administration.catalog.people.add_member(f"shared-{user}", stranger)
        assert theirs[f"/shared-{user}/shared"][TRAJECTORY].info().n_atoms == 3341
        with open_administration(federation.home) as administration:
            administration.catalog.people.remove_member(f"shared-{user}", stranger)
        with pytest.raises(NotFoundError):
            theirs[record.accession]
        assert [one.accession for one in mine.records()] == [record.accession]


# --- who asks ---------------------------------------------------------------------------------------------------------


def test_every_request_needs_a_token(federation: LocalFederation) -> None:
    with raw_client(federation, "site-a", None) as client:
        requests = [
            *(ask(client, "FOM-100000") for ask in ASKED.values()),
            (client.files.ListRecords, files_pb2.ListRecordsRequest()),
            (client.methods.ListMethods, methods_pb2.ListMethodsRequest()),
            (client.sites.WhoAmI, sites_pb2.WhoAmIRequest()),
            (client.sites.ListSites, sites_pb2.ListSitesRequest()),
            (client.calls.TryDraft, calls_pb2.TryDraftRequest()),
            (client.calls.Wait, calls_pb2.WaitRequest()),
            (client.calls.Cancel, calls_pb2.CancelRequest()),
            (client.calls.ReadResult, calls_pb2.ReadResultRequest()),
            (client.deposits.Upload, iter([deposits_pb2.UploadChunk()])),
            (client.deposits.Door, deposits_pb2.DoorRequest()),
            (client.deposits.Complete, deposits_pb2.CompleteDepositRequest()),
            (client.deposits.Abandon, deposits_pb2.CompleteDepositRequest()),
        ]
        for send, request in requests:
            assert isinstance(error_of(send, request), NotAuthenticatedError), request


def test_bad_tokens_fail_alike(federation: LocalFederation, user: str) -> None:
    good = federation.token(user)
    with open_administration(federation.home) as administration:
        expired = administration.new_token(user, days=-1)
        revoked = administration.new_token(user)
        handle = revoked.split("_")[1]
        administration.catalog.people.revoke_token(handle, time.time())
    unknown, *_ = new_token()
    altered = good[:-1] + ("A" if good[-1] != "A" else "B")
    answers = set()
    for token in (expired, revoked, unknown, altered, "fom_", "x" * 5000, good + "x"):
        with raw_client(federation, "site-b", token) as client:
            answers.add(said(refused(client.sites.WhoAmI, sites_pb2.WhoAmIRequest())))
    assert len(answers) == 1
    assert next(iter(answers))[0] is grpc.StatusCode.UNAUTHENTICATED


def test_a_token_ends_while_its_holder_is_connected(federation: LocalFederation, user: str) -> None:
    with federation.connect(user) as connected:
        assert connected.whoami().name == user
        with open_administration(federation.home) as administration:
            administration.catalog.people.revoke_token(federation.token(user).split("_")[1], time.time())
        with pytest.raises(NotAuthenticatedError, match="unknown, expired or revoked") as caught:
            connected.whoami()
    assert "fomrepo login" in str(caught.value.remedy)


def test_tokens_are_kept_nowhere(federation: LocalFederation, user: str) -> None:
    secret = federation.token(user).encode()
    with federation.connect(user) as connected:
        connected.whoami()
    for site in federation.sites.values():
        files = [path for path in site.home.rglob("*") if path.is_file() and "objects" not in path.parts]
        assert files
        assert not [path for path in files if secret in path.read_bytes()]


def _renamed(answer: tuple[object, ...], name: str, other: str) -> tuple[object, ...]:
    """Answer that would have come, byte for byte, if another name had been asked for."""
    code, details, failure = answer
    message = failures_pb2.Failure.FromString(failure)
    message.message = message.message.replace(name, other)
    message.remedy = message.remedy.replace(name, other)
    return code, str(details).replace(name, other), message.SerializeToString()


DRAFT = b"""
name = "n"
version = "0.1.0"
summary = "One"
entry = "n:n"
environment = "mdanalysis"
[inputs]
universe = "trajectory"
[result]
type = "Scalar"
[result.fields.n]
dtype = "int64"
dims = []
"""
