"""Submissions and reviews: what the catalog lets happen, and what the database refuses to whoever writes to it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, insert, text, update
from sqlalchemy.exc import IntegrityError

from fomrepo.catalog import Catalog
from fomrepo.catalog.submission_rows import locked_row, step
from fomrepo.catalog.tables import review_approvals, submissions
from fomrepo.errors import ArgumentError, ConflictError, InternalError, NotAllowedError, NotFoundError
from fomrepo.model.bundle import read_bundle
from fomrepo.model.files import RecordName
from fomrepo.model.methods import Bundle
from fomrepo.model.people import Principal
from fomrepo.model.statements import Approval, ReviewStatement
from fomrepo.model.submissions import TRANSITIONS, ReviewPolicy, Submission, SubmissionState
from tests.catalog.examples import named, publish, record

TOML = """
name = "{name}"
version = "{version}"
summary = "Counts"
entry = "count:count"
environment = "mdanalysis"
[inputs]
universe = "trajectory"
[result]
type = "Scalar"
[result.fields.n]
dtype = "int64"
dims = []
"""

DRAFT, IN_REVIEW, APPROVED, REJECTED, PUBLISHED, WITHDRAWN = (
    SubmissionState.DRAFT,
    SubmissionState.IN_REVIEW,
    SubmissionState.APPROVED,
    SubmissionState.REJECTED,
    SubmissionState.PUBLISHED,
    SubmissionState.WITHDRAWN,
)

#: Shortest way from a draft to each state.
WAYS = {
    "draft": [],
    "withdrawn": ["withdrawn"],
    "checking": ["checking"],
    "in review": ["checking", "in review"],
    "rejected": ["checking", "rejected"],
    "approved": ["checking", "in review", "approved"],
    "published": ["checking", "in review", "approved", "published"],
    "deprecated": ["checking", "in review", "approved", "published", "deprecated"],
    "revoked": ["checking", "in review", "approved", "published", "revoked"],
}


def bundle(name: str = "count", version: str = "1.0.0", *, content: bytes = b"def count(): ...") -> Bundle:
    return read_bundle({"method.toml": TOML.format(name=name, version=version).encode(), "count.py": content})


def approval(submission: Submission, reviewer: Principal, **changed: str) -> Approval:
    facts = {
        "name": submission.name,
        "version": submission.version,
        "bundle_digest": submission.bundle_digest,
        "schema_digest": "s",
        "environment": "mdanalysis",
        "environment_digest": "e",
        "author": submission.author,
        "reviewer": reviewer.name,
    }
    return Approval(ReviewStatement(**(facts | changed), signed=2**33), "key", b"\x00" * 64)  # type: ignore[arg-type]  # texts


def in_review(catalog: Catalog, author: Principal, one: Bundle | None = None) -> Submission:
    submission = catalog.submissions.begin(author.id, one or bundle(), site="site-a")
    catalog.submissions.check(submission.id)
    return catalog.submissions.checked(submission.id, refusal="", report="{}", environment_digest="e")


def approved(catalog: Catalog, author: Principal, reviewer: Principal, one: Bundle | None = None) -> Submission:
    submission = in_review(catalog, author, one)
    return catalog.reviews.approve(submission.id, reviewer.id, approval(submission, reviewer))


def published(catalog: Catalog, author: Principal, reviewer: Principal, one: Bundle | None = None) -> Submission:
    return catalog.reviews.publish(approved(catalog, author, reviewer, one).id)


def by_hand(catalog: Catalog, *statements: object) -> None:
    """Write to the database past every operation of the catalog."""

    def write(connection: Connection) -> None:
        for one in statements:
            connection.execute(one)  # type: ignore[call-overload]  # of several kinds

    catalog._database.write(write)


@pytest.fixture
def ada(catalog: Catalog) -> Principal:
    """Somebody who writes methods, and reviews."""
    ada = catalog.people.add_principal("ada")
    catalog.reviewers.add("ada")
    return ada


@pytest.fixture
def bob(catalog: Catalog) -> Principal:
    """A reviewer."""
    bob = catalog.people.add_principal("bob")
    catalog.reviewers.add("bob")
    return bob


@pytest.fixture
def cyd(catalog: Catalog) -> Principal:
    """Another reviewer."""
    cyd = catalog.people.add_principal("cyd")
    catalog.reviewers.add("cyd")
    return cyd


@pytest.fixture
def eve(catalog: Catalog) -> Principal:
    """Somebody who does not review."""
    return catalog.people.add_principal("eve")


# --- the road -------------------------------------------------------------------------------------------------------


def test_the_road_to_publication(catalog: Catalog, ada: Principal, bob: Principal) -> None:
    submission = catalog.submissions.begin(ada.id, bundle(), site="site-a")
    assert (submission.state, submission.author, submission.site) == (DRAFT, "ada", "site-a")
    assert catalog.submissions.to_check("site-a") == (submission.id,)
    catalog.submissions.check(submission.id)
    catalog.submissions.checked(submission.id, refusal="", report='{"passed":true}', environment_digest="e")
    assert [one.id for one in catalog.reviews.waiting(bob.id)] == [submission.id]
    signed = approval(submission, bob)
    assert catalog.reviews.approve(submission.id, bob.id, signed).state is APPROVED
    assert [one.id for one in catalog.reviews.to_publish()] == [submission.id]
    assert catalog.reviews.signed(submission.id)[1] == (signed,)
    assert catalog.reviews.publish(submission.id).state is PUBLISHED
    *_, events = catalog.submissions.papers(submission.id, ada.id)
    assert [(one.who, one.what) for one in events] == [
        ("ada", "received"),
        ("", "checking"),
        ("", "in review"),
        ("bob", "signed"),
        ("", "approved"),
        ("", "published"),
    ]


def test_the_same_bundle_again_is_the_same_submission(catalog: Catalog, ada: Principal) -> None:
    first = catalog.submissions.begin(ada.id, bundle(), site="site-a")
    assert catalog.submissions.begin(ada.id, bundle(), site="site-b") == first
    assert len(catalog.submissions.of_author(ada.id)) == 1


def test_a_withdrawn_bundle_may_be_submitted_again(catalog: Catalog, ada: Principal) -> None:
    first = catalog.submissions.begin(ada.id, bundle(), site="site-a")
    assert catalog.submissions.withdraw(first.id, ada.id).state is WITHDRAWN
    assert catalog.submissions.begin(ada.id, bundle(), site="site-a").id != first.id


def test_what_the_gate_refuses_is_rejected_with_its_reason(catalog: Catalog, ada: Principal) -> None:
    submission = catalog.submissions.begin(ada.id, bundle(), site="site-a")
    catalog.submissions.check(submission.id)
    catalog.submissions.checked(submission.id, refusal="no test", report="{}", environment_digest="")
    found = catalog.submissions.checked(submission.id, refusal="", report="{}", environment_digest="")
    assert (found.state, found.reason) == (REJECTED, "no test")


# --- who sees what --------------------------------------------------------------------------------------------------


def test_a_submission_is_its_authors_and_the_reviewers(
    catalog: Catalog, ada: Principal, bob: Principal, eve: Principal
) -> None:
    submission = catalog.submissions.begin(eve.id, bundle(), site="site-a")
    with pytest.raises(NotFoundError) as of_draft:
        catalog.submissions.get(submission.id, bob.id)
    catalog.submissions.check(submission.id)
    assert catalog.submissions.get(submission.id, bob.id).state is SubmissionState.CHECKING
    catalog.reviewers.remove("bob")
    with pytest.raises(NotFoundError) as of_retired:
        catalog.submissions.get(submission.id, bob.id)
    with pytest.raises(NotFoundError) as absent:
        catalog.submissions.get("no-such-id", bob.id)
    assert str(of_draft.value) == str(of_retired.value) == str(absent.value).replace("no-such-id", submission.id)


@pytest.mark.parametrize("deed", ["papers", "comment", "approve", "reject", "withdraw"])
def test_a_stranger_finds_no_submission(catalog: Catalog, ada: Principal, eve: Principal, deed: str) -> None:
    submission = in_review(catalog, ada)
    deeds = {
        "papers": lambda: catalog.submissions.papers(submission.id, eve.id),
        "comment": lambda: catalog.submissions.comment(submission.id, eve.id, "hello"),
        "approve": lambda: catalog.reviews.approve(submission.id, eve.id, approval(submission, eve)),
        "reject": lambda: catalog.reviews.reject(submission.id, eve.id, "no"),
        "withdraw": lambda: catalog.submissions.withdraw(submission.id, eve.id),
    }
    with pytest.raises(NotFoundError, match=submission.id):
        deeds[deed]()
    assert catalog.reviews.waiting(eve.id) == ()
    assert catalog.submissions.of_author(eve.id) == ()


# --- the policy -----------------------------------------------------------------------------------------------------


def test_nobody_approves_what_they_wrote(catalog: Catalog, ada: Principal) -> None:
    submission = in_review(catalog, ada)
    with pytest.raises(NotAllowedError, match=r"you wrote count 1\.0\.0") as refused:
        catalog.reviews.approve(submission.id, ada.id, approval(submission, ada))
    assert "fomrepo reviewer add" in str(refused.value)
    with pytest.raises(NotAllowedError, match="you wrote"):
        catalog.reviews.reject(submission.id, ada.id, "no")


def test_nobody_approves_twice(catalog: Catalog, ada: Principal, bob: Principal) -> None:
    catalog.reviewers.set_policy(ReviewPolicy(approvals=2))
    submission = approved(catalog, ada, bob)
    assert submission.state is IN_REVIEW
    with pytest.raises(ConflictError, match=r"approved count 1\.0\.0 already"):
        catalog.reviews.approve(submission.id, bob.id, approval(submission, bob))


def test_two_reviewers_are_needed_where_the_policy_says_so(
    catalog: Catalog, ada: Principal, bob: Principal, cyd: Principal
) -> None:
    catalog.reviewers.set_policy(ReviewPolicy(approvals=2))
    submission = approved(catalog, ada, bob)
    with pytest.raises(ConflictError, match="cannot be published"):
        catalog.reviews.publish(submission.id)
    assert catalog.reviews.approve(submission.id, cyd.id, approval(submission, cyd)).state is APPROVED


def test_two_who_sign_at_once_suffice(catalog: Catalog, ada: Principal, bob: Principal, cyd: Principal) -> None:
    catalog.reviewers.set_policy(ReviewPolicy(approvals=2))
    submission = in_review(catalog, ada)
    with ThreadPoolExecutor(2) as both:
        signing = [
            both.submit(catalog.reviews.approve, submission.id, one.id, approval(submission, one)) for one in (bob, cyd)
        ]
        assert sorted(one.result().state for one in signing) == [APPROVED, IN_REVIEW]


def test_another_institution_is_needed_where_the_policy_says_so(
    catalog: Catalog, ada: Principal, bob: Principal, cyd: Principal
) -> None:
    catalog.reviewers.set_policy(ReviewPolicy(other_institution=True))
    for name in ("ada", "bob"):
        catalog.reviewers.set_institution(name, "Institute of Water")
    submission = approved(catalog, ada, bob)
    assert submission.state is IN_REVIEW
    catalog.reviewers.set_institution("cyd", "Institute of Ice")
    assert catalog.reviews.approve(submission.id, cyd.id, approval(submission, cyd)).state is APPROVED


def test_an_unknown_institution_is_no_other_one(catalog: Catalog, ada: Principal, bob: Principal) -> None:
    catalog.reviewers.set_policy(ReviewPolicy(other_institution=True))
    catalog.reviewers.set_institution("ada", "Institute of Water")
    assert approved(catalog, ada, bob).state is IN_REVIEW


def test_what_was_lacking_is_said_and_an_approval_given_again_counts(
    catalog: Catalog, ada: Principal, bob: Principal
) -> None:
    catalog.reviewers.set_policy(ReviewPolicy(other_institution=True))
    catalog.reviewers.set_institution("bob", "Institute of Ice")
    submission = approved(catalog, ada, bob)
    assert submission.state is IN_REVIEW
    with pytest.raises(ConflictError, match=r"already; it lacks the author's institution.* institution ada"):
        catalog.reviews.approve(submission.id, bob.id, approval(submission, bob))
    catalog.reviewers.set_institution("ada", "Institute of Ice")
    with pytest.raises(ConflictError, match="it lacks a reviewer of another institution than 'Institute of Ice'"):
        catalog.reviews.approve(submission.id, bob.id, approval(submission, bob))
    catalog.reviewers.set_institution("ada", "Institute of Water")
    assert catalog.reviews.approve(submission.id, bob.id, approval(submission, bob)).state is APPROVED


def test_a_stricter_policy_counts_for_what_is_approved(
    catalog: Catalog, ada: Principal, bob: Principal, cyd: Principal
) -> None:
    submission = approved(catalog, ada, bob)
    catalog.reviewers.set_policy(ReviewPolicy(approvals=2))
    assert catalog.reviews.publish(submission.id).state is APPROVED
    catalog.reviews.approve(submission.id, cyd.id, approval(submission, cyd))
    assert catalog.reviews.publish(submission.id).state is PUBLISHED


def test_a_policy_without_reviewers_is_refused(catalog: Catalog) -> None:
    assert str(catalog.reviewers.policy()) == "1 reviewer, never the author"
    with pytest.raises(ArgumentError, match="0 approvals"):
        catalog.reviewers.set_policy(ReviewPolicy(approvals=0))
    catalog.reviewers.set_policy(ReviewPolicy(2, other_institution=True))
    assert str(catalog.reviewers.policy()) == "2 reviewers, never the author, at least one of another institution"


def test_reviewers_come_and_go(catalog: Catalog, ada: Principal, bob: Principal) -> None:
    catalog.reviewers.set_institution("bob", "Institute of Ice")
    assert catalog.reviewers.all() == (("ada", ""), ("bob", "Institute of Ice"))
    catalog.reviewers.remove("ada")
    catalog.reviewers.set_institution("bob", "")
    assert catalog.reviewers.all() == (("bob", ""),)
    catalog.reviewers.add("ada")
    assert catalog.reviewers.all() == (("ada", ""), ("bob", ""))
    with pytest.raises(NotFoundError, match="fomrepo user add nobody"):
        catalog.reviewers.add("nobody")


@pytest.mark.parametrize("fact", ["name", "version", "bundle_digest", "author"])
def test_an_approval_of_another_method_is_refused(catalog: Catalog, ada: Principal, bob: Principal, fact: str) -> None:
    submission = in_review(catalog, ada)
    with pytest.raises(ConflictError, match="the approval is of"):
        catalog.reviews.approve(submission.id, bob.id, approval(submission, bob, **{fact: "another"}))


def test_a_rejected_submission_stays_rejected(catalog: Catalog, ada: Principal, bob: Principal, cyd: Principal) -> None:
    submission = in_review(catalog, ada)
    catalog.reviews.reject(submission.id, bob.id, "the unit is wrong")
    for deed in (
        lambda: catalog.reviews.approve(submission.id, cyd.id, approval(submission, cyd)),
        lambda: catalog.reviews.publish(submission.id),
        lambda: catalog.reviews.reject(submission.id, cyd.id, "again"),
        lambda: catalog.submissions.withdraw(submission.id, ada.id),
    ):
        with pytest.raises(ConflictError, match=r"rejected \(the unit is wrong\)"):
            deed()
    assert catalog.submissions.begin(ada.id, bundle(), site="site-a").state is REJECTED


# --- names and versions ---------------------------------------------------------------------------------------------


def publish_in_registry(catalog: Catalog, name: str, version: str) -> None:
    """Enter a method into the registry, where the founder enters the built-in ones."""
    from tests.catalog.examples import method

    catalog.methods.publish(method(version, name=name), "{}")


def test_a_name_belongs_to_its_first_author(catalog: Catalog, ada: Principal, bob: Principal, eve: Principal) -> None:
    published(catalog, ada, bob)
    with pytest.raises(ConflictError, match="the name 'count' belongs to ada") as refused:
        catalog.submissions.begin(eve.id, bundle(version="2.0.0"), site="site-a")
    assert "name = " in str(refused.value)


def test_of_two_authors_in_review_the_first_published_takes_the_name(
    catalog: Catalog, ada: Principal, bob: Principal, eve: Principal
) -> None:
    theirs = approved(catalog, eve, bob, bundle(version="2.0.0"))
    published(catalog, ada, bob)
    with pytest.raises(ConflictError, match="belongs to ada"):
        catalog.reviews.publish(theirs.id)
    assert catalog.submissions.get(theirs.id, eve.id).state is APPROVED
    assert catalog.reviews.refuse(theirs.id, "the name was taken").state is REJECTED


def test_the_name_of_a_built_in_method_is_taken(catalog: Catalog, ada: Principal) -> None:
    publish_in_registry(catalog, "rmsd", "1.0.0")
    with pytest.raises(ConflictError, match="comes with fomrepo"):
        catalog.submissions.begin(ada.id, bundle("rmsd", "2.0.0"), site="site-a")


@pytest.mark.parametrize("version", ["1.9.9", "1.10.0"])
def test_a_version_must_be_above_the_published_ones(
    catalog: Catalog, ada: Principal, bob: Principal, version: str
) -> None:
    published(catalog, ada, bob, bundle(version="1.10.0"))
    publish_in_registry(catalog, "count", "1.10.0")
    with pytest.raises(ConflictError, match=f"count {version} is not above 1.10.0") as refused:
        catalog.submissions.begin(ada.id, bundle(version=version, content=b"other"), site="site-a")
    assert 'version = "1.10.1"' in str(refused.value)
    assert catalog.submissions.begin(ada.id, bundle(version="1.11.0"), site="site-a").state is DRAFT


@pytest.mark.parametrize("meanwhile", ["in review", "approved"])
def test_changed_files_are_another_version(catalog: Catalog, ada: Principal, bob: Principal, meanwhile: str) -> None:
    submission = in_review(catalog, ada) if meanwhile == "in review" else approved(catalog, ada, bob)
    with pytest.raises(ConflictError, match=f"count 1.0.0 with other files, and it is {meanwhile}") as refused:
        catalog.submissions.begin(ada.id, bundle(content=b"changed after approval"), site="site-a")
    assert f"fomrepo method withdraw {submission.id}" in str(refused.value)


def test_an_author_has_so_many_open_submissions_and_no_more(
    catalog: Catalog, ada: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fomrepo.catalog.submissions.OPEN_LIMIT", 2)
    for version in ("1.0.0", "1.0.1"):
        catalog.submissions.begin(ada.id, bundle(version=version), site="site-a")
    with pytest.raises(ConflictError, match="2 submissions of yours are open"):
        catalog.submissions.begin(ada.id, bundle(version="1.0.2"), site="site-a")


# --- after publication ----------------------------------------------------------------------------------------------


def test_a_published_method_is_deprecated_and_revoked_by_who_may(
    catalog: Catalog, ada: Principal, bob: Principal, eve: Principal
) -> None:
    published(catalog, ada, bob)

    def retired(who: Principal | None, state: str, reason: str) -> tuple[str, str]:
        by = None if who is None else who.id
        found = catalog.reviews.retire("count", "1.0.0", by, SubmissionState(state), reason)
        return found.state, found.reason

    with pytest.raises(NotAllowedError, match="ask ada"):
        retired(eve, "deprecated", "I do not like it")
    assert retired(ada, "deprecated", "2.0.0 is better") == ("deprecated", "2.0.0 is better")
    assert retired(bob, "deprecated", "again") == ("deprecated", "2.0.0 is better")
    assert retired(None, "revoked", "wrong") == ("revoked", "wrong")
    assert retired(bob, "deprecated", "milder") == ("revoked", "wrong")
    with pytest.raises(NotFoundError, match=r"count 9\.9\.9"):
        catalog.reviews.retire("count", "9.9.9", ada.id, SubmissionState.DEPRECATED, "not there")


def test_what_is_published_may_be_signed_again(
    catalog: Catalog, ada: Principal, bob: Principal, cyd: Principal, eve: Principal
) -> None:
    """A method that lost signatures, with a key that was revoked, gets new ones; its own files and author stay."""
    submission = published(catalog, ada, bob)
    for reviewer in (bob, cyd):
        assert catalog.reviews.may_approve(submission.id, reviewer.id).state is PUBLISHED
        assert catalog.reviews.sign_again(submission.id, reviewer.id).state is PUBLISHED
    assert [one.id for one in catalog.reviews.in_use(cyd.id)] == [submission.id]
    assert catalog.reviews.in_use(eve.id) == ()
    with pytest.raises(NotAllowedError, match="you wrote count"):
        catalog.reviews.sign_again(submission.id, ada.id)
    with pytest.raises(NotFoundError):
        catalog.reviews.sign_again(submission.id, eve.id)
    with pytest.raises(ConflictError):
        catalog.reviews.sign_again(in_review(catalog, ada, bundle(version="2.0.0")).id, bob.id)
    *_, events = catalog.submissions.papers(submission.id, ada.id)
    assert [one.who for one in events if one.what == "signed again"] == ["bob", "cyd"]


def test_two_sites_publish_once(catalog: Catalog, ada: Principal, bob: Principal) -> None:
    submission = approved(catalog, ada, bob)
    first = catalog.reviews.publish(submission.id)
    assert catalog.reviews.publish(submission.id) == first
    assert catalog.reviews.refuse(submission.id, "too late") == first


# --- methods of one file --------------------------------------------------------------------------------------------


def attach(catalog: Catalog, who: Principal, to: RecordName, one: Bundle, file: str = "adk.xtc") -> Submission:
    return catalog.submissions.begin(who.id, one, site="site-a", attach_to=(to, file))


def names(found: Sequence[tuple[Submission, bytes]]) -> list[tuple[str, str]]:
    return [(one.version, one.state.value) for one, _ in found]


def test_an_attached_draft_is_its_owners_only(catalog: Catalog, ada: Principal, bob: Principal) -> None:
    adk = named(record(catalog, ada))
    catalog.people.add_member("ada", "bob")
    attach(catalog, ada, adk, bundle())
    assert names(catalog.submissions.attached(adk, "adk.xtc", ada.id)) == [("1.0.0", "draft")]
    assert catalog.submissions.attached(adk, "adk.psf", ada.id) == ()
    assert catalog.submissions.attached(adk, "adk.xtc", bob.id) == ()
    assert catalog.submissions.to_check("site-a") == ()


@pytest.mark.parametrize("taken_off_by", ["ada", "bob"])
def test_a_reviewed_file_method_is_for_all_who_see_the_file(
    catalog: Catalog, ada: Principal, bob: Principal, eve: Principal, taken_off_by: str
) -> None:
    adk = named(record(catalog, ada))
    submission = attach(catalog, ada, adk, bundle())
    assert (submission.record, submission.file) == (adk.accession, "adk.xtc")
    catalog.submissions.check(submission.id)
    catalog.submissions.checked(submission.id, refusal="", report="{}", environment_digest="e")
    catalog.reviews.approve(submission.id, bob.id, approval(submission, bob))
    catalog.reviews.publish(submission.id)
    catalog.people.add_member("ada", "eve")
    assert names(catalog.submissions.attached(adk, "adk.xtc", eve.id)) == [("1.0.0", "published")]
    with pytest.raises(NotFoundError):
        catalog.submissions.attached(adk, "adk.xtc", bob.id)
    assert catalog.submissions.begin(bob.id, bundle(version="3.0.0"), site="site-a").state is DRAFT  # no name was taken
    if taken_off_by == "ada":
        gone = catalog.submissions.withdraw(submission.id, ada.id)
    else:
        gone = catalog.reviews.reject(submission.id, bob.id, "it is wrong")
    assert gone.state is SubmissionState.REVOKED
    assert catalog.submissions.attached(adk, "adk.xtc", eve.id) == ()


def test_an_attached_method_takes_the_place_of_the_earlier_one(catalog: Catalog, ada: Principal) -> None:
    adk = named(record(catalog, ada))
    first = attach(catalog, ada, adk, bundle())
    assert attach(catalog, ada, adk, bundle()).id == first.id
    attach(catalog, ada, adk, bundle(content=b"mended"))
    assert names(catalog.submissions.attached(adk, "adk.xtc", ada.id)) == [("1.0.0", "draft")]
    with pytest.raises(NotFoundError):  # nobody but its author had seen it
        catalog.submissions.get(first.id, ada.id)


def test_an_attached_method_in_review_is_withdrawn_for_a_newer_one(
    catalog: Catalog, ada: Principal, bob: Principal
) -> None:
    adk = named(record(catalog, ada))
    for expected, deed in ((WITHDRAWN, None), (SubmissionState.DEPRECATED, catalog.reviews.publish)):
        first = attach(catalog, ada, adk, bundle(content=b"%d" % len(expected)))
        catalog.submissions.check(first.id)
        catalog.submissions.checked(first.id, refusal="", report="{}", environment_digest="e")
        catalog.reviews.approve(first.id, bob.id, approval(first, bob))
        if deed is not None:
            deed(first.id)
        attach(catalog, ada, adk, bundle(content=b"newer than %d" % len(expected)))
        assert catalog.submissions.get(first.id, ada.id).state is expected


def test_a_lost_submission_is_taken_over_once(catalog: Catalog, ada: Principal) -> None:
    submission = catalog.submissions.begin(ada.id, bundle(), site="site-a")
    assert catalog.submissions.adopt(submission.id, lost_site="site-a", site="site-b")
    assert not catalog.submissions.adopt(submission.id, lost_site="site-a", site="site-c")
    assert catalog.submissions.to_check("site-b") == (submission.id,)
    catalog.submissions.check(submission.id)
    catalog.submissions.checked(submission.id, refusal="no", report="", environment_digest="")
    assert not catalog.submissions.adopt(submission.id, lost_site="site-b", site="site-c")


def test_only_members_of_the_project_attach_methods(catalog: Catalog, ada: Principal, eve: Principal) -> None:
    version = record(catalog, ada)
    adk = named(version)
    with pytest.raises(NotFoundError, match="no record"):
        attach(catalog, eve, adk, bundle())
    with pytest.raises(NotFoundError, match=r"no file 'absent\.xtc'"):
        attach(catalog, ada, adk, bundle(), "absent.xtc")
    publish(catalog, version)
    with pytest.raises(NotAllowedError, match="only members of the project 'ada'"):
        attach(catalog, eve, adk, bundle())


def test_an_attached_method_has_no_name_of_a_published_one(catalog: Catalog, ada: Principal) -> None:
    publish_in_registry(catalog, "count", "1.0.0")
    adk = named(record(catalog, ada))
    with pytest.raises(ConflictError, match="published for all files"):
        attach(catalog, ada, adk, bundle(version="2.0.0"))


# --- what the database refuses, whoever writes ----------------------------------------------------------------------


def row_of(submission: Submission, reviewer: Principal, **changed: object) -> object:
    values = {
        "submission_id": submission.id,
        "reviewer_id": reviewer.id,
        "author_id": submission.author_id,
        "bundle_digest": submission.bundle_digest,
        "key_id": "k",
        "signature": b"s",
        "statement": b"{}",
        "created": 1.0,
    }
    return insert(review_approvals).values(values | changed)


def set_state(submission: Submission, state: str) -> object:
    return update(submissions).where(submissions.c.id == submission.id).values(state=state)


def is_refused(catalog: Catalog, *statements: object) -> None:
    with pytest.raises((IntegrityError, InternalError)):
        by_hand(catalog, *statements)


def test_the_database_refuses_an_approval_by_the_author(catalog: Catalog, ada: Principal, bob: Principal) -> None:
    submission = in_review(catalog, ada)
    is_refused(catalog, row_of(submission, ada))
    is_refused(catalog, row_of(submission, ada, author_id=bob.id))  # nor by naming another author


def test_the_database_refuses_an_approval_by_who_does_not_review(
    catalog: Catalog, ada: Principal, eve: Principal
) -> None:
    is_refused(catalog, row_of(in_review(catalog, ada), eve))


def test_the_database_refuses_a_second_approval_of_one_reviewer(
    catalog: Catalog, ada: Principal, bob: Principal
) -> None:
    submission = in_review(catalog, ada)
    by_hand(catalog, row_of(submission, bob))
    is_refused(catalog, row_of(submission, bob))


def test_the_database_refuses_an_approval_of_another_bundle(catalog: Catalog, ada: Principal, bob: Principal) -> None:
    is_refused(catalog, row_of(in_review(catalog, ada), bob, bundle_digest="another"))


def test_the_database_refuses_an_approval_before_the_review(catalog: Catalog, ada: Principal, bob: Principal) -> None:
    is_refused(catalog, row_of(catalog.submissions.begin(ada.id, bundle(), site="site-a"), bob))


def test_the_database_refuses_publication_without_approvals(catalog: Catalog, ada: Principal, bob: Principal) -> None:
    submission = in_review(catalog, ada)
    is_refused(catalog, set_state(submission, "approved"))
    is_refused(catalog, set_state(submission, "published"))
    catalog.reviewers.set_policy(ReviewPolicy(approvals=2))
    by_hand(catalog, row_of(submission, bob))
    is_refused(catalog, set_state(submission, "approved"))
    by_hand(catalog, text("UPDATE settings SET value = '0' WHERE key = 'review.approvals'"))
    by_hand(catalog, text("DELETE FROM review_approvals"))
    is_refused(catalog, set_state(submission, "approved"))


def test_the_database_refuses_publication_without_another_institution(
    catalog: Catalog, ada: Principal, bob: Principal
) -> None:
    submission = in_review(catalog, ada)
    catalog.reviewers.set_policy(ReviewPolicy(other_institution=True))
    by_hand(catalog, row_of(submission, bob))
    is_refused(catalog, set_state(submission, "approved"))
    for name in ("ada", "bob"):
        catalog.reviewers.set_institution(name, f"Institute of {name}")
    by_hand(catalog, set_state(submission, "approved"))


def test_the_database_refuses_a_submission_that_begins_as_published(catalog: Catalog, ada: Principal) -> None:
    values = {column.name: "x" for column in submissions.c if not column.nullable}
    values |= {"author_id": ada.id, "bundle": b"", "created": 1.0, "changed": 1.0}  # type: ignore[dict-item]  # of several types
    is_refused(catalog, insert(submissions).values(values | {"state": "published"}))
    by_hand(catalog, insert(submissions).values(values | {"state": "draft"}))


@pytest.mark.parametrize("changed", [{"bundle": b"other"}, {"bundle_digest": "other"}, {"author_id": "other"}])
def test_the_database_refuses_changed_files(
    catalog: Catalog, ada: Principal, bob: Principal, changed: dict[str, object]
) -> None:
    submission = approved(catalog, ada, bob)
    is_refused(catalog, update(submissions).values(changed))
    is_refused(catalog, update(review_approvals).values(statement=b"other"))
    assert catalog.submissions.get(submission.id, ada.id) == submission


def test_the_database_knows_the_table_of_transitions(catalog: Catalog, ada: Principal, bob: Principal) -> None:
    versions = itertools.count()
    for before in SubmissionState:
        for after in SubmissionState:
            if after is before:
                continue
            submission = catalog.submissions.begin(ada.id, bundle(version=f"1.0.{next(versions)}"), site="site-a")
            for state in WAYS[before]:
                if state == "approved":
                    by_hand(catalog, row_of(submission, bob))
                by_hand(catalog, set_state(submission, state))
            if before is IN_REVIEW and after is APPROVED:
                by_hand(catalog, row_of(submission, bob))
            if after in TRANSITIONS[before]:
                by_hand(catalog, set_state(submission, after.value))
            else:
                is_refused(catalog, set_state(submission, after.value))
            if SubmissionState(catalog.submissions.get(submission.id, ada.id).state).open:
                catalog.submissions.withdraw(submission.id, ada.id)


def test_what_a_trigger_refuses_is_told_as_a_conflict(catalog: Catalog, ada: Principal) -> None:
    submission = in_review(catalog, ada)

    def past_the_operations(connection: Connection) -> None:
        step(connection, locked_row(connection, submission.id), APPROVED, None)

    with pytest.raises(ConflictError, match=r"count 1\.0\.0 cannot be approved: .*do not meet the policy"):
        catalog._database.write(past_the_operations)


def test_a_version_is_compared_with_the_one_before_it(catalog: Catalog, ada: Principal, bob: Principal) -> None:
    first = published(catalog, ada, bob)
    second = published(catalog, ada, bob, bundle(version="1.10.0"))
    third = catalog.submissions.begin(ada.id, bundle(version="1.11.0"), site="site-a")
    assert catalog.submissions.previous(first.id) is None
    assert catalog.submissions.previous(third.id) == catalog.submissions.bundle(second.id)
