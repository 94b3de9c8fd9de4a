"""Room in memory for copies of small files."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from fomrepo.vault.memory import COPY_LIMIT_BYTES, SHARED_MEMORY, MemoryRoom


@pytest.fixture
def name() -> Iterator[str]:
    name = f"fomrepo-test-{secrets.token_hex(8)}"
    yield name
    MemoryRoom(name).close()
    assert not (SHARED_MEMORY / name).exists()


def test_a_small_file_gets_room_that_nobody_else_can_look_into(name: str) -> None:
    with MemoryRoom(name).file(1000) as stream:
        assert stream is not None
        path = Path(stream.name)
        assert path.is_relative_to(SHARED_MEMORY)
        assert path.parent.stat().st_mode & 0o777 == 0o700
    assert not path.exists()


def test_a_large_file_gets_none(name: str) -> None:
    with MemoryRoom(name).file(COPY_LIMIT_BYTES + 1) as stream:
        assert stream is None


def test_what_a_kill_left_is_deleted(name: str) -> None:
    with MemoryRoom(name).file(10) as stream:
        assert stream is not None
        again = MemoryRoom(name)
        assert not Path(stream.name).exists()
        with again.file(10) as fresh:
            assert fresh is not None
        Path(stream.name).touch()  # for its own end


def test_a_folder_that_is_a_link_is_not_used(name: str, tmp_path: Path) -> None:
    (SHARED_MEMORY / name).symlink_to(tmp_path, target_is_directory=True)
    try:
        with MemoryRoom(name).file(10) as stream:
            assert stream is None
    finally:
        (SHARED_MEMORY / name).unlink()


def test_without_files_in_memory_there_is_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fomrepo.vault.memory.SHARED_MEMORY", tmp_path)
    with MemoryRoom("folder").file(10) as stream:
        assert stream is None
