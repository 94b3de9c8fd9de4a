"""A method that waits for reviewers, without the gate, which has tests of its own."""

from __future__ import annotations

from pathlib import Path

from fomrepo.client.bundle_folder import read_folder
from fomrepo.site.administration import open_administration
from tests.browser.conftest import World


def in_review(world: World, folder: Path) -> str:
    """Submit a bundle of alice's, and take the gate's word for it; returns the submission's id."""
    with open_administration(world.federation.home) as administration:
        catalog = administration.catalog
        principal = catalog.people.principal("alice")
        assert principal is not None
        submission = catalog.submissions.begin(principal.id, read_folder(folder), site="site-a")
        catalog.submissions.check(submission.id)
        catalog.submissions.checked(submission.id, refusal="", report="", environment_digest="e" * 64)
    return submission.id
