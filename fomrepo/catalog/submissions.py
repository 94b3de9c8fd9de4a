"""Submissions of methods, from their author through the gate.

Each step is one transaction: the row is locked, the step is judged by the table of transitions, and the triggers of
migration 0007 judge it once more, whoever writes to the database. What reviewers do is in ``reviews``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, exists, func, or_, select, update

from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.method_names import check_free, is_published
from fomrepo.catalog.submission_rows import (
    PUBLISHED_ONCE,
    SUBMISSION,
    approvals_of,
    find_row,
    history_of,
    locked_row,
    not_found,
    note,
    shown_row,
    step,
    submission_of,
)
from fomrepo.catalog.tables import files, members, records, submission_events, submissions
from fomrepo.catalog.versions import readable_version
from fomrepo.errors import ConflictError, NotAllowedError, NotFoundError
from fomrepo.model.bundle import pack_files
from fomrepo.model.canonical import new_id
from fomrepo.model.files import RecordName
from fomrepo.model.methods import Bundle, version_rank
from fomrepo.model.statements import Approval
from fomrepo.model.submissions import Submission, SubmissionEvent, SubmissionState

#: Open submissions of one author: each keeps up to 1 MiB, and reviewers are few.
OPEN_LIMIT = 50
#: Submissions that a list shows.
LISTED = 200

_OPEN = tuple(one.value for one in SubmissionState if one.open)
#: States in which others than its author may call a method of one file.
_CALLABLE = (SubmissionState.PUBLISHED.value, SubmissionState.DEPRECATED.value)


class Submissions:
    """Submissions, as their authors and the gate see them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- the author ---------------------------------------------------------------------------------------------------

    @writes
    def begin(
        self,
        connection: Connection,
        author_id: str,
        bundle: Bundle,
        *,
        site: str,
        attach_to: tuple[RecordName, str] | None = None,
    ) -> Submission:
        """Take a bundle as a draft, or find the submission of the same bundle.

        A method of one file takes the place of the author's earlier one of that name on that file.

        Parameters
        ----------
        author_id
            Who submits it.
        bundle
            Read and checked.
        site
            That takes it, where the gate will run.
        attach_to
            Record and name of the only file that it is for; None: it is for all files that it accepts.

        Raises
        ------
        ConflictError
            If the name is another author's, the version is not above the published ones, other files were submitted
            under this version, or the author has too many submissions that are open.
        NotFoundError
            If there is no such record or file, or none that the author may see.
        NotAllowedError
            If the author sees the file, but is no member of its project.
        """
        schema = bundle.schema
        record_id, file = (None, None) if attach_to is None else _file_to_attach_to(connection, *attach_to, author_id)
        mine: list[ColumnElement[bool]] = [
            submissions.c.author_id == author_id,
            submissions.c.record_id.is_(None) if record_id is None else submissions.c.record_id == record_id,
            submissions.c.file.is_(None) if file is None else submissions.c.file == file,
            submissions.c.state != SubmissionState.WITHDRAWN.value,
        ]
        same = SUBMISSION.where(*mine, submissions.c.bundle_digest == bundle.digest)
        if (known := connection.execute(same).first()) is not None:
            return submission_of(known)
        if record_id is None:
            check_free(connection, schema.name, schema.version, author_id)
        else:
            _make_room(connection, mine, schema.name, author_id)
        _check_number(connection, author_id)
        submission_id, now = new_id(), time.time()
        begun = connection.execute(
            self._database.insert(submissions)
            .values(
                id=submission_id,
                name=schema.name,
                version=schema.version,
                bundle_digest=bundle.digest,
                author_id=author_id,
                state=SubmissionState.DRAFT.value,
                reason="",
                site=site,
                bundle=pack_files(bundle.files),
                record_id=record_id,
                file=file,
                created=now,
                changed=now,
            )
            .on_conflict_do_nothing()
        )
        if begun.rowcount == 0:  # a unique index refused it
            if (known := connection.execute(same).first()) is not None:
                return submission_of(known)
            raise _taken_by_own(connection, mine, bundle)
        note(connection, submission_id, author_id, "received")
        return submission_of(find_row(connection, submission_id))

    @writes
    def withdraw(self, connection: Connection, submission_id: str, author_id: str) -> Submission:
        """Take a submission back before it is published; a method of one file also afterwards.

        Raises
        ------
        NotFoundError
            If the author has no such submission.
        ConflictError
            If it is too late.
        """
        row = locked_row(connection, submission_id)
        if row.author_id != author_id:
            raise not_found(submission_id)
        detached = row.record_id is not None and row.state in _CALLABLE
        state = SubmissionState.REVOKED if detached else SubmissionState.WITHDRAWN
        return step(connection, row, state, author_id, "its author took it off the file" if detached else "")

    @reads
    def of_author(self, connection: Connection, author_id: str) -> tuple[Submission, ...]:
        """List somebody's newest submissions, newest first."""
        rows = connection.execute(
            SUBMISSION.where(submissions.c.author_id == author_id).order_by(submissions.c.id.desc()).limit(LISTED)
        )
        return tuple(map(submission_of, rows))

    # --- its author and reviewers -------------------------------------------------------------------------------------

    @reads
    def get(self, connection: Connection, submission_id: str, principal_id: str) -> Submission:
        """Find a submission.

        Raises
        ------
        NotFoundError
            Alike for one that is not there and one that the principal may not see.
        """
        return submission_of(shown_row(connection, submission_id, principal_id))

    @reads
    def papers(
        self, connection: Connection, submission_id: str, principal_id: str
    ) -> tuple[Submission, bytes, str, tuple[Approval, ...], tuple[SubmissionEvent, ...]]:
        """Read a submission, its packed bundle, the gate's report (empty before), the approvals and the history.

        Raises
        ------
        NotFoundError
            Alike for one that is not there and one that the principal may not see.
        """
        submission = submission_of(shown_row(connection, submission_id, principal_id))
        packed, report = connection.execute(
            select(submissions.c.bundle, submissions.c.report).where(submissions.c.id == submission_id)
        ).one()
        return (
            submission,
            packed,
            report or "",
            approvals_of(connection, submission_id),
            history_of(connection, submission_id),
        )

    @writes
    def comment(self, connection: Connection, submission_id: str, principal_id: str, text: str) -> Submission:
        """Say something about a submission, to its author and its reviewers.

        Raises
        ------
        NotFoundError
            Alike for one that is not there and one that the principal may not see.
        """
        row = shown_row(connection, submission_id, principal_id, lock=True)
        note(connection, submission_id, principal_id, "commented", text)
        return submission_of(row)

    # --- the gate -----------------------------------------------------------------------------------------------------

    @writes
    def check(self, connection: Connection, submission_id: str) -> Submission:
        """Let the gate begin with a draft; any other submission stays as it is."""
        row = locked_row(connection, submission_id)
        if row.state != SubmissionState.DRAFT.value:
            return submission_of(row)
        return step(connection, row, SubmissionState.CHECKING, None)

    @writes
    def checked(
        self, connection: Connection, submission_id: str, *, refusal: str, report: str, environment_digest: str
    ) -> Submission:
        """Note what the gate found; a submission that is not being checked any more stays as it is.

        Parameters
        ----------
        submission_id
            Of the submission.
        refusal
            Why it is rejected; empty: reviewers read it next.
        report
            As JSON.
        environment_digest
            Of the guest environment in which it ran, as approvals will name it.
        """
        row = locked_row(connection, submission_id)
        if row.state != SubmissionState.CHECKING.value:
            return submission_of(row)
        connection.execute(
            update(submissions)
            .where(submissions.c.id == submission_id)
            .values(report=report, environment_digest=environment_digest)
        )
        state = SubmissionState.REJECTED if refusal else SubmissionState.IN_REVIEW
        return step(connection, row, state, None, refusal)

    @writes
    def adopt(self, connection: Connection, submission_id: str, *, lost_site: str, site: str) -> bool:
        """Let another site bring a submission through the gate; False if it is past it, or in other hands by now."""
        adopted = connection.execute(
            update(submissions)
            .where(
                submissions.c.id == submission_id,
                submissions.c.site == lost_site,
                submissions.c.state.in_((SubmissionState.DRAFT.value, SubmissionState.CHECKING.value)),
            )
            .values(site=site)
        )
        return adopted.rowcount == 1

    @reads
    def to_check(self, connection: Connection, site: str) -> tuple[str, ...]:
        """List the ids of what a site has to bring through the gate, oldest first."""
        draft_for_all = (submissions.c.state == SubmissionState.DRAFT.value) & submissions.c.record_id.is_(None)
        return tuple(
            connection.scalars(
                select(submissions.c.id)
                .where(
                    submissions.c.site == site,
                    or_(submissions.c.state == SubmissionState.CHECKING.value, draft_for_all),
                )
                .order_by(submissions.c.id)
            )
        )

    @reads
    def previous(self, connection: Connection, submission_id: str) -> bytes | None:
        """Read the packed bundle of the version before one, for the same files; None for a first one."""
        row = find_row(connection, submission_id)
        rank = version_rank(row.version)
        there = select(submissions.c.id, submissions.c.version).where(
            submissions.c.name == row.name,
            submissions.c.state.in_(PUBLISHED_ONCE),
            submissions.c.record_id.is_(None) if row.record_id is None else submissions.c.record_id == row.record_id,
            submissions.c.file.is_(None) if row.file is None else submissions.c.file == row.file,
        )
        earlier = [one for one in connection.execute(there) if version_rank(one.version) < rank]
        if not earlier:
            return None
        newest = max(earlier, key=lambda one: version_rank(one.version))
        return bytes(connection.scalars(select(submissions.c.bundle).where(submissions.c.id == newest.id)).one())

    @reads
    def bundle(self, connection: Connection, submission_id: str) -> bytes:
        """Read the packed bundle of a submission, for the site itself."""
        return bytes(connection.scalars(select(submissions.c.bundle).where(submissions.c.id == submission_id)).one())

    # --- methods of one file ------------------------------------------------------------------------------------------

    @reads
    def attached(
        self, connection: Connection, record: RecordName, file: str, principal_id: str
    ) -> tuple[tuple[Submission, bytes], ...]:
        """List the methods that somebody may call on a file because they are attached to it, with their bundles.

        Reviewed ones are for all who may see the record, others for their author alone; where both have a name, the
        author's own comes last.

        Raises
        ------
        NotFoundError
            If there is no such record, or none that the principal may see.
        """
        version = readable_version(connection, record, principal_id)
        own = (submissions.c.author_id == principal_id) & submissions.c.state.in_(_OPEN)
        rows = connection.execute(
            SUBMISSION.add_columns(submissions.c.bundle)
            .where(
                submissions.c.record_id == version.record_id,
                submissions.c.file == file,
                or_(submissions.c.state.in_(_CALLABLE), own),
            )
            .order_by(submissions.c.state.in_(_OPEN), submissions.c.id)
        )
        return tuple((submission_of(row), row.bundle) for row in rows)


