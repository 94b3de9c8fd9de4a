"""Commands about what becomes of records, and about the audit log."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest
from MDAnalysisTests import datafiles

from fomrepo.site.founding import init_site
from tests.cli.conftest import CommandLine

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def settled(run: CommandLine) -> str:
    """Accession of a fresh record whose quality checks have been run."""
    accession = run("deposit", datafiles.PSF, datafiles.DCD, "--title", f"For good {time.time_ns()}").out.strip()
    until = time.monotonic() + 120
    while any(one["state"] == "waiting" for one in run("quality", "show", accession, "--json").documents):
        assert time.monotonic() < until
        time.sleep(0.2)
    return accession


def test_a_record_is_published_under_an_embargo_and_withdrawn(run: CommandLine, settled: str) -> None:
    refused = run("publish", settled, "--licence", "CC BY", "--yes", "--json")
    assert refused.failure["error"] == "argument"
    assert "SPDX" in refused.failure["remedy"]
    for words in (("--licence", "CC BY"), ("--licence", "MIT", "--embargo-until", "2001-01-01"), ()):
        assert run("publish", settled, *words, "--json", typed="").failure["error"] == "argument"
        assert "cannot be taken back" not in run("publish", settled, *words, typed="").err
    assert run("withdraw", settled, "--reason", "", "--json", typed="").failure["error"] == "argument"
    asked = run("publish", settled, "--licence", "CC-BY-4.0", typed="n\n")
    assert asked.status != 0
    assert "cannot be taken back" in asked.err
    silent = run("publish", settled, "--licence", "CC-BY-4.0", "--json")
    assert silent.status != 0
    assert "--yes" in silent.failure["remedy"]
    until = f"{time.gmtime().tm_year + 1}-06-30"
    done = run("publish", settled, "--licence", "CC-BY-4.0", "--embargo-until", until, "--yes")
    assert done.out == f"{settled}.v1 is embargoed until {until} 00:00 UTC\n"
    assert run("embargo", settled, "--until", "soon", "--json").failure["remedy"] == "write it as 2027-06-30"
    assert run("embargo", settled, "--json").failure["error"] == "argument"
    assert run("embargo", settled, "--lift").out == f"{settled}.v1 is published\n"
    shown = run("show", settled).out
    assert "CC-BY-4.0" in shown
    gone = run("withdraw", settled, "--reason", "the box was wrong", "--yes", "--json").document
    assert (gone["state"], gone["reason"], gone["files"]) == ("withdrawn", "the box was wrong", [])
    assert "the box was wrong" in run("show", settled).out
    assert run("get", f"{settled}/adk_dims.dcd", "--json").failure["error"] in ("withdrawn", "not_found")


def test_what_supersedes_a_record_and_what_is_like_it_is_shown(run: CommandLine, settled: str, adk: str) -> None:
    assert run("supersede", settled, "--by", adk).out == f"{settled}.v1 is private, superseded by {adk}.v1\n"
    assert run("show", settled, "--json").document["superseded_by"] == f"{adk}.v1"
    assert run("supersede", settled, "--by-nothing").out == f"{settled}.v1 is private\n"
    found = {one["accession"]: one for one in run("similar", settled, "--json").documents}
    assert found[adk]["same"][0] == "content"
    assert {"file": "adk.psf", "other": "adk.psf"} in found[adk]["same_files"]
    assert adk in run("similar", settled).out


def test_the_audit_log_is_listed_and_checked(alone: CommandLine, tmp_path: Path) -> None:
    home = init_site(tmp_path / "a", name="site-a")
    assert alone("user", "add", "ada", "--home", home.folder).status == 0
    listed = alone("audit", "list", "--limit", "1", "--home", home.folder, "--json").document
    assert (listed["actor"], listed["action"], listed["subject"]) == ("an operator", "user added", "ada")
    assert "user added" in alone("audit", "list", "--home", home.folder).out
    assert alone("audit", "verify", "--home", home.folder, "--json").document == {
        "ok": True,
        "entries": listed["number"],
        "digest": listed["digest"],
        "faults": [],
    }
    with sqlite3.connect(home.folder / "catalog" / "catalog.db") as database:
        database.execute("DROP TRIGGER audit_fixed")
        database.execute("UPDATE audit SET subject = 'eve' WHERE subject = 'ada'")
    found = alone("audit", "verify", "--home", home.folder)
    assert found.status == 1
    assert f"entry {listed['number']} was changed" in found.out
    assert "the audit log does not hold: 1 fault" in found.err
