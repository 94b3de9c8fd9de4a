"""A method that was revoked runs nowhere any more within seconds, and what it computed is given to nobody."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fomrepo.cli import app
from fomrepo.client.keys import new_key, open_key
from fomrepo.client.profile import Profile, write_profile
from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.errors import FomrepoError, MethodNotTrustedError, NotFoundError
from fomrepo.model.bundle import pack_files, read_bundle
from fomrepo.model.canonical import canonical_json
from fomrepo.model.methods import Bundle
from fomrepo.model.statements import MethodState, ReviewStatement, SignedMethod
from fomrepo.model.trust import environment_of
from fomrepo.site.administration import open_administration, read_folder
from fomrepo.testing import LocalFederation
from fomrepo.wire.v1 import calls_pb2
from tests.federation.methods import draft
from tests.federation.raw import call_request, error_of, raw_client
from tests.federation.records import TRAJECTORY, deposit_adk, replicate, runs, until

#: A revocation must have reached every connected site after so many seconds.
REACHED_S = 5.0


@dataclass
class Reviewer:
    """Somebody with a key, at a command line."""

    name: str
    folder: Path
    federation: LocalFederation

    def __call__(self, *words: object, home: bool = False) -> Any:
        """Run a command; returns what it printed."""
        more = ("--home", self.federation.home) if home else ()
        words = (*words, *more, "--json")
        variables = {"FOMREPO_CONFIG": str(self.folder / "config.toml")}
        done = CliRunner().invoke(app, list(map(str, words)), env=variables)
        assert done.exit_code == 0, done.output
        return [json.loads(line) for line in done.stdout.splitlines()]

    def approve(self, bundle: Bundle) -> None:
        """Approve a method of ada's, and let a site publish it."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FOMREPO_CONFIG", str(self.folder / "config.toml"))
            signer = open_key()
        with open_administration(self.federation.home) as administration:
            lock = environment_of(administration.trust.snapshot().listed, bundle).lock_digest
            statement = ReviewStatement.about(
                bundle, environment_digest=lock, author="ada", reviewer=self.name, signed=int(time.time())
            )
            signed = SignedMethod(pack_files(bundle.files), (signer.approve(statement),))
            administration.catalog.methods.publish(signed, canonical_json(dict(bundle.schema.source)).decode())


@pytest.fixture(scope="module")
def reviewer(federation: LocalFederation, tmp_path_factory: pytest.TempPathFactory) -> Reviewer:
    """Return a reviewer at site-b whose key was published and accepted by commands."""
    folder = tmp_path_factory.mktemp("bob")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOMREPO_CONFIG", str(folder / "config.toml"))
        ca = federation.ca.read_text()
        write_profile("default", Profile((federation["site-b"].address,), federation.token("bob"), ca))
    bob = Reviewer("bob", folder, federation)
    bob("key", "new")
    (published,) = bob("key", "publish")
    assert (published["owner"], published["state"]) == ("bob", "published")
    bob("key", "accept", published["key"][:16], "--institution", "Oxford", home=True)
    (mine,) = (one for one in bob("key", "list") if one["owner"] == "bob")
    assert (mine["state"], mine["institution"], mine["name"]) == ("accepted", "Oxford", "default")
    return bob


@pytest.fixture
def method(
    request: pytest.FixtureRequest, federation: LocalFederation, reviewer: Reviewer, tmp_path: Path
) -> Iterator[str]:
    """Return the name of a published method of this test's own, callable at all sites."""
    name = f"counts_{abs(hash(request.node.name)) % 10**8}"
    body = "return {'n': sum(1 for _ in frames)}"
    reviewer.approve(read_bundle(read_folder(draft(tmp_path / name, body, name=name))))
    for site in federation.sites:
        with federation.connect("bob", site=site) as connected:
            until(lambda repo=connected: _is_there(repo, name))
    return name


def _is_there(repo: Repository, name: str) -> bool:
    repo.whoami()  # hears of the newest snapshot
    try:
        repo.method(name)
    except (MethodNotTrustedError, NotFoundError):
        return False
    return True


@pytest.fixture
def record(federation: LocalFederation, repo: Repository) -> Record:
    """Return a record of the user's own at site-a and site-b."""
    made = deposit_adk(repo)
    replicate(repo, made.accession, "site-b")
    return made


def refused(federation: LocalFederation, site: str, user: str, record: Record, method: str) -> FomrepoError:
    """What a site says to a call that names the exact version, as a script that pins it does."""
    with raw_client(federation, site, federation.token(user)) as client:
        return error_of(client.calls.Call, call_request(record.accession, TRAJECTORY, method, version="0.1.0"))


