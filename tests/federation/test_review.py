"""The road of a method from its author through the gate and the reviewers to everybody, at real sites."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fomrepo.catalog.tables import public_keys
from fomrepo.client.repository import Repository
from fomrepo.isolation.environment import default_environments_folder
from fomrepo.model.canonical import sha256_hex
from fomrepo.model.statements import Approval, ReviewStatement
from fomrepo.model.submissions import Submission, SubmissionState
from fomrepo.site.administration import open_administration
from fomrepo.site.gate import find_or_build_samples
from fomrepo.testing import LocalFederation

METHOD = """\
name = "{name}"
version = "{version}"
summary = "Number of atoms"
entry = "count:count"
environment = "mdanalysis"
licence = "Apache-2.0"
[[authors]]
name = "A. U. Thor"
[inputs]
universe = "trajectory"
[result]
type = "Scalar"
[result.fields.n]
dtype = "int64"
dims = []
doc = "How many atoms the topology has"
"""
CASE = """\
data = "adk_dims"
[[expect]]
field = "n"
value = 3341
tolerance = 0.0
source = "the PSF says so in its line of NATOM"
"""
CODE = "def count(universe, frames):\n    return {'n': universe.atoms.n_atoms}\n"
README = "# count\n\nThe number of atoms is counted, which needs no formula; the topology is the reference for it.\n"

Written = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def samples() -> None:
    find_or_build_samples(default_environments_folder())


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Return what writes a bundle; a file of content None is left out."""

    def write(name: str = "count", version: str = "1.0.0", **files: str | None) -> Path:
        folder = tmp_path / f"{name}-{version}"
        whole: dict[str, str | None] = {
            "method.toml": METHOD.format(name=name, version=version),
            "count.py": CODE,
            "README.md": README,
            "tests/adk.toml": CASE,
        }
        for path, content in (whole | files).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            if content is not None:
                (folder / path).write_text(content)
        return folder

    return write


class Reviewer:
    """Somebody who reviews, with a key of their own."""

    def __init__(self, federation: LocalFederation, name: str) -> None:
        self.name, self.repo = name, federation.connect(name, site="site-b")
        self.key = Ed25519PrivateKey.generate()
        public = self.key.public_key().public_bytes_raw()
        self.key_id = sha256_hex(public)
        with open_administration(federation.home) as administration:
            principal = administration.catalog.people.principal(name)
            assert principal is not None
            administration.catalog.reviewers.add(name)
            row = {"id": self.key_id, "principal_id": principal.id, "public": public, "label": "", "created": 1.0}
            administration.catalog._database.write(lambda connection: connection.execute(public_keys.insert(), row))

    def sign(self, statement: ReviewStatement) -> Approval:
        return Approval(statement, self.key_id, self.key.sign(statement.to_bytes()))

    def approve(self, submission: str) -> Submission:
        return self.repo.submissions.approve(self.repo.submissions.papers(submission), self.name, self.sign)


@pytest.fixture(scope="session")
def rita(federation: LocalFederation) -> Iterator[Reviewer]:
    reviewer = Reviewer(federation, "rita")
    with reviewer.repo:
        yield reviewer


def through_the_gate(repo: Repository, folder: Path) -> Submission:
    submission = repo.submissions.checked(repo.submissions.submit(folder).id)
    assert submission.state is SubmissionState.IN_REVIEW, (submission.reason, submission.trouble)
    return submission


def test_the_road_to_publication(repo: Repository, rita: Reviewer, written: Written) -> None:
    submission = through_the_gate(repo, written())
    assert rita.approve(submission.id).state is SubmissionState.PUBLISHED
