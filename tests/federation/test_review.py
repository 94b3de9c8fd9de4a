"""The road of a method from its author through the gate and the reviewers to everybody, at real sites."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fomrepo.client.bundle_folder import read_folder
from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.errors import (
    ArgumentError,
    BundleRefusedError,
    ConflictError,
    MethodNotTrustedError,
    NotAllowedError,
    NotFoundError,
)
from fomrepo.isolation.environment import default_environments_folder
from fomrepo.model.canonical import new_id, sha256_hex
from fomrepo.model.differences import file_differences, schema_differences
from fomrepo.model.operations import MethodRef
from fomrepo.model.statements import Approval, ReviewStatement
from fomrepo.model.submissions import ReviewPolicy, Submission, SubmissionState
from fomrepo.model.trust import TrustPolicy
from fomrepo.site.administration import open_administration
from fomrepo.site.gate import find_or_build_samples
from fomrepo.site.trust import approve, new_key
from fomrepo.testing import LocalFederation
from fomrepo.wire.review import approval_to_wire
from fomrepo.wire.v1 import calls_pb2, review_pb2
from tests.count_bundle import CASE, CODE, METHOD, count_bundle, write_bundle
from tests.federation.conftest import OWNER
from tests.federation.raw import RawClient, call_request, error_of, raw_client, refused, said
from tests.federation.records import TRAJECTORY, until

Written = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def samples() -> None:
    find_or_build_samples(default_environments_folder())


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Return what writes a bundle; a file of content None is left out."""

    def write(name: str = "count", version: str = "1.0.0", **files: str | None) -> Path:
        return write_bundle(Path(tempfile.mkdtemp(dir=tmp_path)), name, version, **files)

    return write


class Reviewer:
    """Somebody who reviews, with a key of their own."""

    def __init__(self, federation: LocalFederation, name: str, *, site: str) -> None:
        self.name, self.repo = name, federation.connect(name, site=site)
        self._private, public = new_key()
        with open_administration(federation.home) as administration:
            principal = administration.catalog.people.principal(name)
            assert principal is not None
            administration.catalog.reviewers.add(name)
            self.key_id = administration.catalog.keys.publish(principal.id, public, label="a test's")
            administration.trust.accept_key(self.key_id)

    def sign(self, statement: ReviewStatement) -> Approval:
        return approve(statement, self._private)

    def approve(self, submission: str) -> Submission:
        return self.repo.submissions.approve(self.repo.submissions.papers(submission), self.name, self.sign)


@pytest.fixture(scope="session")
def rita(federation: LocalFederation) -> Iterator[Reviewer]:
    reviewer = Reviewer(federation, "rita", site="site-a")
    with reviewer.repo:
        yield reviewer


def through_the_gate(repo: Repository, folder: Path) -> Submission:
    submission = repo.submissions.checked(repo.submissions.submit(folder).id)
    assert submission.state is SubmissionState.IN_REVIEW, (submission.reason, submission.trouble)
    return submission


def in_review(federation: LocalFederation, author: str, folder: Path) -> str:
    """Submit a bundle and take the gate's word for it, which other tests look at; returns the submission's id."""
    bundle = read_folder(folder)
    with open_administration(federation.home) as administration:
        catalog = administration.catalog
        principal = catalog.people.principal(author)
        assert principal is not None
        submission = catalog.submissions.begin(principal.id, bundle, site="site-c")
        catalog.submissions.check(submission.id)
        catalog.submissions.checked(submission.id, refusal="", report="", environment_digest="e" * 64)
    return submission.id


# --- the road -------------------------------------------------------------------------------------------------------


def test_the_road_to_publication(
    federation: LocalFederation, repo: Repository, adk: Record, rita: Reviewer, written: Written
) -> None:
    submission = through_the_gate(repo, written("count_roads"))
    assert [one.id for one in rita.repo.submissions.to_review() if one.id == submission.id] == [submission.id]
    papers = rita.repo.submissions.papers(submission.id)
    assert papers.report is not None
    assert [one.name for one in papers.report.cases] == ["tests/adk.toml"]
    assert papers.report.passed
    assert sha256_hex(papers.environment_lock.encode()) == submission.environment_digest
    assert (papers.previous, papers.policy.approvals, papers.bundle.files["count.py"]) == (None, 1, CODE.encode())
    rita.repo.submissions.comment(submission.id, "The reference is the topology itself.")
    assert rita.approve(submission.id).state is SubmissionState.PUBLISHED
    with federation.connect(OWNER, site="site-c") as anybody:
        until(lambda: "count_roads" in [one.schema.name for one in anybody.methods()])
        result = anybody[adk.accession][TRAJECTORY].count_roads()
    assert (result.n, result.provenance.method_digest) == (3341, submission.bundle_digest)
    after = repo.submissions.papers(submission.id)
    assert [one.statement.reviewer for one in after.approvals] == ["rita"]
    assert [(one.what, one.text) for one in after.events if one.who == "rita"] == [
        ("commented", "The reference is the topology itself."),
        ("signed", ""),
    ]


