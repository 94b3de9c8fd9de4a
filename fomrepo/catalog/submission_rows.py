"""Rows of submissions: who sees them, how a state follows another, and how rows become values."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from fomrepo.catalog.audit import name_of, write_entry
from fomrepo.catalog.reviewers import may_review
from fomrepo.catalog.tables import principals, records, review_approvals, submission_events, submissions
from fomrepo.errors import ConflictError, NotFoundError
from fomrepo.model.audit import METHOD_ACTIONS
from fomrepo.model.canonical import new_id
from fomrepo.model.statements import Approval, ReviewStatement
from fomrepo.model.submissions import TRANSITIONS, Submission, SubmissionEvent, SubmissionState

#: Submissions with the names that their ids stand for, without what is large.
SUBMISSION: Select[Any] = (
    select(
        submissions.c.id,
        submissions.c.name,
        submissions.c.version,
        submissions.c.bundle_digest,
        submissions.c.author_id,
        principals.c.name.label("author"),
        submissions.c.state,
        submissions.c.reason,
        submissions.c.site,
        submissions.c.environment_digest,
        submissions.c.record_id,
        records.c.accession,
        submissions.c.file,
        submissions.c.created,
        submissions.c.changed,
    )
    .join_from(submissions, principals, submissions.c.author_id == principals.c.id)
    .outerjoin(records, submissions.c.record_id == records.c.id)
)

#: States of what was published at any time.
PUBLISHED_ONCE = (SubmissionState.PUBLISHED.value, SubmissionState.DEPRECATED.value, SubmissionState.REVOKED.value)

#: States in which a submission is its author's alone.
_AUTHORS_ALONE = (SubmissionState.DRAFT.value, SubmissionState.WITHDRAWN.value)


def submission_of(row: Row[Any]) -> Submission:
    """Value of a row of ``SUBMISSION``."""
    return Submission(
        id=row.id,
        name=row.name,
        version=row.version,
        bundle_digest=row.bundle_digest,
        author=row.author,
        author_id=row.author_id,
        state=SubmissionState(row.state),
        reason=row.reason,
        site=row.site,
        environment_digest=row.environment_digest or "",
        record=row.accession or "",
        file=row.file or "",
        created=row.created,
        changed=row.changed,
    )


def find_row(connection: Connection, submission_id: str) -> Row[Any]:
    """Row of a submission.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    row = connection.execute(SUBMISSION.where(submissions.c.id == submission_id)).first()
    if row is None:
        raise not_found(submission_id)
    return row


def locked_row(connection: Connection, submission_id: str) -> Row[Any]:
    """Row of a submission that nobody else changes before this transaction ends.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    connection.execute(select(submissions.c.id).where(submissions.c.id == submission_id).with_for_update())
    return find_row(connection, submission_id)


def shown_row(connection: Connection, submission_id: str, principal_id: str, *, lock: bool = False) -> Row[Any]:
    """Row of a submission that somebody may see: its author, and reviewers once it is no draft.

    Raises
    ------
    NotFoundError
        Alike for one that is not there and one that is not theirs to see.
    """
    row = (locked_row if lock else find_row)(connection, submission_id)
    if row.author_id != principal_id and (row.state in _AUTHORS_ALONE or not may_review(connection, principal_id)):
        raise not_found(submission_id)
    return row


def step(connection: Connection, row: Row[Any], state: SubmissionState, by: str | None, reason: str = "") -> Submission:
    """Let a state follow the one of a locked row, if the table of transitions has it; the history tells of it.

    Parameters
    ----------
    connection
        Of the transaction that locked the row.
    row
        The submission.
    state
        Its new state.
    by
        Id of who changed it; None: the site.
    reason
        Kept with the submission; empty: what is kept stays.

    Raises
    ------
    ConflictError
        If that state cannot follow.
    """
    before = submission_of(row)
    if state not in TRANSITIONS[before.state]:
        raise cannot(before, state.value)
    values = {"state": state.value, "changed": time.time()} | ({"reason": reason} if reason else {})
    try:
        connection.execute(update(submissions).where(submissions.c.id == row.id).values(values))
    except IntegrityError as fault:  # a trigger refused it
        raise ConflictError(
            f"{before.name} {before.version} cannot be {state}: {str(fault.orig).splitlines()[0]}",
            remedy=f"fomrepo review show {row.id}",
        ) from None
    note(connection, row.id, by, state.value, reason)
    if before.record and state.value in METHOD_ACTIONS:  # what is for all files is audited where the registry changes
        actor = before.site if by is None else name_of(connection, by)
        subject = f"{before.name} {before.version} of {before.record}/{before.file}"
        write_entry(connection, actor, METHOD_ACTIONS[state.value], subject, author=before.author, reason=reason)
    return submission_of(find_row(connection, row.id))


def note(connection: Connection, submission_id: str, by: str | None, what: str, text: str = "") -> None:
    """Write a line of the history."""
    connection.execute(
        insert(submission_events).values(
            id=new_id(), submission_id=submission_id, principal_id=by, what=what, text=text, created=time.time()
        )
    )


def history_of(connection: Connection, submission_id: str) -> tuple[SubmissionEvent, ...]:
    """History of a submission, oldest line first."""
    rows = connection.execute(
        select(submission_events.c.created, principals.c.name, submission_events.c.what, submission_events.c.text)
        .outerjoin_from(submission_events, principals, submission_events.c.principal_id == principals.c.id)
        .where(submission_events.c.submission_id == submission_id)
        .order_by(submission_events.c.created, submission_events.c.id)
    )
    return tuple(SubmissionEvent(when, who or "", what, text) for when, who, what, text in rows)


def approvals_of(connection: Connection, submission_id: str) -> tuple[Approval, ...]:
    """Approvals of a submission, oldest first, as they were signed."""
    rows = connection.execute(
        select(review_approvals)
        .where(review_approvals.c.submission_id == submission_id)
        .order_by(review_approvals.c.created)
    )
    return tuple(Approval(ReviewStatement.from_bytes(row.statement), row.key_id, row.signature) for row in rows)


def cannot(submission: Submission, wanted: str) -> ConflictError:
    """Error for a state that cannot follow."""
    final = submission.state in (SubmissionState.REJECTED, SubmissionState.WITHDRAWN, SubmissionState.REVOKED)
    why = f" ({submission.reason})" if submission.reason else ""
    return ConflictError(
        f"{submission.name} {submission.version} is {submission.state}{why}, so it cannot be {wanted}",
        remedy="its author submits a mended bundle: fomrepo method submit DIR"
        if final
        else f"see how it stands: fomrepo method status {submission.id}",
        facts={"submission": submission.id, "state": submission.state.value},
    )


def not_found(submission_id: str) -> NotFoundError:
    """Error for a submission that is not there, or not for who asks."""
    return NotFoundError(f"no submission {submission_id} that you may see", remedy="fomrepo method status")