def _file_to_attach_to(connection: Connection, record: RecordName, file: str, author_id: str) -> tuple[str, str]:
    """Id of the record and name of the file that a method shall be attached to."""
    version = readable_version(connection, record, author_id)
    there = exists().where(files.c.version_id == version.version_id, files.c.name == file)
    if not connection.scalar(select(there)):
        raise NotFoundError(f"there is no file {file!r} in {record}", remedy=f"fomrepo ls {version.accession}")
    member = exists().where(
        records.c.id == version.record_id,
        members.c.project_id == records.c.project_id,
        members.c.principal_id == author_id,
    )
    if not connection.scalar(select(member)):
        raise NotAllowedError(
            f"only members of the project {version.project!r} may attach methods to {version.accession}/{file}",
            remedy="submit it for all files: fomrepo method submit DIR; try it: fomrepo method try DIR FILE",
        )
    return version.record_id, file


def _make_room(connection: Connection, mine: Sequence[ColumnElement[bool]], name: str, author_id: str) -> None:
    """Let an author's method of one file take the place of the earlier one of that name; a mere draft is forgotten."""
    if is_published(connection, name):
        raise ConflictError(
            f"a method {name!r} is published for all files",
            remedy='choose another name in method.toml: name = "..."',
        )
    for row in connection.execute(SUBMISSION.where(*mine, submissions.c.name == name)).all():
        state = SubmissionState(row.state)
        if state is SubmissionState.DRAFT:
            connection.execute(delete(submission_events).where(submission_events.c.submission_id == row.id))
            connection.execute(delete(submissions).where(submissions.c.id == row.id))
        elif state.open:
            step(connection, row, SubmissionState.WITHDRAWN, author_id)
        elif state is SubmissionState.PUBLISHED:
            step(connection, row, SubmissionState.DEPRECATED, author_id, "its author attached another version")


def _check_number(connection: Connection, author_id: str) -> None:
    opened = connection.scalar(
        select(func.count()).where(submissions.c.author_id == author_id, submissions.c.state.in_(_OPEN))
    )
    if opened and opened >= OPEN_LIMIT:
        raise ConflictError(
            f"{opened} submissions of yours are open",
            remedy="take back what you no longer want: fomrepo method status; fomrepo method withdraw ID",
        )


def _taken_by_own(connection: Connection, mine: Sequence[ColumnElement[bool]], bundle: Bundle) -> ConflictError:
    """Error for a version that the author has submitted with other files."""
    schema = bundle.schema
    other = submission_of(
        connection.execute(
            SUBMISSION.where(*mine, submissions.c.name == schema.name, submissions.c.state.in_(_OPEN))
        ).one()
    )
    return ConflictError(
        f"you have submitted {schema.name} {schema.version} with other files, and it is {other.state}",
        remedy=f"raise the version in method.toml, or take it back: fomrepo method withdraw {other.id}",
        facts={"submission": other.id, "state": other.state.value},
    )
