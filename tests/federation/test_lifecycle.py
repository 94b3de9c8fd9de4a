"""What becomes of records: published, under an embargo, superseded, withdrawn, at all sites alike."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.errors import ArgumentError, ConflictError, NotAllowedError, NotFoundError, WithdrawnError
from fomrepo.model.audit import CLOCK, AuditEntry
from fomrepo.model.systems import ComparedFile, fingerprints
from fomrepo.site.administration import open_administration
from fomrepo.testing import LocalFederation
from fomrepo.wire.v1 import files_pb2
from tests.federation.raw import raw_client, refused, said
from tests.federation.records import TOPOLOGY, TRAJECTORY, adk_files, blobs, deposit_adk, replicate, until

#: An accession that nobody has: the draws have six digits.
ABSENT = "FOM-900000000000"
LICENCE = "CC-BY-4.0"


@pytest.fixture(scope="module")
def federation(own_federation: LocalFederation) -> LocalFederation:
    """Three sites of this module's own: what is published here, the others' strangers would see."""
    return own_federation


@pytest.fixture
def others(federation: LocalFederation, stranger: str) -> Iterator[Repository]:
    """Return the client of somebody who shares no project, at another site."""
    with federation.connect(stranger, site="site-b") as connected:
        yield connected


def settle(repo: Repository, record: Record) -> None:
    """Wait until the quality checks of a record have been run."""
    until(lambda: all(one.settled for one in repo.quality.of(record.versioned)), timeout_s=120)


def published(repo: Repository, **how: str) -> Record:
    """Deposit and publish a record."""
    record = deposit_adk(repo, **how)
    settle(repo, record)
    return repo.lifecycle.publish(record.accession, licence=LICENCE)


def audited(federation: LocalFederation, subject: str) -> list[AuditEntry]:
    """Read the entries of the audit log that are about something."""
    with open_administration(federation.home) as administration:
        return [one for one in administration.catalog.audit.all() if one.subject == subject]


def test_what_is_published_is_everybodys_for_good(
    federation: LocalFederation, repo: Repository, others: Repository, user: str
) -> None:
    record = deposit_adk(repo)
    settle(repo, record)
    with pytest.raises(NotFoundError):
        others[record.accession]
    with pytest.raises(ArgumentError, match="licence"):
        repo.lifecycle.publish(record.accession)
    done = repo.lifecycle.publish(record.accession, licence="cc-by-4.0")
    assert (done.state, done.licence, done.versioned) == ("published", LICENCE, record.versioned)
    found = others[record.accession]
    assert found[TRAJECTORY].radius_of_gyration(stop=2).provenance.inputs[0][0] == record.versioned
    assert record.accession in [one.accession for one in others.records()]
    assert repo.lifecycle.publish(record.accession, licence=LICENCE).state == "published"
    with pytest.raises(ConflictError, match=f"published under {LICENCE}"):
        repo.lifecycle.publish(record.accession, licence="CC0-1.0")
    for change in (
        lambda: others.lifecycle.withdraw(record.accession, "I do not like it"),
        lambda: others.lifecycle.supersede(record.accession, record.accession),
    ):
        with pytest.raises(NotAllowedError, match=f"members of the project '{user}'"):
            change()
    entries = audited(federation, record.versioned)
    assert [(one.actor, one.action) for one in entries] == [(user, "deposit accepted"), (user, "published")]


def test_an_embargo_ends_on_its_date_by_itself(
    federation: LocalFederation, repo: Repository, others: Repository
) -> None:
    record = deposit_adk(repo)
    settle(repo, record)
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    with pytest.raises(ArgumentError, match="embargo cannot end"):
        repo.lifecycle.publish(record.accession, licence=LICENCE, embargo_until=yesterday)
    ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    done = repo.lifecycle.publish(record.accession, licence=LICENCE, embargo_until=ends)
    assert (done.state, done.public_from) == ("embargoed", ends)
    with pytest.raises(NotFoundError):
        others[record.accession]
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=3)
    assert repo.lifecycle.set_embargo(record.accession, soon).public_from == soon
    assert repo[record.accession].state == "embargoed"
    with pytest.raises(NotFoundError):
        others[record.accession]
    time.sleep(max(0.0, (soon - datetime.datetime.now(datetime.UTC)).total_seconds()) + 0.1)
    assert others[record.accession].state == repo[record.accession].state == "published"
    until(lambda: [one.actor for one in audited(federation, record.versioned)][-1] == CLOCK)
    with pytest.raises(ConflictError, match="under no embargo"):
        repo.lifecycle.set_embargo(record.accession, ends)


def test_of_what_was_withdrawn_a_tombstone_stays(
    federation: LocalFederation, repo: Repository, others: Repository, tmp_path: Path
) -> None:
    record = published(repo)
    replicate(repo, record.accession, "site-b")
    theirs = others[record.accession][TRAJECTORY]
    answer = theirs.radius_of_gyration(stop=3)
    kept = {site: blobs(federation, site) for site in federation.sites}
    gone = repo.lifecycle.withdraw(record.accession, "the thermostat was wrong")
    assert (gone.state, gone.files, gone.reason) == ("withdrawn", (), "the thermostat was wrong")
    tombstone = others[record.accession]
    assert (tombstone.title, tombstone.owner, tombstone.reason) == (record.title, record.owner, gone.reason)
    for use in (
        lambda: theirs.radius_of_gyration(stop=3),
        lambda: theirs.rmsd(stop=3),
        lambda: others.operation(answer.operation).result(),
        lambda: others.replicate(record.versioned, "site-c"),
        lambda: theirs.download(tmp_path),
        lambda: tombstone[TRAJECTORY],
        lambda: tombstone.require_files(),
        lambda: repo.lifecycle.publish(record.accession, licence=LICENCE),
    ):
        with pytest.raises(WithdrawnError, match=r"was withdrawn on .*: the thermostat was wrong"):
            use()
    assert others.replicas(record.versioned) == []
    until(lambda: any(set(kept[site]) - set(blobs(federation, site)) for site in kept))
    assert repo.lifecycle.withdraw(record.accession, "another reason").reason == gone.reason


def test_a_tombstone_of_what_was_private_is_private(
    federation: LocalFederation, repo: Repository, stranger: str
) -> None:
    record = deposit_adk(repo)
    repo.lifecycle.withdraw(record.accession, "deposited by mistake")
    assert repo[record.accession].state == "withdrawn"
    with raw_client(federation, "site-a", federation.token(stranger)) as client:
        answers = [
            said(refused(client.files.GetRecord, files_pb2.GetRecordRequest(record=one)))
            for one in (ABSENT, record.accession)
        ]
    assert [one[0] for one in answers] == [answers[0][0]] * 2
    assert str(answers[0][1]).replace(ABSENT, record.accession) == answers[1][1]


def test_what_is_anothers_fails_exactly_as_what_is_not_there(repo: Repository, others: Repository) -> None:
    record = deposit_adk(repo)
    mine = deposit_adk(others).accession
    for ask in (
        lambda one: others.lifecycle.publish(one, licence=LICENCE),
        lambda one: others.lifecycle.set_embargo(one, None),
        lambda one: others.lifecycle.supersede(one, None),
        lambda one: others.lifecycle.supersede(mine, one),
        lambda one: others.lifecycle.withdraw(one, "a reason"),
        lambda one: others.lifecycle.similar(one),
    ):
        said = []
        for name in (record.accession, ABSENT):
            with pytest.raises(NotFoundError) as caught:
                ask(name)
            said.append((caught.value.message.replace(name, "RECORD"), caught.value.remedy, dict(caught.value.facts)))
        assert said[0] == said[1]


def test_an_old_version_says_what_superseded_it_to_those_who_may_see_that(repo: Repository, others: Repository) -> None:
    first = published(repo)
    second = deposit_adk(repo, new_version_of=first.accession, title="ignored")
    assert repo[first.versioned].superseded_by == second.versioned
    seen = others[first.accession]
    assert (seen.versioned, seen.superseded_by, seen._version.current) == (first.versioned, None, True)
    settle(repo, second)
    repo.lifecycle.publish(second.versioned, licence=LICENCE)
    assert others[first.versioned].superseded_by == second.versioned
    assert others[first.versioned][TRAJECTORY].info().n_atoms == 3341
    another = published(repo, title="Another simulation")
    assert repo.lifecycle.supersede(first.versioned, another.accession).superseded_by == another.versioned
    with pytest.raises(ConflictError, match="was itself superseded"):
        repo.lifecycle.supersede(another.accession, first.versioned)
    assert repo.lifecycle.supersede(first.versioned, None).superseded_by == second.versioned


def test_nobody_learns_who_else_has_the_same_bytes(
    federation: LocalFederation, repo: Repository, others: Repository, tmp_path: Path
) -> None:
    files = adk_files(tmp_path)
    mine, theirs = (who.deposit(*files, title="The same bytes") for who in (repo, others))
    assert {one.site for one in repo.replicas(mine.versioned)} == {"site-a"}
    assert {one.site for one in others.replicas(theirs.versioned)} == {"site-b"}
    assert mine[TRAJECTORY].radius_of_gyration(stop=1).site == "site-a"
    assert theirs[TRAJECTORY].radius_of_gyration(stop=1).site == "site-b"
    assert [one.site for one in mine[TRAJECTORY].explain("radius_of_gyration", stop=1).options] == ["site-a"]
    assert not any(one.contents for one in repo.lifecycle.similar(mine.accession))
    replicate(repo, mine.accession, "site-b")
    assert {one.site for one in repo.replicas(mine.versioned)} == {"site-a", "site-b"}
    assert {one.site for one in others.replicas(theirs.versioned)} == {"site-b"}


def test_similar_records_are_listed_as_far_as_one_may_see_them(repo: Repository, others: Repository) -> None:
    mine = deposit_adk(repo)
    theirs = deposit_adk(others)
    assert mine.accession not in [one.record.accession for one in others.lifecycle.similar(theirs.accession)]
    settle(repo, mine)
    repo.lifecycle.publish(mine.accession, licence=LICENCE)
    found = {one.record.accession: one for one in others.lifecycle.similar(theirs.accession)}
    assert "size" in found[mine.accession].same
    assert found[mine.accession].contents == ()
    with pytest.raises(NotFoundError):
        repo.lifecycle.similar(theirs.accession)
    file = mine[TOPOLOGY]
    unsent = [ComparedFile("new.psf", fingerprints=dict(fingerprints(file.facts)))]
    assert mine.accession in [one.record.accession for one in others.lifecycle.similar_to(unsent)]
    assert theirs.accession not in [
        one.record.accession for one in others.lifecycle.similar_to(unsent, but=theirs.path)
    ]
    assert theirs.accession not in [one.record.accession for one in repo.lifecycle.similar_to(unsent)]


def test_the_audit_log_of_real_sites_holds(federation: LocalFederation) -> None:
    with open_administration(federation.home) as administration:
        until(lambda: administration.catalog.audit.seals())
        assert list(administration.audit_faults()) == []
        assert administration.catalog.audit.head()[0] > 0
