"""Bad input: one clear error that names the thing and the remedy, a non-zero exit, and nothing left behind."""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from MDAnalysisTests.datafiles import DCD, GRO, PDB, PSF, TRR, XTC

from fomrepo.cli import app
from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.errors import ArgumentError
from fomrepo.site.administration import open_administration
from fomrepo.site.certificates import new_authority
from fomrepo.testing import LocalFederation
from tests.federation.records import TOPOLOGY, TRAJECTORY, bytes_on_their_way, runs


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed and how it ended."""

    status: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def fomrepo(
    federation: LocalFederation,
    user: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Command:
    """Return the command line of a new user at site-a."""
    monkeypatch.setenv("FOMREPO_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("FOMREPO_ADDRESS", federation["site-a"].address)
    monkeypatch.setenv("FOMREPO_TOKEN", federation.token(user))
    monkeypatch.setenv("FOMREPO_CA", str(federation.ca))

    def run(*arguments: str | Path) -> Said:
        with pytest.raises(SystemExit) as ended:
            app([str(one) for one in arguments])
        printed = capsys.readouterr()
        return Said(int(ended.value.code or 0), printed.out, printed.err)

    return run


def is_one_clear_error(said: Said, *words: str) -> None:
    """Assert that a command ended with one error that names these things, and what to do."""
    assert said.status in (1, 2), said
    text = re.sub(r"\s+", " ", said.err)
    for word in words:
        assert word in text, said.err
    assert "Traceback" not in said.err
    assert said.status == 2 or "mend it:" in said.err, said.err


# --- deposits ---------------------------------------------------------------------------------------------------------


def cut(source: str, folder: Path, *, keep: float) -> Path:
    """Copy the first part of a file."""
    content = Path(source).read_bytes()
    target = folder / Path(source).name
    target.write_bytes(content[: int(len(content) * keep)])
    return target


def named(source: str | bytes, folder: Path, name: str) -> Path:
    """Copy a file, or write bytes, under another name."""
    target = folder / name
    if isinstance(source, bytes):
        target.write_bytes(source)
    else:
        shutil.copy(source, target)
    return target


REFUSED: dict[str, tuple[Callable[[Path], tuple[Path, ...]], tuple[str, ...]]] = {
    "a truncated DCD": (lambda f: (Path(PSF), cut(DCD, f, keep=0.503)), ("adk_dims.dcd", "cut off")),
    "a truncated XTC": (lambda f: (Path(GRO), cut(XTC, f, keep=0.503)), (Path(XTC).name, "cut off")),
    "a truncated TRR": (lambda f: (Path(GRO), cut(TRR, f, keep=0.503)), (Path(TRR).name, "cut off")),
    "a truncated PSF": (lambda f: (cut(PSF, f, keep=0.3), Path(DCD)), ("adk.psf",)),
    "a truncated GRO": (lambda f: (cut(GRO, f, keep=0.5), Path(XTC)), (Path(GRO).name,)),
    "a header and nothing else": (lambda f: (Path(PSF), cut(DCD, f, keep=0.0001)), ("adk_dims.dcd",)),
    "another number of atoms": (lambda f: (Path(PSF), Path(XTC)), (Path(XTC).name, "3341", "47681")),
    "a PDB named .xtc": (lambda f: (Path(GRO), named(PDB, f, "traj.xtc")), ("traj.xtc", "PDB", "XTC")),
    "a DCD named .psf": (lambda f: (named(DCD, f, "top.psf"),), ("top.psf", "DCD", "PSF")),
    "noise": (lambda f: (Path(PSF), named(bytes(range(256)) * 99, f, "noise.dcd")), ("noise.dcd",)),
    "a text": (lambda f: (named(b"to whom it may concern\n", f, "letter.txt"),), ("letter.txt",)),
    "a missing file": (lambda f: (Path(PSF), f / "gone.dcd"), ("gone.dcd", "No such file")),
    "a folder": (lambda f: (Path(PSF), f), (" is no file",)),
    "an empty file": (lambda f: (Path(PSF), named(b"", f, "empty.dcd")), ("empty.dcd", "empty")),
    "two files of one name": (lambda f: (Path(PSF), named(PSF, f, "adk.psf")), ("adk.psf", "two files")),
    "no topology": (lambda f: (Path(DCD),), ("adk_dims.dcd", "topology")),
    "a hidden name": (lambda f: (named(PSF, f, ".adk.psf"),), (".adk.psf", "rename")),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_deposit_that_cannot_be_taken(
    fomrepo: Command, federation: LocalFederation, user: str, tmp_path: Path, what: str
) -> None:
    paths, words = REFUSED[what]
    before = [sorted((federation["site-a"].home / "vault" / "objects").glob("*/*")), *_waiting(federation)]
    is_one_clear_error(fomrepo("deposit", *paths(tmp_path), "--title", f"It is {what}"), *words)
    with federation.connect(user) as repo:
        assert list(repo.records()) == []
    assert [sorted((federation["site-a"].home / "vault" / "objects").glob("*/*")), *_waiting(federation)] == before


def _waiting(federation: LocalFederation) -> list[str]:
    return bytes_on_their_way(federation, "site-a")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--title", ""), ("title",)),
        (("--title", "x" * 400), ("title",)),
        (("--title", "two\nlines"), ("title",)),
        (("--title", "t", "--project", "nobodys"), ("'nobodys'", "--project")),
        (("--title", "t", "--name", "Not A Slug"), ("Not A Slug",)),
        (("--title", "t", "--licence", "CC-BY"), ("'CC-BY'", "SPDX", "CC-BY-4.0")),
        (("--title", "t", "--new-version-of", "FOM-999999"), ("FOM-999999", "fomrepo ls")),
        (("--title", "t", "--new-version-of", "adk"), ("'adk'", "FOM-402917")),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_a_deposit_that_is_described_wrongly(
    fomrepo: Command, federation: LocalFederation, user: str, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    is_one_clear_error(fomrepo("deposit", PSF, *options), *words)
    with federation.connect(user) as repo:
        assert list(repo.records()) == []


# --- calls ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def as_owner(fomrepo: Command, federation: LocalFederation, adk: Record, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return the command line of the shared record's owner."""
    monkeypatch.setenv("FOMREPO_TOKEN", federation.token(adk.owner))
    return fomrepo


