"""Blobs of results: what is read is what was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from fomrepo.cache import store
from fomrepo.cache.store import ResultStore
from fomrepo.vault.receive import read_chunks


def kept(results: ResultStore, content: bytes) -> str:
    with results.new_blob() as (path, stream):
        stream.write(content)
        stream.flush()
        return results.keep(path)[0]


def test_an_untouched_blob_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = kept(ResultStore(tmp_path), bytes(range(256)))
    results = ResultStore(tmp_path)
    hashed: list[str] = []
    monkeypatch.setattr("fomrepo.vault.objects.ObjectStore.holds", lambda self, one: hashed.append(one) or True)
    first = results.verified(digest)
    assert first is not None
    assert results.verified(digest) == first
    assert hashed == [digest]


def test_what_was_just_written_is_not_hashed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "SMALL_BYTES", 4)
    results = ResultStore(tmp_path)
    digest = kept(results, b"more than a few")
    monkeypatch.setattr("fomrepo.vault.objects.ObjectStore.holds", lambda self, one: pytest.fail("hashed"))
    assert results.verified(digest) is not None


def test_a_touched_blob_is_hashed_again(tmp_path: Path) -> None:
    results = ResultStore(tmp_path)
    digest = kept(results, b"whole")
    path = results.verified(digest)
    assert path is not None
    path.chmod(0o600)
    path.write_bytes(b"other")
    assert results.verified(digest) is None
    assert not path.exists()
    assert results.verified(digest) is None


@pytest.mark.parametrize("size", [64, store.WORTH_TRUSTING_BYTES])
def test_small_content_is_hashed_before_it_is_given_out(size: int, tmp_path: Path) -> None:
    digest, results = kept(ResultStore(tmp_path), bytes(size)), ResultStore(tmp_path)
    assert results.content(digest, size) == results.content(digest, size) == bytes(size)
    path = tmp_path / "objects" / digest[:2] / digest
    path.chmod(0o600)
    path.write_bytes(b"1" * size)
    assert results.content(digest, size) is None
    assert not path.exists()


def test_trust_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "TRUSTED_S", -1.0)
    results = ResultStore(tmp_path)
    digest = kept(results, b"whole")
    hashed: list[str] = []
    monkeypatch.setattr("fomrepo.vault.objects.ObjectStore.holds", lambda self, one: hashed.append(one) or True)
    for _ in range(2):
        results.verified(digest)
    assert hashed == [digest] * 2


@pytest.mark.parametrize(
    ("offset", "length", "found"),
    [(0, 0, b"0123456789"), (3, 0, b"3456789"), (3, 4, b"3456"), (8, 9, b"89"), (10, 1, b""), (99, 1, b"")],
)
def test_a_part_of_a_file_is_read(offset: int, length: int, found: bytes, tmp_path: Path) -> None:
    (tmp_path / "digits").write_bytes(b"0123456789")
    assert b"".join(read_chunks(tmp_path / "digits", offset=offset, length=length)) == found
