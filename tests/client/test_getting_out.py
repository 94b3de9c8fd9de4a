"""Files onto this disk, several at once; a scripted site can be stopped at any byte."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from fomrepo.cli import app
from fomrepo.client.download import read_range
from fomrepo.client.record import Record
from fomrepo.client.repository import Repository
from fomrepo.client.several_files import fetch_several
from fomrepo.errors import DigestMismatchError, OutcomeRefusedError
from fomrepo.wire.v1 import files_pb2
from tests.client.scripted_site import AUTHORITY, TOKEN, ScriptedSite

CHUNK = 2**16
CONTENTS = {f"run{number}.dcd": bytes([number]) * (2**18 + number) for number in range(6)}


@pytest.fixture
def record(site: ScriptedSite, repo: Repository) -> Record:
    """A record whose files' bytes the site has."""
    site.answers["GetRecord"] = lambda _: files_pb2.Record(
        accession="FOM-402917", version=2, state="private", project="alice", name="adk",
        files=[
            files_pb2.File(name=name, file_type="DCD", digest=hashlib.sha256(data).hexdigest(), size=len(data))
            for name, data in CONTENTS.items()
        ],
    )  # fmt: skip
    site.answers["ReadFile"] = chunks
    return repo["FOM-402917"]


def chunks(request: files_pb2.ReadFileRequest) -> Iterator[files_pb2.Chunk]:
    data = CONTENTS[request.name]
    end = request.offset + request.length if request.length else len(data)
    for start in range(request.offset, min(end, len(data)), CHUNK):
        yield files_pb2.Chunk(data=data[start : min(start + CHUNK, end)])


def test_files_come_side_by_side(site: ScriptedSite, record: Record, tmp_path: Path) -> None:
    together = threading.Barrier(3)

    def answer(request: files_pb2.ReadFileRequest) -> Iterator[files_pb2.Chunk]:
        together.wait(20)
        return chunks(request)

    site.answers["ReadFile"] = answer
    heard: list[tuple[int, int, int]] = []
    paths = fetch_several(
        record.files,
        lambda file, progress: file.download(tmp_path, progress=progress),
        progress=lambda *figures: heard.append(figures),
        at_once=3,
    )
    assert [path.name for path in paths] == list(CONTENTS)
    assert [path.read_bytes() for path in paths] == list(CONTENTS.values())
    total = sum(map(len, CONTENTS.values()))
    assert heard[-1] == (6, total, total)
    assert heard == sorted(heard)


def test_one_bad_file_does_not_keep_the_others(site: ScriptedSite, record: Record, tmp_path: Path) -> None:
    site.answers["ReadFile"] = lambda request: (
        iter([files_pb2.Chunk(data=b"x")]) if request.name == "run0.dcd" else chunks(request)
    )
    with pytest.raises(DigestMismatchError, match=r"run0\.dcd"):
        fetch_several(record.files, lambda file, progress: file.download(tmp_path, progress=progress))
    assert sorted(path.name for path in tmp_path.iterdir()) == list(CONTENTS)[1:]


def test_a_file_that_is_wanted_twice_at_once_comes_once(site: ScriptedSite, record: Record, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: record["run0.dcd"].download(tmp_path), range(4)))
    assert set(found) == {tmp_path / "run0.dcd"}
    assert site.counted["ReadFile"] == 1


