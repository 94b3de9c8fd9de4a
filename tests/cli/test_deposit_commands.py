"""A folder becomes a record by commands, one step after another."""

from __future__ import annotations

import tomllib
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from MDAnalysisTests import datafiles

from fomrepo.cli import deposit_init
from tests.cli.conftest import CommandLine

pytestmark = pytest.mark.timeout(600)  # the first start on a machine builds the guest environment

WORDS = ("--title", "AdK, in steps", "--creator", "Ada Lovelace (0000-0002-1825-0097)", "--licence", "CC-BY-4.0",
         "--category", "transition path")  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two topologies, two trajectories, and other things."""
    folder = tmp_path / "adk"
    folder.mkdir()
    for name, source in (("adk.psf", datafiles.PSF), ("adk.dcd", datafiles.DCD), ("other.gro", datafiles.GRO_velocity)):
        (folder / name).write_bytes(Path(source).read_bytes())
    (folder / "notes.txt").write_text("Nothing that a probe knows.\n")
    (folder / ".hidden").write_text("x")
    return folder


def test_a_folder_becomes_a_record(run: CommandLine, folder: Path) -> None:
    document = run("deposit", "init", folder, *WORDS, "--json").document
    assert document["looked_at"]
    assert document["files"] == [
        {"name": "adk.dcd", "topology": "adk.psf"},  # paired by its number of atoms
        {"name": "adk.psf", "topology": None},
        {"name": "other.gro", "topology": None},
    ]
    assert list(document["left_out"]) == ["notes.txt"]
    assert (document["refused"], document["alone"]) == ({}, [])
    text = (folder / "fomrepo.toml").read_text()
    assert 'name = "adk.dcd"  # DCD, 3,341 atoms, 98 frames' in text
    public = text.replace('visibility = "private"', 'visibility = "public"\nembargo_until = 2035-01-31')
    (folder / "fomrepo.toml").write_text(public + 'temperature = "300 K"\n')
    assert tomllib.loads(text)["licence"] == "CC-BY-4.0"
    checked = run("deposit", "check", folder, "--json").document
    assert (checked["where"], checked["missing"]) == ("on this machine", [])
    assert [one["refusal"] for one in checked["files"]] == [None, None, None]
    assert run("deposit", "status", folder, "--json").document["state"] == "none"
    pushed = run("deposit", "push", folder, "--json").document
    assert (pushed["sent"], pushed["way"]) == (["adk.dcd", "adk.psf", "other.gro"], "door")
    assert "nothing to do" in run("deposit", "push", folder).out
    status = run("deposit", "status", folder, "--json").document
    assert (status["state"], [one["verified"] for one in status["files"]]) == ("draft", [True, True, True])
    submitted = run("deposit", "submit", folder, "--json").document
    accession = submitted["accession"]
    assert submitted["state"] == "embargoed"
    assert run("deposit", "submit", folder).out.strip() == accession
    assert f"it is {accession}" in run("deposit", "push", folder).out
    record = run("show", accession, "--json").document
    assert (record["title"], record["path"]) == ("AdK, in steps", "/alice/adk-in-steps")
    assert [one["topology"] for one in record["files"]] == ["adk.psf", None, None]


def test_similar_data_is_told_before_it_is_sent_and_afterwards(
    run: CommandLine, alone: CommandLine, tmp_path: Path
) -> None:
    """What is sent may be content that is known; before that its system is."""
    folder = tmp_path / "like"
    folder.mkdir()
    (folder / "adk.psf").write_bytes(Path(datafiles.PSF).read_bytes())
    known = run("deposit", folder / "adk.psf", "--title", f"Known of {tmp_path.name}", "--json").document["accession"]
    assert run("deposit", "init", folder, *WORDS, "--title", "Like what is known").status == 0

    def found(*words: str) -> list[str]:
        document = run("deposit", *words, folder, "--json").document
        return next(one["same"] for one in document["similar"] if one["accession"] == known)

    assert "no site was asked for similar data" in alone("deposit", "check", folder).err
    assert found("check") == ["sequence", "composition", "size"]
    assert run("deposit", "push", folder).status == 0
    assert found("status") == ["content"]
    assert f"you may see data similar to {folder}" in run("deposit", "status", folder).err
    assert found("submit")[:2] == found("status")[:2] == ["content", "sequence"]


def test_a_site_looks_where_it_is_asked_to(run: CommandLine, folder: Path) -> None:
    assert run("deposit", "init", folder, *WORDS, "--title", "At a site").status == 0
    (folder / "adk.dcd").write_bytes((folder / "adk.dcd").read_bytes()[:-1000])
    failed = run("deposit", "check", folder, "--at", "site-b", "--json")
    assert (failed.status, failed.document["where"]) == (1, "at site-b")
    refusals = {one["name"]: one["refusal"] for one in failed.document["files"]}
    assert refusals["adk.dcd"]["facts"]["reason"] == "truncated"
    assert refusals["adk.psf"] is None
    refused = run("deposit", "submit", folder, "--json").failure
    assert (refused["error"], "deposit push" in refused["remedy"]) == ("file_refused", True)
    assert run("deposit", "status", folder, "--json").document["refusal"] == refused
    (folder / "adk.dcd").write_bytes(Path(datafiles.DCD).read_bytes())
    again = run("deposit", "push", folder, "--wire", "--json").document
    assert (again["site"], again["sent"], again["way"]) == ("site-b", ["adk.dcd"], "wire")
    assert run("deposit", "status", folder, "--json").document["refusal"] is None
    assert run("deposit", "submit", folder).status == 0


def test_what_will_be_of_no_use_is_said_at_once(alone: CommandLine, tmp_path: Path) -> None:
    """A run that died amid a frame, a trajectory without its topology, and a folder in the folder."""
    folder = tmp_path / "runs"
    (folder / "more").mkdir(parents=True)
    (folder / "cut.xtc").write_bytes(Path(datafiles.XTC).read_bytes()[:200_000])
    (folder / "lone.dcd").write_bytes(Path(datafiles.DCD).read_bytes())
    said = alone("deposit", "init", folder, *WORDS).err
    assert "a site will refuse it as it is: cut.xtc is cut off" in said
    assert "no file of this folder has the atoms of lone.dcd" in said
    assert "left out: more: a folder; deposit it by itself" in said
    with (folder / "fomrepo.toml").open("a") as plan:  # which ends with [metadata]
        plan.write('ensembel = "NPT"\n')
    checked = alone("deposit", "check", folder, "--json")
    assert "did you mean 'ensemble'?" in checked.err
    assert (checked.status, checked.document["alone"]) == (1, ["lone.dcd"])


def test_what_nothing_tells_is_asked_for(alone: CommandLine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two topologies fit the trajectory, of which neither has its name; an answer that cannot be is asked for again."""
    monkeypatch.setattr(deposit_init, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    monkeypatch.setattr(deposit_init, "looking_here", lambda folder, say, brief: nullcontext(None))
    for name, new in (("adk.psf", "first.psf"), ("other.gro", "second.gro")):
        (folder / name).rename(folder / new)
    (folder / "third.psf").write_bytes((folder / "first.psf").read_bytes())
    answers = [
        "AdK, asked for",
        "Ada (0000-0002-1825-0098)",
        "Ada; Bob",
        "as you like!",
        "CC0-1.0",
        "one; two",
        "x",
        "third.psf",
    ]
    done = alone("deposit", "init", folder, typed="\n".join(answers) + "\n")
    assert done.status == 0, done.err
    plan = tomllib.loads((folder / "fomrepo.toml").read_text())
    assert (plan["title"], plan["licence"], plan["category"]) == ("AdK, asked for", "CC0-1.0", ["one", "two"])
    assert plan["creators"] == [{"name": "Ada"}, {"name": "Bob"}]
    assert {one["name"]: one.get("topology") for one in plan["files"]} == {
        "adk.dcd": "third.psf", "first.psf": None, "second.gro": None, "third.psf": None,
    }  # fmt: skip
    assert "no ORCID" in done.err
    assert "SPDX" in done.err


def test_a_plan_is_written_whole_or_not_at_all(
    alone: CommandLine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(deposit_init, "looking_here", lambda folder, say, brief: nullcontext(None))
    with monkeypatch.context() as amid:
        amid.setattr(Path, "replace", interrupted)
        assert alone("deposit", "init", folder, *WORDS).status == 130
    assert not (folder / "fomrepo.toml").exists()
    assert alone("deposit", "init", folder, *WORDS, "--pair", "adk.dcd=adk.psf").status == 0
    assert {one["name"] for one in tomllib.loads((folder / "fomrepo.toml").read_text())["files"]} == {
        "adk.dcd", "adk.psf", "other.gro"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["init", "{folder}", "--yes"], "nothing says title, creators, licence, category"),
        (["init", "{folder}", *WORDS, "--creator", "Bob (0000-0002-1825-0098)"], "no ORCID"),
        (["init", "{folder}", *WORDS, "--licence", "do what you like!"], "SPDX"),
        (["init", "{folder}", *WORDS, "--pair", "adk.dcd"], "names no pair"),
        (["init", "/nowhere", *WORDS], "no folder"),
        (["push", "{folder}"], "there is no"),
        (["check", "/nowhere"], "deposit init"),
        (["pus", "{folder}"], "did you mean 'push'?"),
        (["{folder}", "--title", "x"], "deposit init {folder}"),
    ],
)
def test_bad_input_is_one_clear_error(run: CommandLine, tmp_path: Path, words: list[str], said: str) -> None:
    (tmp_path / "adk.psf").write_bytes(Path(datafiles.PSF_TRICLINIC).read_bytes())
    failed = run("deposit", *(word.format(folder=tmp_path) for word in words), "--json")
    assert failed.status == 1
    assert said.format(folder=tmp_path) in failed.err
    assert failed.failure["remedy"]
    assert not (tmp_path / "fomrepo.toml").exists()
