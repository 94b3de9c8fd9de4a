"""Open files that are handed over: what is read of them, what is not taken, and who is kept waiting."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fomrepo.errors import ArgumentError, ConflictError, SiteBusyError
from fomrepo.model.deposits import ExpectedFile
from fomrepo.site import local_copy
from fomrepo.site.local_copy import PLACES, LocalCopies, LocalCopy
from fomrepo.vault.receive import IncomingFile
from fomrepo.wire.door import OVER_THE_WIRE

MIB = 2**20
CONTENT = os.urandom(3 * MIB + 7)
FILE = ExpectedFile("frames.npy", len(CONTENT), None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "frames.npy").write_bytes(CONTENT)
    return tmp_path / "frames.npy"


def handed(path: Path, flags: int = os.O_RDONLY) -> LocalCopy:
    return LocalCopies().of(os.open(path, flags | os.O_NONBLOCK))


def received(copy: LocalCopy, part: Path, file: ExpectedFile = FILE) -> tuple[str, list[int]]:
    """Take a file in as a deposit does; returns its digest, and what was told."""
    told: list[int] = []
    offset = part.stat().st_size if part.exists() else 0
    with copy, IncomingFile(part, file.size) as incoming:
        for piece in copy.pieces(file, offset, told=told.append):
            if piece.prefix_digest:
                incoming.check_prefix(piece.prefix_digest)
            incoming.write(piece.data)
        return incoming.finish(None), told


def test_a_file_arrives_as_it_is(path: Path, tmp_path: Path) -> None:
    digest, told = received(handed(path), tmp_path / "part")
    assert digest == hashlib.sha256(CONTENT).hexdigest()
    assert (tmp_path / "part").read_bytes() == CONTENT
    assert told == [MIB, 2 * MIB, 3 * MIB, len(CONTENT)]


@pytest.mark.parametrize("there", [1, MIB, 2 * MIB - 1, len(CONTENT)])
def test_it_goes_on_behind_what_is_proven(path: Path, tmp_path: Path, there: int) -> None:
    part = tmp_path / "part"
    part.write_bytes(CONTENT[:there])
    assert received(handed(path), part)[0] == hashlib.sha256(CONTENT).hexdigest()
    assert part.read_bytes() == CONTENT


def _touch(path: Path) -> None:
    os.utime(path, ns=(0, 0))


def _append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"more")


def _cut(path: Path) -> None:
    os.truncate(path, MIB)


@pytest.mark.parametrize("change", [_touch, _append, _cut])
def test_a_file_that_changes_while_it_is_read_is_never_whole(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(local_copy, "PIECES_AHEAD", 1)  # so that the end is not read before the change
    copy = handed(path)
    with copy, IncomingFile(tmp_path / "part", FILE.size) as incoming:
        pieces = copy.pieces(FILE, 0, told=lambda _: None)
        incoming.write(next(pieces).data)
        change(path)
        with pytest.raises(ConflictError, match="somebody writes"):
            list(pieces)


def test_a_file_that_somebody_has_open_for_writing_is_not_read(path: Path, tmp_path: Path) -> None:
    with path.open("ab"), pytest.raises(ConflictError, match="open for writing"):
        received(handed(path), tmp_path / "part")


def test_another_size_than_was_announced_is_not_read(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ConflictError):
        received(handed(path), tmp_path / "part", ExpectedFile("frames.npy", len(CONTENT) - 1, None))


def _pipe(folder: Path) -> tuple[Path, int]:
    os.mkfifo(folder / "pipe")
    return folder / "pipe", os.O_RDONLY


def _folder(folder: Path) -> tuple[Path, int]:
    return folder, os.O_RDONLY


def _writable(folder: Path) -> tuple[Path, int]:
    (folder / "file").write_bytes(CONTENT)
    return folder / "file", os.O_RDWR


def _named_only(folder: Path) -> tuple[Path, int]:
    (folder / "file").write_bytes(CONTENT)
    return folder / "file", os.O_PATH


@pytest.mark.parametrize("kind", [_pipe, _folder, _writable, _named_only])
def test_nothing_but_a_file_open_for_reading_is_read(tmp_path: Path, kind: Callable[[Path], tuple[Path, int]]) -> None:
    with pytest.raises(ArgumentError) as caught:
        received(handed(*kind(tmp_path)), tmp_path / "part")
    assert caught.value.facts["reason"] == OVER_THE_WIRE


def test_what_the_kernel_makes_up_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(ConflictError):  # its size is none
        received(handed(Path("/proc/self/status")), tmp_path / "part")


def test_a_silent_file_system_keeps_its_place_and_nobody_waiting(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()

    def silent(*_: Any) -> Iterator[Any]:
        answers.wait()
        yield from ()

    monkeypatch.setattr(local_copy, "SILENCE_LIMIT_S", 0.01)
    monkeypatch.setattr(local_copy, "_pieces", silent)
    copies = LocalCopies()
    descriptors = [os.open(path, os.O_RDONLY) for _ in range(PLACES + 1)]
    try:
        held = [copies.of(descriptor) for descriptor in descriptors[:PLACES]]
        for copy in held:
            with copy, pytest.raises(ArgumentError, match="too slow") as caught:
                next(copy.pieces(FILE, 0, told=lambda _: None))
            assert caught.value.facts["reason"] == OVER_THE_WIRE
        with pytest.raises(SiteBusyError):
            copies.of(descriptors[-1])
        os.close(descriptors[-1])  # which was not taken
    finally:
        answers.set()


def test_a_file_that_nobody_reads_is_closed(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    closed = threading.Event()
    with LocalCopy(descriptor, closed.set):
        pass
    assert closed.wait(30)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
