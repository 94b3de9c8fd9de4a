"""What a call would do, and how a site ran what it ran, is told."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.errors import ArgumentError, NotFoundError
from fomrepo.model.explanation import Explanation
from fomrepo.testing import LocalFederation
from tests.federation.records import TRAJECTORY, deposit_adk

HEARTBEATS_S = 10.0


def test_a_signed_method_would_run_hot_and_nothing_is_run(owner: Repository, adk: Record) -> None:
    traj = owner[adk.accession][TRAJECTORY]
    told = traj.explain("rmsd", stop=13)
    assert isinstance(told, Explanation)
    assert (told.method, told.way, told.answered) == ("rmsd", "hot", False)
    assert told.site in [one.site for one in told.options if one.up and one.environment]
    assert not traj.rmsd(stop=13).cached, "the explanation has not asked for it"


def test_what_one_was_answered_before_is_said(owner: Repository, adk: Record) -> None:
    traj = owner[adk.accession][TRAJECTORY]
    answer = traj.rmsd(stop=17)
    told = traj.explain("rmsd", stop=17)
    assert told.answered
    assert told.site == answer.site
    assert "you have this answer" in str(told)
    assert f"computed at {answer.site}" in answer.explain()
    assert "hot" in answer.explain()


def test_what_a_colleague_was_answered_is_not_said(federation: LocalFederation, user: str, stranger: str) -> None:
    from fomrepo.site.administration import open_administration

    federation.token(user), federation.token(stranger)
    with open_administration(federation.home) as administration:
        administration.catalog.people.add_project(f"p-{user}", members=[user, stranger])
    with federation.connect(user) as mine, federation.connect(stranger) as theirs:
        record = deposit_adk(mine, project=f"p-{user}")
        before = theirs[record.accession][TRAJECTORY].explain("rmsd", stop=3)
        mine[record.accession][TRAJECTORY].rmsd(stop=3)
        after = theirs[record.accession][TRAJECTORY].explain("rmsd", stop=3)
    assert (before.answered, before.way, before.reason) == (after.answered, after.way, after.reason)
    assert not after.answered


def test_what_may_not_be_seen_cannot_be_explained(federation: LocalFederation, adk: Record, stranger: str) -> None:
    federation.token(stranger)
    with federation.connect(stranger) as other, pytest.raises(NotFoundError):
        other[adk.accession]


def test_wrong_arguments_are_refused_alike(owner: Repository, adk: Record) -> None:
    with pytest.raises(ArgumentError):
        owner[adk.accession][TRAJECTORY].explain("rmsd", selekt="all")


def test_an_operator_sees_which_way_runs_went(owner: Repository, adk: Record, federation: LocalFederation) -> None:
    site = owner[adk.accession][TRAJECTORY].rmsd(stop=23).site
    home = federation.sites[site].home
    deadline = time.monotonic() + HEARTBEATS_S
    while True:
        command = "from fomrepo.cli import app; app()"
        shown = subprocess.run(
            [sys.executable, "-P", "-c", command, "site", "status", "--home", str(home), "--json"],
            capture_output=True,
            text=True,
            check=True,
        )
        rows = {row["site"]: row for row in map(json.loads, shown.stdout.splitlines())}
        if (rows[site]["hot"] and rows[site]["held"]) or time.monotonic() > deadline:
            break
    assert rows[site]["hot"] >= 1
    assert rows[site]["held"] >= 1
    assert rows[site]["held_MiB"] >= 256
