"""What reviewers do, and publication: the policy is judged here and, once more, by the database's own triggers."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, Row, select

from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.method_names import check_free, take_name
from fomrepo.catalog.reviewers import may_review, policy_in
from fomrepo.catalog.submission_rows import (
    PUBLISHED_ONCE,
    SUBMISSION,
    approvals_of,
    cannot,
    locked_row,
    note,
    shown_row,
    step,
    submission_of,
)
from fomrepo.catalog.tables import affiliations, review_approvals, submissions
from fomrepo.errors import ConflictError, NotAllowedError, NotFoundError
from fomrepo.model.statements import Approval
from fomrepo.model.submissions import TRANSITIONS, Submission, SubmissionState

#: States in which reviewers may sign: more may do so than the policy asks for.
_MAY_BE_SIGNED = (SubmissionState.IN_REVIEW.value, SubmissionState.APPROVED.value)
#: States after publication in which a method still runs, if its signatures suffice.
_IN_USE = (SubmissionState.PUBLISHED.value, SubmissionState.DEPRECATED.value)
#: What makes a reviewer of somebody: a key of their own, and an operator who takes both in.
TO_REVIEW = (
    "fomrepo key new; fomrepo key publish; then ask an operator: fomrepo reviewer add YOUR-NAME --home HOME; "
    "fomrepo key accept YOUR-KEY --home HOME"
)


class Reviews:
    """Submissions, as reviewers see them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @reads
    def waiting(self, connection: Connection, reviewer_id: str) -> tuple[Submission, ...]:
        """List what is in review or approved, oldest first; nothing for who does not review."""
        if not may_review(connection, reviewer_id):
            return ()
        rows = connection.execute(SUBMISSION.where(submissions.c.state.in_(_MAY_BE_SIGNED)).order_by(submissions.c.id))
        return tuple(map(submission_of, rows))

    @reads
    def in_use(self, connection: Connection, reviewer_id: str) -> tuple[Submission, ...]:
        """List what is published for all files, oldest first; nothing for who does not review."""
        if not may_review(connection, reviewer_id):
            return ()
        wanted = SUBMISSION.where(submissions.c.state.in_(_IN_USE), submissions.c.record_id.is_(None))
        return tuple(map(submission_of, connection.execute(wanted.order_by(submissions.c.id))))

    @reads
    def may_approve(self, connection: Connection, submission_id: str, reviewer_id: str) -> Submission:
        """Find a submission that somebody may approve, or sign again, before their signature is looked at.

        Raises
        ------
        NotFoundError
            If there is no such submission that they may see.
        NotAllowedError
            If they are the author, or do not review.
        ConflictError
            If it is not in review, nor published for all files.
        """
        row = shown_row(connection, submission_id, reviewer_id)
        return _approvable(connection, row, reviewer_id, again=row.state in _IN_USE)

    @writes
    def approve(self, connection: Connection, submission_id: str, reviewer_id: str, approval: Approval) -> Submission:
        """Keep a reviewer's signature, which was verified; with as many as the policy asks for it is approved.

        1. Who may not see it finds nothing; who wrote it or does not review may not approve it.
        2. It must be in review, and the statement must be about this very bundle, its author and this reviewer.
        3. One approval each. The database refuses a second one, and one of the author.
        4. The policy is judged by what the database holds.

        Raises
        ------
        NotFoundError
            If there is no such submission that the reviewer may see.
        NotAllowedError
            If the reviewer is the author, or does not review.
        ConflictError
            If it is not in review, was approved by them before, or is not what the statement says.
        """
        row = shown_row(connection, submission_id, reviewer_id, lock=True)
        submission, said = _approvable(connection, row, reviewer_id), approval.statement
        meant = (submission.name, submission.version, submission.bundle_digest, submission.author)
        if meant != (said.name, said.version, said.bundle_digest, said.author):
            raise ConflictError(
                f"the approval is of {said.name} {said.version} of {said.author}, {said.bundle_digest[:12]}; submitted "
                f"was {submission.name} {submission.version} of {submission.author}, {submission.bundle_digest[:12]}",
                remedy=f"read what was submitted and sign that: fomrepo review approve {submission_id}",
            )
        kept = connection.execute(
            self._database.insert(review_approvals)
            .values(
                submission_id=submission_id,
                reviewer_id=reviewer_id,
                author_id=row.author_id,
                bundle_digest=said.bundle_digest,
                key_id=approval.key_id,
                signature=approval.signature,
                statement=said.to_bytes(),
                created=time.time(),
            )
            .on_conflict_do_nothing()
        )
        lacks = _lacks(connection, row)
        if kept.rowcount == 0 and lacks:
            raise ConflictError(
                f"you have approved {said.name} {said.version} already; it lacks {lacks}",
                remedy=f"see who approved it: fomrepo review show {submission_id}",
            )
        if kept.rowcount:
            note(connection, submission_id, reviewer_id, "signed")
        if submission.state is SubmissionState.IN_REVIEW and not lacks:  # also by what the policy asks for meanwhile
            return step(connection, row, SubmissionState.APPROVED, None)
        return submission

    @writes
    def sign_again(self, connection: Connection, submission_id: str, reviewer_id: str) -> Submission:
        """Note that a reviewer signed what is published already; goes into one transaction with the signature's entry.

        That is what brings a method back that lost too many signatures: with a key that was revoked, or to a stricter
        policy.

        Raises
        ------
        NotFoundError, NotAllowedError, ConflictError
            As for :meth:`approve`.
        """
        row = shown_row(connection, submission_id, reviewer_id, lock=True)
        submission = _approvable(connection, row, reviewer_id, again=True)
        note(connection, submission_id, reviewer_id, "signed again")
        return submission

    @writes
    def reject(self, connection: Connection, submission_id: str, reviewer_id: str, reason: str) -> Submission:
        """Refuse a submission; a method of one file also afterwards: it is revoked, and off its file.

        Raises
        ------
        NotFoundError
            If there is no such submission that the reviewer may see.
        NotAllowedError
            If the reviewer is the author, or does not review.
        ConflictError
            If it is not waiting for reviewers.
        """
        row = shown_row(connection, submission_id, reviewer_id, lock=True)
        _check_reviewer(connection, row, reviewer_id, "reject")
        if row.record_id is not None and row.state in _IN_USE:
            return step(connection, row, SubmissionState.REVOKED, reviewer_id, reason)
        if row.state not in _MAY_BE_SIGNED:
            raise cannot(submission_of(row), SubmissionState.REJECTED.value)
        return step(connection, row, SubmissionState.REJECTED, reviewer_id, reason)

    @writes
    def refuse(self, connection: Connection, submission_id: str, reason: str) -> Submission:
        """Reject, on the site's own behalf, what is approved and cannot be published; what is not stays as it is."""
        row = locked_row(connection, submission_id)
        if row.state != SubmissionState.APPROVED.value:
            return submission_of(row)
        return step(connection, row, SubmissionState.REJECTED, None, reason)

    @reads
    def to_publish(self, connection: Connection) -> tuple[Submission, ...]:
        """List what is approved and not published yet, oldest first."""
        rows = connection.execute(
            SUBMISSION.where(submissions.c.state == SubmissionState.APPROVED.value).order_by(submissions.c.id)
        )
        return tuple(map(submission_of, rows))

    @reads
    def signed(self, connection: Connection, submission_id: str) -> tuple[bytes, tuple[Approval, ...]]:
        """Read the packed bundle of a submission and its approvals, for the site itself."""
        packed = connection.scalars(select(submissions.c.bundle).where(submissions.c.id == submission_id)).one()
        return bytes(packed), approvals_of(connection, submission_id)

    @writes
    def publish(self, connection: Connection, submission_id: str) -> Submission:
        """Note that an approved method is published; goes into one transaction with its entry in the registry.

        It stays approved if the policy asks for more than it did. Make the entry afterwards: name and version are
        judged by what is published.

        Raises
        ------
        ConflictError
            If it is not approved, or its name or version was taken meanwhile.
        """
        row = locked_row(connection, submission_id)
        waits = row.state == SubmissionState.APPROVED.value and bool(_lacks(connection, row))
        if waits or row.state == SubmissionState.PUBLISHED.value:  # another site was quicker
            return submission_of(row)
        published = step(connection, row, SubmissionState.PUBLISHED, None)
        if row.record_id is None:
            check_free(connection, row.name, row.version, row.author_id)
            take_name(connection, self._database, row.name, row.author_id)
        return published

    @writes
    def retire(
        self,
        connection: Connection,
        name: str,
        version: str,
        principal_id: str | None,
        state: SubmissionState,
        reason: str,
    ) -> Submission:
        """Deprecate or revoke a method that was published by way of a submission.

        Nothing happens if it is that already, or worse.

        Parameters
        ----------
        name, version
            Of the method.
        principal_id
            Who does it; None: an operator.
        state
            Its new state.
        reason
            Every caller reads it.

        Raises
        ------
        NotFoundError
            If there is no such version.
        NotAllowedError
            If the principal neither wrote it nor reviews.
        """
        found = connection.scalar(
            select(submissions.c.id).where(
                submissions.c.name == name,
                submissions.c.version == version,
                submissions.c.record_id.is_(None),
                submissions.c.state.in_(PUBLISHED_ONCE),
            )
        )
        if found is None:
            raise NotFoundError(
                f"no method {name} {version} was published by way of review", remedy="fomrepo method list"
            )
        row = locked_row(connection, found)
        if principal_id not in (None, row.author_id) and not may_review(connection, principal_id):
            raise NotAllowedError(f"only its author and reviewers may do that with {name}", remedy=f"ask {row.author}")
        if state not in TRANSITIONS[SubmissionState(row.state)]:
            return submission_of(row)
        return step(connection, row, state, principal_id, reason)


