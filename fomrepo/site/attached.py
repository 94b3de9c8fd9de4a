"""Methods of one file: who may call them there, and what of them is believed.

A draft runs for its author alone, as any draft does: cold, in a sandbox of its own, nothing kept. A reviewed one runs
for all who may read the file, if the signatures of its reviewers hold; it runs in the same way, because no registry
snapshot speaks of it.
"""

from __future__ import annotations

from fomrepo.errors import NotFoundError
from fomrepo.model.bundle import read_bundle, unpack_files
from fomrepo.model.files import RecordName
from fomrepo.model.methods import Bundle
from fomrepo.model.operations import FileRef
from fomrepo.model.people import Principal
from fomrepo.model.statements import SignedMethod
from fomrepo.model.submissions import Submission
from fomrepo.site.parts import SiteParts
from fomrepo.site.trust import verify_method


def attached_methods(site: SiteParts, principal: Principal, file: FileRef) -> tuple[tuple[Submission, Bundle], ...]:
    """Methods that somebody may call on a file because they are attached to it.

    Raises
    ------
    NotFoundError
        If there is no such record, or none that they may see.
    """
    listed = site.catalog.submissions.attached(RecordName.parse(file.record), file.name, principal.id)
    return tuple((submission, read_bundle(unpack_files(packed))) for submission, packed in listed)


def attached_bundle(site: SiteParts, principal: Principal, submission_id: str, file: FileRef) -> Bundle:
    """Bundle of a method that somebody may call on a file.

    Raises
    ------
    NotFoundError
        If there is no such method on this file, or none that they may call.
    MethodNotTrustedError
        If it is said to be reviewed, and what its reviewers signed does not hold.
    """
    for submission, bundle in attached_methods(site, principal, file):
        if submission.id == submission_id:
            if submission.author_id == principal.id:
                return bundle
            signed = SignedMethod(*site.catalog.reviews.signed(submission.id))
            return verify_method(signed, site.registry.snapshot().root).bundle
    raise NotFoundError(f"no method {submission_id} of {file.name} that you may call", remedy="list(file.methods)")
