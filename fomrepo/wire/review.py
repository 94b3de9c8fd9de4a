"""Submissions and reviews on the wire: both directions side by side."""

from __future__ import annotations

from fomrepo.model.bundle import read_bundle
from fomrepo.model.gate_report import GateReport
from fomrepo.model.statements import Approval, ReviewStatement
from fomrepo.model.submissions import Papers, ReviewPolicy, Submission, SubmissionEvent, SubmissionState
from fomrepo.wire.methods import bundle_from_wire, bundle_to_wire
from fomrepo.wire.v1 import review_pb2 as pb


def submission_to_wire(submission: Submission) -> pb.Submission:
    """Write a submission as a message; ids of people do not travel."""
    return pb.Submission(
        id=submission.id,
        name=submission.name,
        version=submission.version,
        bundle_digest=submission.bundle_digest,
        author=submission.author,
        state=submission.state.value,
        reason=submission.reason,
        site=submission.site,
        environment_digest=submission.environment_digest,
        record=submission.record,
        file=submission.file,
        created=submission.created,
        changed=submission.changed,
        step=submission.step,
        trouble=submission.trouble,
    )


def submission_from_wire(message: pb.Submission) -> Submission:
    """Make the value again.

    Raises
    ------
    ValueError
        If it is in a state that this program does not know.
    """
    return Submission(
        id=message.id,
        name=message.name,
        version=message.version,
        bundle_digest=message.bundle_digest,
        author=message.author,
        author_id="",
        state=SubmissionState(message.state),
        reason=message.reason,
        site=message.site,
        environment_digest=message.environment_digest,
        record=message.record,
        file=message.file,
        created=message.created,
        changed=message.changed,
        step=message.step,
        trouble=message.trouble,
    )


def approval_to_wire(approval: Approval) -> pb.SignedApproval:
    """Write an approval as a message."""
    return pb.SignedApproval(
        statement=approval.statement.to_bytes(), key_id=approval.key_id, signature=approval.signature
    )


def approval_from_wire(message: pb.SignedApproval) -> Approval:
    """Make the value again; its signature is not verified.

    Raises
    ------
    MethodNotTrustedError
        If the statement is none, or is spelt in another way than it is signed.
    """
    return Approval(ReviewStatement.from_bytes(message.statement), message.key_id, message.signature)


def papers_to_wire(papers: Papers) -> pb.Papers:
    """Write the papers of a submission as a message."""
    message = pb.Papers(
        submission=submission_to_wire(papers.submission),
        bundle=bundle_to_wire(papers.bundle.files),
        report_json="" if papers.report is None else papers.report.to_json(),
        environment_lock=papers.environment_lock,
        events=[pb.SubmissionEvent(when=one.when, who=one.who, what=one.what, text=one.text) for one in papers.events],
        approvals=[approval_to_wire(one) for one in papers.approvals],
        approvals_needed=papers.policy.approvals,
        other_institution_needed=papers.policy.other_institution,
    )
    if papers.previous is not None:
        message.previous.CopyFrom(bundle_to_wire(papers.previous.files))
    return message


def papers_from_wire(message: pb.Papers) -> Papers:
    """Make the value again: the bundles are read as any stranger's.

    Raises
    ------
    BundleRefusedError, MethodNotTrustedError, ValueError
        If what came cannot be what a site says of a submission.
    """
    previous = read_bundle(bundle_from_wire(message.previous)) if message.HasField("previous") else None
    return Papers(
        submission=submission_from_wire(message.submission),
        bundle=read_bundle(bundle_from_wire(message.bundle)),
        previous=previous,
        report=GateReport.from_json(message.report_json) if message.report_json else None,
        environment_lock=message.environment_lock,
        events=tuple(SubmissionEvent(one.when, one.who, one.what, one.text) for one in message.events),
        approvals=tuple(map(approval_from_wire, message.approvals)),
        policy=ReviewPolicy(message.approvals_needed, message.other_institution_needed),
    )