def _approvable(connection: Connection, row: Row[Any], reviewer_id: str, *, again: bool = False) -> Submission:
    _check_reviewer(connection, row, reviewer_id, "approve")
    if row.state not in (_IN_USE if again and row.record_id is None else _MAY_BE_SIGNED):
        raise cannot(submission_of(row), SubmissionState.APPROVED.value)
    return submission_of(row)


def _check_reviewer(connection: Connection, row: Row[Any], reviewer_id: str, verb: str) -> None:
    if row.author_id == reviewer_id:
        raise NotAllowedError(
            f"you wrote {row.name} {row.version}, so you may not {verb} it",
            remedy="ask another reviewer; where there is none, an operator adds one: "
            "fomrepo user add NAME --home HOME; fomrepo reviewer add NAME --home HOME",
        )
    if not may_review(connection, reviewer_id):
        raise NotAllowedError("you are no reviewer", remedy=TO_REVIEW)


def _lacks(connection: Connection, row: Row[Any]) -> str:
    """What the policy asks for beyond the approvals that are there; triggers judge the same when the state changes."""
    policy = policy_in(connection)
    signed = connection.execute(
        select(review_approvals.c.reviewer_id, affiliations.c.institution)
        .outerjoin_from(review_approvals, affiliations, review_approvals.c.reviewer_id == affiliations.c.principal_id)
        .where(review_approvals.c.submission_id == row.id)
    ).all()
    of_author = connection.scalar(
        select(affiliations.c.institution).where(affiliations.c.principal_id == row.author_id)
    )
    if (missing := policy.approvals - len(signed)) > 0:
        return f"{missing} more {'reviewer' if missing == 1 else 'reviewers'}"
    if not policy.other_institution:
        return ""
    if of_author is None:
        return (
            f"the author's institution, which an operator notes: fomrepo user institution {row.author} INSTITUTION; "
            "then one reviewer approves it again"
        )
    elsewhere = any(one.institution not in (None, of_author) for one in signed)
    return "" if elsewhere else f"a reviewer of another institution than {of_author!r}"