def test_the_same_bundle_again_is_the_same_submission_at_every_site(
    federation: LocalFederation, repo: Repository, user: str, written: Written
) -> None:
    first = in_review(federation, user, written("count_again"))
    assert repo.submissions.submit(written("count_again")).id == first
    with federation.connect(user, site="site-b") as elsewhere:
        assert elsewhere.submissions.submit(written("count_again")).id == first


@pytest.fixture(scope="module")
def pair(bubblewrap: Path, open_folder: Callable[[], Path]) -> Iterator[LocalFederation]:
    """Two sites that may be killed, with a root that may be changed."""
    with LocalFederation(open_folder(), ("one", "two"), slots=1) as started:
        yield started


def test_a_submission_that_a_killed_site_had_taken_goes_on_at_its_start(
    pair: LocalFederation, written: Written
) -> None:
    with pair.connect("ada", site="two") as repo:
        submission = repo.submissions.submit(written())
        pair["two"].kill()
    with open_administration(pair.home) as administration:
        assert administration.catalog.submissions.to_check("two") == (submission.id,)
    pair.start("two")
    with pair.connect("ada", site="two") as repo:
        assert repo.submissions.checked(submission.id).state is SubmissionState.IN_REVIEW


def test_a_policy_that_asks_for_more_holds_for_what_is_in_review(pair: LocalFederation, written: Written) -> None:
    bob, cyd = (Reviewer(pair, name, site="one") for name in ("bob", "cyd"))
    with bob.repo, cyd.repo, pair.connect("ada", site="one") as repo:
        submission = through_the_gate(repo, written("count_waits"))
        with open_administration(pair.home) as administration:
            administration.trust.set_policy(TrustPolicy(approvals=2))
        assert bob.approve(submission.id).state is SubmissionState.IN_REVIEW
        assert cyd.approve(submission.id).state is SubmissionState.PUBLISHED


def test_another_site_takes_a_submission_over_whose_site_is_lost(pair: LocalFederation, written: Written) -> None:
    with pair.connect("ada", site="one") as repo, pair.connect("ada", site="two") as elsewhere:
        submission = elsewhere.submissions.submit(written("count_lost"))
        pair["two"].kill()
        found = repo.submissions.checked(submission.id)
        assert (found.state, found.site) == (SubmissionState.IN_REVIEW, "one")


def test_a_method_that_lost_its_signature_runs_again_when_somebody_else_signs(
    federation: LocalFederation, repo: Repository, rita: Reviewer, written: Written
) -> None:
    rex = Reviewer(federation, "rex", site="site-a")
    submission = through_the_gate(repo, written("count_resigned"))
    with rex.repo:
        assert rex.approve(submission.id).state is SubmissionState.PUBLISHED
    key = MethodRef("count_resigned", "1.0.0")
    until(lambda: repo.whoami() and str(key) in [f"{one.schema.name} {one.schema.version}" for one in repo.methods()])
    with open_administration(federation.home) as administration:
        assert administration.trust.revoke_key(rex.key_id)[1] == (str(key),)
    (waits,) = [one for one in rita.repo.submissions.to_review() if one.id == submission.id]
    assert (
        "0 valid signatures of reviewers, and this federation asks for 1; the key of rex was revoked" in waits.trouble
    )
    signed = rita.approve(submission.id)
    assert (signed.state, signed.trouble) == (SubmissionState.PUBLISHED, "")
    assert submission.id not in [one.id for one in rita.repo.submissions.to_review()]
    repo.whoami()
    assert repo.method(key.name, key.version).digest == submission.bundle_digest