def test_where_no_lock_can_be_nobody_is_kept_waiting(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOMREPO_CACHE", "/proc/none")
    assert record["run0.dcd"].download(tmp_path).read_bytes() == CONTENTS["run0.dcd"]


def test_an_interruption_stops_all_and_keeps_what_came(record: Record, tmp_path: Path) -> None:
    def interrupt(finished: int, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_several(
            record.files[:1],
            lambda file, progress: file.download(tmp_path, progress=progress),
            progress=interrupt,
        )
    assert (tmp_path / "run0.dcd.part").stat().st_size == CHUNK


def test_a_range_is_what_was_asked_for(site: ScriptedSite, repo: Repository, record: Record) -> None:
    data, file = CONTENTS["run3.dcd"], record["run3.dcd"]
    for start, end in ((0, 1), (5, CHUNK + 9), (len(data) - 2, len(data) + 100), (7, 7), (len(data), len(data) + 1)):
        assert read_range(file, repo._connection, start, end) == data[start:end]
    assert site.counted["ReadFile"] == 3  # nothing is asked for where nothing is
    for wrong in (0, 1, CHUNK):
        site.answers["ReadFile"] = lambda _, wrong=wrong: iter([files_pb2.Chunk(data=bytes(wrong))])
        with pytest.raises(OutcomeRefusedError, match=r"100 bytes of run3\.dcd were asked for"):
            read_range(file, repo._connection, 0, 100)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["FOM-402917"], list(CONTENTS)),
        (["FOM-402917/run1.dcd"], ["run1.dcd"]),
        (["FOM-402917", "run4.dcd", "run1.dcd", "run4.dcd"], ["run4.dcd", "run1.dcd"]),
    ],
)
def test_the_command_fetches_what_is_named(
    site: ScriptedSite, record: Record, tmp_path: Path, words: list[str], names: list[str]
) -> None:
    done = run(site, "get", *words, "--to", str(tmp_path), "--json")
    assert done.exit_code == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["file"] for one in told] == names
    assert [Path(one["path"]).read_bytes() for one in told] == [CONTENTS[name] for name in names]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == sorted(names)


def test_the_command_continues(site: ScriptedSite, record: Record, tmp_path: Path) -> None:
    def cut(request: files_pb2.ReadFileRequest) -> Iterator[files_pb2.Chunk]:
        yield next(chunks(request))
        raise OSError("the site's disk fell out")

    site.answers["ReadFile"] = cut
    failed = run(site, "get", "FOM-402917/run2.dcd", "--to", str(tmp_path), "--json")
    assert (failed.exit_code, failed.stdout) == (1, "")
    site.answers["ReadFile"] = chunks
    assert run(site, "get", "FOM-402917/run2.dcd", "--to", str(tmp_path)).exit_code == 0
    assert [one.offset for one in site.requests("ReadFile")] == [0, CHUNK]
    assert (tmp_path / "run2.dcd").read_bytes() == CONTENTS["run2.dcd"]


def test_the_same_command_goes_on_after_a_kill(site: ScriptedSite, record: Record, tmp_path: Path) -> None:
    killed = threading.Event()

    def stalls(request: files_pb2.ReadFileRequest) -> Iterator[files_pb2.Chunk]:
        yield next(chunks(request))
        killed.wait(30)

    site.answers["ReadFile"] = stalls
    command = [Path(sys.executable).with_name("fomrepo"), "get", "FOM-402917/run2.dcd", "--to", tmp_path]
    part = tmp_path / "run2.dcd.part"
    with subprocess.Popen(command, env=os.environ | variables(site)) as process:
        while process.poll() is None and not (part.exists() and part.stat().st_size == CHUNK):
            time.sleep(0.05)
        process.kill()
    killed.set()
    site.answers["ReadFile"] = chunks
    assert run(site, *map(str, command[1:])).exit_code == 0
    assert (tmp_path / "run2.dcd").read_bytes() == CONTENTS["run2.dcd"]
    assert [one.name for one in tmp_path.iterdir()] == ["run2.dcd"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["FOM-402917/run1.dcd", "run2.dcd"], "is a file already"),
        (["FOM-402917", "run9.dcd"], "has no file 'run9.dcd'"),
        (["FOM-402917/a/b"], "names no record and no file"),
    ],
)
def test_a_wrong_name_costs_no_byte(site: ScriptedSite, record: Record, words: list[str], said: str) -> None:
    failed = run(site, "get", *words)
    assert failed.exit_code == 1
    assert said in failed.stderr
    assert site.counted["ReadFile"] == 0


def run(site: ScriptedSite, *words: str) -> Result:
    """Run a command line of alice."""
    return CliRunner().invoke(app, list(words), env=variables(site))


def variables(site: ScriptedSite) -> dict[str, str]:
    """What tells programs where to ask, and as whom."""
    return {
        "FOMREPO_ADDRESS": site.address,
        "FOMREPO_TOKEN": TOKEN,
        "FOMREPO_CA": AUTHORITY.certificate.decode(),
    }
