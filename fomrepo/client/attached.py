"""Methods of one file only: which there are, and how they are called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fomrepo.client.bundle_folder import read_folder
from fomrepo.client.calls import Calls
from fomrepo.client.registry import PublishedMethod
from fomrepo.errors import BundleRefusedError
from fomrepo.model.methods import Bundle
from fomrepo.model.operations import CallOrder
from fomrepo.model.submissions import SubmissionState
from fomrepo.wire.calls import CALL_WAIT_S, call_to_wire
from fomrepo.wire.methods import bundle_to_wire, schema_from_wire
from fomrepo.wire.replies import CALL_ATTACHED, Reply
from fomrepo.wire.v1 import calls_pb2, review_pb2

if TYPE_CHECKING:
    from fomrepo.client.remote_file import RemoteFile


@dataclass(frozen=True, slots=True)
class AttachedMethod:
    """A method of one file that the caller can call there."""

    method: PublishedMethod
    #: Id of its submission, by which it is called.
    submission: str
    #: Login name.
    author: str
    #: Whether reviewers have signed it; if not, it is the caller's own.
    reviewed: bool

    @property
    def remark(self) -> str:
        """What a list of methods says of it."""
        return f"of this file, by {self.author}" + ("" if self.reviewed else ", unreviewed")

    def send(self, calls: Calls, order: CallOrder, *, wait_s: float = CALL_WAIT_S) -> Reply:
        """Send a call of it; the reply is final if the outcome was ready within ``wait_s``."""
        request = review_pb2.CallAttachedRequest(submission=self.submission, call=call_to_wire(order, wait_s=wait_s))
        return calls.ask(CALL_ATTACHED, request)


def attached_methods(calls: Calls, file: RemoteFile) -> dict[str, AttachedMethod]:
    """Methods of one file by name, leaving out those that this client cannot read; the caller's own go first."""
    request = review_pb2.ListAttachedRequest(file=_reference(file))
    found: dict[str, AttachedMethod] = {}
    for message in calls.connection.ask(lambda site: site.review.ListAttached, request).methods:
        try:
            schema = schema_from_wire(message.schema_json)
        except BundleRefusedError:
            continue
        reviewed = message.state in (SubmissionState.PUBLISHED.value, SubmissionState.DEPRECATED.value)
        method = PublishedMethod(schema, message.digest)
        found[schema.name] = AttachedMethod(method, message.submission, message.author, reviewed)
    return found


def attach(calls: Calls, folder: Path, file: RemoteFile) -> review_pb2.Submission:
    """Keep the method in a folder with a file."""
    request = submit_request(read_folder(folder), file)
    return calls.connection.ask(lambda site: site.review.Attach, request)


def submit_request(bundle: Bundle, file: RemoteFile | None) -> review_pb2.SubmitRequest:
    """Spell a submission; without a file it is for all files that the method accepts."""
    request = review_pb2.SubmitRequest(bundle=bundle_to_wire(bundle.files))
    if file is not None:
        request.file.CopyFrom(_reference(file))
    return request


def _reference(file: RemoteFile) -> calls_pb2.FileRef:
    return calls_pb2.FileRef(record=file.record.reference, name=file.name)