def test_a_revocation_reaches_every_site_within_seconds(
    federation: LocalFederation, reviewer: Reviewer, repo: Repository, user: str, record: Record, method: str
) -> None:
    first, other = record[TRAJECTORY].methods[method](), record[TRAJECTORY].methods[method](step=2)
    assert (first.n, other.n, other.provenance.way) == (98, 49, "hot")  # in a child beside the data
    assert record[TRAJECTORY].methods[method]().cached
    (told,) = reviewer("method", "revoke", method, "0.1.0", "--yes", "--reason", "it counts one too few")
    assert told["state"] == "revoked"
    before, begun = runs(federation), time.monotonic()
    for site in federation.sites:
        error = refused(federation, site, user, record, method)
        assert isinstance(error, MethodNotTrustedError), site
        assert f"{method} 0.1.0 was revoked: it counts one too few" in error.message
        with raw_client(federation, site, federation.token(user)) as client:
            fresh = call_request(record.accession, TRAJECTORY, method, version="0.1.0")
            fresh.frames.step = 3
            assert isinstance(error_of(client.calls.Call, fresh), MethodNotTrustedError)
            for answer in (first, other):
                kept = calls_pb2.ReadResultRequest(operation=answer.provenance.operation)
                assert isinstance(error_of(client.calls.ReadResult, kept), MethodNotTrustedError)
    assert time.monotonic() - begun < REACHED_S
    assert runs(federation) == before  # neither a child that waited beside the data, nor what was kept


def test_what_it_computed_is_given_to_nobody_and_its_owner_is_told(
    federation: LocalFederation, reviewer: Reviewer, repo: Repository, user: str, record: Record, method: str
) -> None:
    first = record[TRAJECTORY].methods[method]()
    operation = first.provenance.operation
    kept = sorted((federation["site-a"].home / "cache").rglob("objects/*/*"))
    reviewer("method", "revoke", method, "0.1.0", "--yes", "--reason", "it is wrong")
    with pytest.raises(MethodNotTrustedError, match="was revoked: it is wrong"):
        repo.operation(operation).result()
    repo.whoami()  # hears of the newest snapshot
    with pytest.raises(MethodNotTrustedError, match=rf"{method} 0\.1\.0 was revoked: it is wrong\n.*tainted {method}"):
        record[TRAJECTORY].methods[method]()
    touched = repo.trust.tainted(method)
    assert [(one.operation, one.method, one.version, one.reason) for one in touched] == [
        (operation, method, "0.1.0", "it is wrong")
    ]
    assert touched[0].files == (f"{record.accession}.v1/{TRAJECTORY}",)
    with federation.connect("somebody-else") as other:
        assert other.trust.tainted(method) == []
    access = {"FOMREPO_ADDRESS": federation["site-c"].address, "FOMREPO_CA": str(federation.ca)}
    asked = ["method", "tainted", method, "--json"]
    told = CliRunner().invoke(app, asked, env=access | {"FOMREPO_TOKEN": federation.token(user)})
    assert json.loads(told.stdout)["operation"] == operation
    until(lambda: len(sorted((federation["site-a"].home / "cache").rglob("objects/*/*"))) < len(kept))


def test_what_is_deprecated_runs_with_a_warning(
    federation: LocalFederation, reviewer: Reviewer, repo: Repository, record: Record, method: str
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert record[TRAJECTORY].methods[method]().n == 98
    reviewer("method", "deprecate", method, "0.1.0", "--reason", "count them yourself")
    repo.whoami()
    with pytest.warns(FutureWarning, match=rf"{method} 0\.1\.0 is deprecated: count them yourself"):
        assert record[TRAJECTORY].methods[method]().n == 98


def test_operators_revoke_on_the_founders_machine(
    federation: LocalFederation, reviewer: Reviewer, user: str, record: Record, method: str
) -> None:
    reviewer("method", "revoke", method, "0.1.0", "--yes", "--reason", "found by its operator", home=True)
    error = refused(federation, "site-c", user, record, method)
    assert isinstance(error, MethodNotTrustedError)
    assert "found by its operator" in error.message


def test_nobody_else_judges_a_method(federation: LocalFederation, method: str, tmp_path: Path) -> None:
    with federation.connect("eve") as repo:
        key = _key_of(tmp_path, "eve")
        repo.trust.publish_key(key)
        with pytest.raises(MethodNotTrustedError, match="is not signed by a reviewer of this federation"):
            repo.trust.judge(repo.method(method), MethodState.REVOKED, "x", key)
        assert _is_there(repo, method)


def test_a_key_is_published_by_who_has_it(federation: LocalFederation, reviewer: Reviewer, tmp_path: Path) -> None:
    key = _key_of(tmp_path, "eve")
    with federation.connect("eve") as repo:
        assert repo.trust.publish_key(key, label="laptop").label == "laptop"
        mine = [one for one in repo.trust.keys().keys if one.owner == "eve"]
        assert key.file.id in {one.id for one in mine}
    with federation.connect("mallory") as repo:
        with pytest.raises(FomrepoError, match="somebody else published this key"):
            repo.trust.publish_key(key)
        with pytest.raises(NotFoundError, match="there is no key"):
            repo.trust.revoke_key(key.file.id)
        assert key.file.id not in {one.id for one in repo.trust.keys().keys}


def _key_of(folder: Path, name: str) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOMREPO_CONFIG", str(folder / name / "config.toml"))
        new_key()
        return open_key()
