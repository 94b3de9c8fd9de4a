"""Submitting methods and reviewing them, seen from the client, which signs nothing that it has not verified itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fomrepo.client.attached import submit_request
from fomrepo.client.bundle_folder import read_folder
from fomrepo.client.connection import ANSWER_S, Connection
from fomrepo.client.tracebacks import short_tracebacks
from fomrepo.errors import BundleRefusedError, FomrepoError, InternalError, MethodNotTrustedError
from fomrepo.model.canonical import sha256_hex
from fomrepo.model.golden_cases import read_golden_cases
from fomrepo.model.statements import Approval, ReviewStatement
from fomrepo.model.submissions import Papers, Submission, SubmissionState, check_remark
from fomrepo.wire.calls import WAIT_LIMIT_S
from fomrepo.wire.review import approval_to_wire, papers_from_wire, submission_from_wire
from fomrepo.wire.v1 import review_pb2

if TYPE_CHECKING:
    from fomrepo.client.remote_file import RemoteFile

#: Longest wait in one request, so that somebody who looks on sees the gate move.
LOOK_S = 2.0


class Submissions:
    """Methods on their way: ``repo.submissions``.

    Examples
    --------
    >>> submission = repo.submissions.submit("my_method")      # doctest: +SKIP
    >>> repo.submissions.checked(submission.id).state          # doctest: +SKIP
    <SubmissionState.IN_REVIEW: 'in review'>
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @short_tracebacks
    def submit(self, folder: str | Path, *, file: RemoteFile | None = None) -> Submission:
        """Submit the method in a folder for review; doing the same again finds the same submission.

        Parameters
        ----------
        folder
            The bundle: method.toml, its modules, its golden cases.
        file
            The only file that it is for; None: all that it accepts.

        Raises
        ------
        BundleRefusedError
            If it is no whole bundle; nothing was sent then.
        """
        bundle = read_folder(Path(folder))
        if not read_golden_cases(bundle):
            raise BundleRefusedError(
                f"{folder} has no golden case", remedy="write tests/NAME.toml with an [[expect]] for each field"
            )
        request = submit_request(bundle, file)
        return _submission(self._connection.ask(lambda site: site.review.Submit, request))

    @short_tracebacks
    def attach(self, folder: str | Path, file: RemoteFile) -> Submission:
        """Keep the method in a folder with one file: you alone can call it there until it is reviewed."""
        request = submit_request(read_folder(Path(folder)), file)
        return _submission(self._connection.ask(lambda site: site.review.Attach, request))

    @short_tracebacks
    def mine(self) -> list[Submission]:
        """Your own submissions, newest first."""
        return self._listed(to_review=False)

    @short_tracebacks
    def to_review(self) -> list[Submission]:
        """Submissions that wait for reviewers, oldest first; none if you do not review."""
        return self._listed(to_review=True)

    @short_tracebacks
    def get(self, submission: str, *, wait_s: float = 0.0) -> Submission:
        """How a submission stands, when the gate has ended or after ``wait_s``."""
        wait_s = min(wait_s, WAIT_LIMIT_S)
        request = review_pb2.GetSubmissionRequest(id=submission, wait_s=wait_s)
        return _submission(
            self._connection.ask(lambda site: site.review.GetSubmission, request, deadline_s=wait_s + ANSWER_S)
        )

    @short_tracebacks
    def checked(self, submission: str, *, on_look: Callable[[Submission], None] = lambda _: None) -> Submission:
        """Wait until the gate has ended with a submission, or is in trouble."""
        while True:
            found = self.get(submission, wait_s=LOOK_S)
            on_look(found)
            if found.state is not SubmissionState.CHECKING or found.trouble:
                return found

    @short_tracebacks
    def papers(self, submission: str) -> Papers:
        """Everything that a reviewer reads before signing.

        Raises
        ------
        MethodNotTrustedError
            If the site shows other files, or another environment, than it says that were submitted.
        """
        message = self._connection.ask(lambda site: site.review.ReadPapers, review_pb2.PapersRequest(id=submission))
        try:
            papers = papers_from_wire(message)
        except (ValueError, TypeError, KeyError) as error:
            raise _not_understood(error) from None
        said = papers.submission
        shown = (papers.bundle.digest, papers.bundle.schema.name, papers.bundle.schema.version)
        if shown != (said.bundle_digest, said.name, said.version):
            raise MethodNotTrustedError(
                f"the site shows other files than those of {said.name} {said.version}", remedy="tell its operator"
            )
        if papers.environment_lock and sha256_hex(papers.environment_lock.encode()) != said.environment_digest:
            raise MethodNotTrustedError(
                f"the site shows another environment than the one of {said.name}", remedy="tell its operator"
            )
        return papers

    @short_tracebacks
    def withdraw(self, submission: str) -> Submission:
        """Take a submission of yours back before it is published."""
        request = review_pb2.WithdrawRequest(id=submission)
        return _submission(self._connection.ask(lambda site: site.review.Withdraw, request))

    @short_tracebacks
    def comment(self, submission: str, text: str) -> Submission:
        """Say something to the author and the reviewers of a submission."""
        request = review_pb2.RemarkRequest(id=submission, text=check_remark(text, "comment"))
        return _submission(self._connection.ask(lambda site: site.review.Comment, request))

    @short_tracebacks
    def reject(self, submission: str, reason: str) -> Submission:
        """Refuse a submission."""
        request = review_pb2.RemarkRequest(id=submission, text=check_remark(reason, "reason"))
        return _submission(self._connection.ask(lambda site: site.review.Reject, request))

    @short_tracebacks
    def approve(self, papers: Papers, reviewer: str, sign: Callable[[ReviewStatement], Approval]) -> Submission:
        """Sign that the method in these papers may run, and send the signature.

        Parameters
        ----------
        papers
            As :meth:`papers` has verified them.
        reviewer
            Your login name.
        sign
            Signs with your own key, which stays on this machine.
        """
        return self.hand_in(papers.submission.id, sign(statement_of(papers, reviewer)))

    @short_tracebacks
    def hand_in(self, submission: str, approval: Approval) -> Submission:
        """Send a signature that was made over :func:`statement_of` the papers of a submission."""
        request = review_pb2.ApproveRequest(id=submission, approval=approval_to_wire(approval))
        return _submission(self._connection.ask(lambda site: site.review.Approve, request))

    def _listed(self, *, to_review: bool) -> list[Submission]:
        request = review_pb2.ListSubmissionsRequest(to_review=to_review)
        reply = self._connection.ask(lambda site: site.review.ListSubmissions, request)
        return [_submission(one) for one in reply.submissions]


def statement_of(papers: Papers, reviewer: str) -> ReviewStatement:
    """State what a reviewer signs now, about papers that were verified."""
    return ReviewStatement.about(
        papers.bundle,
        environment_digest=papers.submission.environment_digest,
        author=papers.submission.author,
        reviewer=reviewer,
        signed=int(time.time()),
    )


def _submission(message: review_pb2.Submission) -> Submission:
    try:
        return submission_from_wire(message)
    except ValueError as error:
        raise _not_understood(error) from None


def _not_understood(error: Exception) -> FomrepoError:
    return InternalError(
        f"a site describes a submission in a way that this program does not understand: {error}",
        remedy="upgrade this program, or tell the site's operator",
    )