def test_a_reviewer_sees_what_changed(
    federation: LocalFederation, repo: Repository, user: str, rita: Reviewer, written: Written
) -> None:
    first = in_review(federation, user, written("count_changes"))
    rita.approve(first)
    later = written("count_changes", "1.1.0", **{"count.py": CODE.replace("'n':", "'n': 1 *")})
    second = in_review(federation, user, later)
    papers = rita.repo.submissions.papers(second)
    assert papers.previous is not None
    assert papers.previous.schema.version == "1.0.0"
    assert list(schema_differences(papers.bundle, papers.previous)) == ["version: '1.0.0' -> '1.1.0'"]
    changed = list(file_differences(papers.bundle, papers.previous))
    assert [one for one in changed if one.startswith(("+", "-")) and "return" in one] == [
        "-    return {'n': universe.atoms.n_atoms}",
        "+    return {'n': 1 * universe.atoms.n_atoms}",
    ]


# --- private by default ---------------------------------------------------------------------------------------------

ASKED: dict[str, Callable[[RawClient, str], tuple[Callable[..., object], object]]] = {
    "GetSubmission": lambda c, s: (c.review.GetSubmission, review_pb2.GetSubmissionRequest(id=s)),
    "ReadPapers": lambda c, s: (c.review.ReadPapers, review_pb2.PapersRequest(id=s)),
    "Withdraw": lambda c, s: (c.review.Withdraw, review_pb2.WithdrawRequest(id=s)),
    "Comment": lambda c, s: (c.review.Comment, review_pb2.RemarkRequest(id=s, text="hello")),
    "Reject": lambda c, s: (c.review.Reject, review_pb2.RemarkRequest(id=s, text="no")),
    "Approve": lambda c, s: (c.review.Approve, review_pb2.ApproveRequest(id=s, approval=SOME_APPROVAL)),
}
SOME_APPROVAL = approval_to_wire(
    Approval(ReviewStatement("n", "1.0.0", "b", "s", "e", "d", "author", "reviewer", 1), "k", b"signature")
)


@pytest.mark.parametrize("way", ASKED)
def test_a_submission_of_another_fails_exactly_as_one_that_is_not_there(
    federation: LocalFederation, repo: Repository, user: str, stranger: str, written: Written, way: str
) -> None:
    theirs, absent = in_review(federation, user, written()), new_id()
    with raw_client(federation, "site-a", federation.token(stranger)) as outsider:
        forbidden = said(refused(*ASKED[way](outsider, theirs)))
        missing = said(refused(*ASKED[way](outsider, absent)))
        assert outsider.review.ListSubmissions(review_pb2.ListSubmissionsRequest(to_review=True)).submissions == []
    assert repr(forbidden) == repr(missing).replace(absent, theirs)


# --- bad input ------------------------------------------------------------------------------------------------------


def test_what_is_wrong_in_a_bundle_is_said_with_the_line_before_anything_is_sent(
    repo: Repository, written: Written
) -> None:
    wrong = {
        "method.toml, line 14.*'int65'": {"method.toml": METHOD.replace("64", "65")},
        "no golden case": {"tests/adk.toml": None},
        "tests/adk.toml, line 3.*'m'": {"tests/adk.toml": CASE.replace('field = "n"', 'field = "m"')},
    }
    before = repo._connection.requests_sent
    for number, (told, files) in enumerate(wrong.items()):
        with pytest.raises(BundleRefusedError, match=told) as error:
            repo.submissions.submit(written("count", f"1.0.{number}", **files))
        assert error.value.remedy
    assert repo._connection.requests_sent == before


@pytest.mark.parametrize(
    ("told", "files"),
    [
        ("method.toml, line 14: .*int65", {"method.toml": METHOD.replace("64", "65")}),
        ("no golden case", {"tests/adk.toml": None}),
        ("expect.1.field", {"tests/adk.toml": CASE.replace('field = "n"', 'field = "m"')}),
        ("a file '../evil.py'", {"../evil.py": "x = 1"}),
        ("a file '/etc/passwd'", {"/etc/passwd": "x"}),
        ("1048576 are allowed", {f"big_{n}.txt": "0" * 300_000 for n in range(4)}),
        ("105 files, 100 are allowed", {f"data/{n}.txt": "" for n in range(101)}),
    ],
    ids=["schema", "no test", "undeclared field", "climbing", "absolute", "too large", "too many"],
)
def test_a_site_believes_no_client(
    federation: LocalFederation, user: str, repo: Repository, told: str, files: dict[str, str | None]
) -> None:
    request = review_pb2.SubmitRequest()
    for path, text in count_bundle(**files).items():
        request.bundle.files.add(path=path, content=text.encode())
    with raw_client(federation, "site-a", federation.token(user)) as client:
        error = error_of(client.review.Submit, request)
    assert isinstance(error, BundleRefusedError)
    assert re.search(told, error.message), error.message
    assert error.remedy
    assert repo.submissions.mine() == []


