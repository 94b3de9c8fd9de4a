"""Bytes on their way into the vault: what is there already, and disks that fail."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from fomrepo.errors import DigestMismatchError, FileRefusedError, StorageError
from fomrepo.vault.objects import ObjectStore
from fomrepo.vault.receive import IncomingFile, read_chunks

CONTENT = os.urandom(3 * 2**20 + 7)
HALF = len(CONTENT) // 2


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """Return the part of a file of which one half has come."""
    path = tmp_path / "adk.part"
    with IncomingFile(path, len(CONTENT)) as incoming:
        incoming.write(CONTENT[:HALF])
        assert incoming.flush() == HALF
    return path


def test_a_part_goes_on_behind_a_prefix_that_is_the_same(part: Path) -> None:
    with IncomingFile(part, len(CONTENT)) as incoming:
        assert incoming.received == HALF
        incoming.check_prefix(digest(CONTENT[:HALF]))
        incoming.write(CONTENT[HALF:])
        assert incoming.finish(digest(CONTENT)) == digest(CONTENT)
    assert part.read_bytes() == CONTENT


def test_a_part_of_other_bytes_goes(part: Path) -> None:
    with IncomingFile(part, len(CONTENT)) as incoming, pytest.raises(DigestMismatchError, match="first bytes"):
        incoming.check_prefix(digest(CONTENT[1:HALF]))
    assert not part.exists()


def test_more_bytes_than_were_announced_are_refused(part: Path) -> None:
    with IncomingFile(part, len(CONTENT)) as incoming, pytest.raises(FileRefusedError, match="announced"):
        incoming.write(CONTENT)


def test_a_disk_that_fails_is_named_and_nobody_hears_that_the_bytes_are_safe(
    part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def receive() -> None:
        with IncomingFile(part, len(CONTENT)) as incoming:
            incoming.write(CONTENT[HALF:])
            incoming.finish(digest(CONTENT))

    with monkeypatch.context() as failing:
        failing.setattr(os, "fsync", fail)
        with pytest.raises(StorageError, match="Input/output error") as caught:
            receive()
    assert str(part) in caught.value.message
    with IncomingFile(part, len(CONTENT)) as incoming:  # and it goes on without a new start, from the beginning
        assert incoming.received == 0
        incoming.write(CONTENT)
        assert incoming.finish(digest(CONTENT)) == digest(CONTENT)


def test_a_disk_that_takes_no_change_is_told_as_such(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even deleting the part, which gives the room of a full disk back, is possible there."""

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(StorageError, match="first"), IncomingFile(part, len(CONTENT)):
        raise StorageError("the first that went wrong")
    assert part.stat().st_size == HALF


def test_an_error_of_the_kernel_is_told(tmp_path: Path) -> None:
    """No page of a process lies at address 0: the kernel answers whoever reads there with a real EIO."""
    part = tmp_path / "adk.part"
    part.symlink_to("/proc/self/mem")
    with pytest.raises(StorageError, match="cannot be used: Input/output error") as caught:
        list(read_chunks(part))
    assert "dmesg" in str(caught.value.remedy)


def test_an_object_that_cannot_be_read_is_not_held(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    path = store.path(digest(CONTENT))
    path.parent.mkdir()
    path.symlink_to("/proc/self/mem")
    assert not store.holds(digest(CONTENT))
    (fresh := store.incoming_path("fresh")).write_bytes(CONTENT)
    store.keep(fresh, digest(CONTENT))
    assert store.holds(digest(CONTENT))