CALLS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "a text for a frame": (TRAJECTORY, ("rmsd", "--ref-frame", "first"), ("first",)),
    "a text for a step": (TRAJECTORY, ("rmsd", "--step", "many"), ("--step", "integer")),
    "an unknown option": (TRAJECTORY, ("rmsd", "--selection", "name CA"), ("selection", "select")),
    "an unknown method": (TRAJECTORY, ("rsmd",), ("rsmd", "rmsd")),
    "an unknown version": (TRAJECTORY, ("rmsd", "--version", "9.9.9"), ("9.9.9", "1.0.0")),
    "an unknown file": ("adk_dism.dcd", ("rmsd",), ("adk_dism.dcd", "adk_dims.dcd")),
    "a method of another type": (TOPOLOGY, ("rmsd",), (TOPOLOGY,)),
    "no atoms": (TRAJECTORY, ("rmsd", "--select", "name XX"), ("name XX", "adk_dims.dcd", "no atom")),
    "no selection": (TRAJECTORY, ("rmsd", "--select", ""), ("select",)),
    "a broken selection": (TRAJECTORY, ("rmsd", "--select", "name CA and ("), ("name CA and (", "no selection")),
    "a selection of a wrong word": (TRAJECTORY, ("rmsd", "--select", "foo bar baz"), ("foo bar baz",)),
    "a frame beyond the end": (TRAJECTORY, ("rmsd", "--ref-frame", "98"), ("98", "frame")),
    "frames beyond the end": (TRAJECTORY, ("rmsd", "--frames", "5,500"), ("500",)),
    "no frame": (TRAJECTORY, ("rmsd", "--start", "50", "--stop", "10"), ("frame",)),
    "a step of nothing": (TRAJECTORY, ("rmsd", "--step", "0"), ("step",)),
    "a range and a list": (TRAJECTORY, ("rmsd", "--frames", "1", "--step", "2"), ("frames",)),
}


@pytest.mark.parametrize("what", CALLS)
def test_a_call_that_means_nothing(as_owner: Command, adk: Record, what: str) -> None:
    file, arguments, words = CALLS[what]
    said = as_owner("call", f"{adk.accession}/{file}", *arguments)
    is_one_clear_error(said, *words)
    assert said.out == ""


def test_an_absurd_selection_ends_at_a_limit_or_finds_its_atoms(owner: Repository, adk: Record) -> None:
    traj = owner[adk.accession][TRAJECTORY]
    answer = traj.radius_of_gyration(select="resid 1-999999999", stop=1)
    assert answer.radius_of_gyration.shape == (1,)
    with pytest.raises(ArgumentError, match="10000"):
        traj.rmsd(select=" or ".join(["name CA"] * 2000))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "FOM-999999"), ("FOM-999999", "fomrepo ls")),
        (("show", "/nobody/nothing"), ("/nobody/nothing",)),
        (("show", "402917"), ("402917", "FOM-402917")),
        (("get", "FOM-999999/adk.psf"), ("FOM-999999",)),
        (("replicate", "FOM-999999", "--to", "site-b"), ("FOM-999999",)),
        (("operation", "wait", "01900000-0000-7000-8000-000000000000"), ("01900000-0000-7000-8000-000000000000",)),
        (("method", "try", "/nowhere", "FOM-999999/adk.psf"), ("/nowhere",)),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, tuple) else "",
)
def test_a_name_of_nothing(fomrepo: Command, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    is_one_clear_error(fomrepo(*arguments), *words)


def test_a_download_over_another_file(as_owner: Command, adk: Record, tmp_path: Path) -> None:
    (tmp_path / TOPOLOGY).write_text("precious")
    is_one_clear_error(as_owner("get", f"{adk.accession}/{TOPOLOGY}", "--to", tmp_path), "another file")
    assert (tmp_path / TOPOLOGY).read_text() == "precious"


# --- who and where ----------------------------------------------------------------------------------------------------


def test_an_expired_token(
    fomrepo: Command, federation: LocalFederation, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_administration(federation.home) as administration:
        monkeypatch.setenv("FOMREPO_TOKEN", administration.new_token(user, days=-1))
    before = runs(federation)
    for arguments in (("ls",), ("deposit", PSF, "--title", "t"), ("call", "FOM-402917/a.dcd", "rmsd")):
        is_one_clear_error(fomrepo(*arguments), "expired", "fomrepo login")
    assert runs(federation) == before


def test_a_site_that_is_down(fomrepo: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("FOMREPO_ADDRESS", address)
    is_one_clear_error(fomrepo("ls"), address, "fomrepo site serve")


def test_a_certificate_of_another_federation(fomrepo: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "other.pem").write_bytes(new_authority("other").certificate)
    monkeypatch.setenv("FOMREPO_CA", str(tmp_path / "other.pem"))
    is_one_clear_error(fomrepo("ls"), "certificate")