NETWORK = "PermissionError: [Errno 1] Operation not permitted in the method: count.py, line 3, in count"
UNDECLARED = "the method returned 'secret', which method.toml does not declare"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import socket\ndef count(universe, frames):\n    socket.create_connection(('1.1.1.1', 80))\n", NETWORK),
        ("def count(universe, frames):\n    return {'n': 3341, 'secret': 1}\n", UNDECLARED),
    ],
    ids=["network", "undeclared field"],
)
def test_what_fails_in_the_gate_is_rejected_with_its_reason(
    repo: Repository, written: Written, code: str, told: str
) -> None:
    submission = repo.submissions.checked(repo.submissions.submit(written(**{"count.py": code})).id)
    assert submission.state is SubmissionState.REJECTED
    assert told in submission.reason
    report = repo.submissions.papers(submission.id).report
    assert report is not None
    assert not report.passed


def test_a_name_belongs_to_its_first_author(
    federation: LocalFederation, repo: Repository, user: str, stranger: str, rita: Reviewer, written: Written
) -> None:
    rita.approve(in_review(federation, user, written("count_owned")))
    with (
        federation.connect(stranger) as other,
        pytest.raises(ConflictError, match=f"'count_owned' belongs to {user}"),
    ):
        other.submissions.submit(written("count_owned", "2.0.0"))
    with pytest.raises(ConflictError, match=r"count_owned 0\.9\.0 is not above 1\.0\.0"):
        repo.submissions.submit(written("count_owned", "0.9.0"))
    with pytest.raises(ConflictError, match="comes with fomrepo"):
        repo.submissions.submit(written("rmsd", "9.0.0"))


def test_files_that_changed_after_approval_need_another_version(
    federation: LocalFederation, repo: Repository, user: str, written: Written
) -> None:
    first = in_review(federation, user, written("count_later"))
    with pytest.raises(ConflictError, match="with other files") as error:
        repo.submissions.submit(written("count_later", **{"count.py": CODE + "\n# mended\n"}))
    assert f"fomrepo method withdraw {first}" in str(error.value)


def test_an_author_cannot_approve(federation: LocalFederation, rita: Reviewer, written: Written) -> None:
    submission = in_review(federation, "rita", written("count_own"))
    with pytest.raises(NotAllowedError, match="you wrote count_own") as error:
        rita.approve(submission)
    assert "fomrepo reviewer add" in str(error.value)


def test_an_approval_is_of_one_bundle_and_counts_once(
    federation: LocalFederation, repo: Repository, user: str, rita: Reviewer, written: Written
) -> None:
    with open_administration(federation.home) as administration:
        administration.catalog.reviewers.set_policy(ReviewPolicy(approvals=2))
    try:
        first = in_review(federation, user, written("count_once"))
        papers = rita.repo.submissions.papers(first)
        signed: list[Approval] = []

        def sign(statement: ReviewStatement) -> Approval:
            signed.append(rita.sign(statement))
            return signed[-1]

        assert rita.repo.submissions.approve(papers, "rita", sign).state is SubmissionState.IN_REVIEW
        with pytest.raises(ConflictError, match=r"approved count_once 1\.0\.0 already"):
            rita.approve(first)
        second = in_review(federation, user, written("count_once", "1.1.0"))
        other = rita.repo.submissions.papers(second)
        with pytest.raises(ConflictError, match=r"the approval is of version '1\.0\.0'"):
            rita.repo.submissions.approve(other, "rita", lambda _: signed[0])
    finally:
        with open_administration(federation.home) as administration:
            administration.catalog.reviewers.set_policy(ReviewPolicy())


def test_a_signature_that_does_not_hold_is_refused(
    federation: LocalFederation, user: str, repo: Repository, rita: Reviewer, written: Written
) -> None:
    submission = in_review(federation, user, written("count_forged"))
    papers = rita.repo.submissions.papers(submission)

    def flipped(statement: ReviewStatement) -> Approval:
        good = rita.sign(statement)
        return replace(good, signature=good.signature[:-1] + bytes([good.signature[-1] ^ 1]))

    def stale(statement: ReviewStatement) -> Approval:
        return rita.sign(replace(statement, signed=1))

    for sign, told in (
        (flipped, "signature of rita does not hold"),
        (lambda said: replace(rita.sign(said), key_id="0" * 64), "no key that rita may approve with"),
        (lambda said: rita.sign(replace(said, environment_digest="0" * 64)), "is of environment digest"),
        (lambda said: rita.sign(replace(said, reviewer=user)), "is of reviewer"),
        (stale, "not signed lately"),
    ):
        with pytest.raises((ConflictError, MethodNotTrustedError), match=told):
            rita.repo.submissions.approve(papers, "rita", sign)
    assert repo.submissions.get(submission).state is SubmissionState.IN_REVIEW


def test_a_rejected_submission_cannot_be_published(
    federation: LocalFederation, user: str, repo: Repository, rita: Reviewer, written: Written
) -> None:
    submission = in_review(federation, user, written("count_no"))
    rita.repo.submissions.reject(submission, "The unit is missing.")
    with pytest.raises(ConflictError, match=r"rejected \(The unit is missing"):
        rita.approve(submission)
    assert repo.submissions.submit(written("count_no")).reason == "The unit is missing."


@pytest.mark.parametrize("text", ["clear \x1b[2J the screen", "\u202egnihton", "", "x" * 4001])
def test_a_comment_is_plain_text(
    federation: LocalFederation, user: str, repo: Repository, written: Written, text: str
) -> None:
    submission = in_review(federation, user, written())
    with pytest.raises(ArgumentError, match="comment"):
        repo.submissions.comment(submission, text)
    with raw_client(federation, "site-a", federation.token(user)) as client:
        error = error_of(client.review.Comment, review_pb2.RemarkRequest(id=submission, text=text))
    assert isinstance(error, ArgumentError)


# --- methods of one file --------------------------------------------------------------------------------------------


def test_an_attached_method_is_its_owners_until_it_is_reviewed(
    federation: LocalFederation, owner: Repository, adk: Record, stranger: str, rita: Reviewer, written: Written
) -> None:
    federation.token(stranger)
    with open_administration(federation.home) as administration:
        administration.catalog.people.add_member(adk.project, stranger)
    traj = owner[adk.accession][TRAJECTORY]
    method = traj.methods.attach(written("count_here"))
    assert "count_here" in dir(traj)
    assert f"Number of atoms (of this file, by {OWNER}, unreviewed)" in repr(traj.methods)
    result = method()
    assert (result.n, result.provenance.way) == (3341, "cold")
    assert traj.submit.count_here().result().n == 3341
    with federation.connect(stranger, site="site-b") as colleague:
        theirs = colleague[adk.accession]
        assert "count_here" not in list(theirs[TRAJECTORY].methods)
        [submission] = [one for one in owner.submissions.mine() if one.name == "count_here"]
        with raw_client(federation, "site-b", federation.token(stranger)) as client:
            call = call_request(adk.accession, TRAJECTORY)
            request = review_pb2.CallAttachedRequest(submission=submission.id, call=call)
            assert isinstance(error_of(client.review.CallAttached, request), NotFoundError)
        assert rita.repo.submissions.to_review() == [one for one in rita.repo.submissions.to_review() if not one.record]
        submitted = owner.submissions.submit(written("count_here"), file=traj)
        assert submitted.id == submission.id
        assert owner.submissions.checked(submission.id).state is SubmissionState.IN_REVIEW
        assert rita.approve(submission.id).state is SubmissionState.PUBLISHED
        again = colleague[adk.accession][TRAJECTORY]
        assert again.methods["count_here"]().n == 3341
        assert "count_here" not in colleague[adk.accession]["adk.psf"].methods
        assert "count_here" not in [one.schema.name for one in colleague.methods()]
        owner.submissions.withdraw(submission.id)
        assert "count_here" not in colleague[adk.accession][TRAJECTORY].methods


def test_a_method_is_attached_by_who_may_change_the_record(
    federation: LocalFederation, adk: Record, stranger: str, written: Written
) -> None:
    request = review_pb2.SubmitRequest(file=calls_pb2.FileRef(record=adk.accession, name=TRAJECTORY))
    for path, content in read_folder(written("count_there")).files.items():
        request.bundle.files.add(path=path, content=content)
    with raw_client(federation, "site-a", federation.token(stranger)) as client:
        assert isinstance(error_of(client.review.Attach, request), NotFoundError)
