"""A download goes on from what is known to be right, whatever happened to the disk meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from fomrepo.client import part_file
from fomrepo.client.part_file import PartFile

WHOLE = bytes(range(256)) * 40
SHA256 = hashlib.sha256(WHOLE).hexdigest()
MARK = 1000


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of which 3,500 bytes came before the power went, with marks at 1,000, 2,000 and 3,000."""
    monkeypatch.setattr(part_file, "MARK_BYTES", MARK)
    part = PartFile(tmp_path / "a.dcd", SHA256).__enter__()
    for start in range(0, 3500, 500):
        part.append(WHOLE[start : start + 500])
    part._output.close()  # and nothing else runs when the power goes
    return tmp_path / "a.dcd"


def damage(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def nothing(part: Path, marks: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("happened", "kept"),
    [
        (nothing, 3000),
        (lambda part, marks: damage(part, 3200), 3000),
        (lambda part, marks: damage(part, 2500), 2000),
        (lambda part, marks: damage(part, 0), 0),
        (lambda part, marks: part.write_bytes(WHOLE[:1700]), 1000),
        (lambda part, marks: part.write_bytes(b""), 0),
        (lambda part, marks: part.write_bytes(WHOLE[:3000] + bytes(10**5)), 3000),
        (lambda part, marks: part.unlink(), 0),
        (lambda part, marks: marks.unlink(), 0),
        (lambda part, marks: marks.write_bytes(b""), 0),
        (lambda part, marks: marks.write_bytes(b"\xff\x00 1\n\n2"), 0),
        (lambda part, marks: marks.write_text(marks.read_text()[:-40]), 2000),
        (lambda part, marks: marks.write_text(f"{SHA256}\n-5 x\n"), 0),
        (lambda part, marks: marks.write_text(marks.read_text().replace(SHA256, "0" * 64)), 0),
    ],
)
def test_it_continues_behind_what_holds(target: Path, happened: Callable[[Path, Path], None], kept: int) -> None:
    happened(target.with_name("a.dcd.part"), target.with_name("a.dcd.part.marks"))
    with PartFile(target, SHA256) as part:
        assert part.size == kept
        part.append(WHOLE[kept:])
        assert part.complete()
    assert target.read_bytes() == WHOLE
    assert [one.name for one in target.parent.iterdir()] == ["a.dcd"]


def test_an_interruption_costs_no_byte(target: Path) -> None:
    def get_on() -> None:
        with PartFile(target, SHA256) as part:
            part.append(WHOLE[3000:3001])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get_on()
    with PartFile(target, SHA256) as part:
        assert part.size == 3001


def test_marks_go_on_after_a_damage(target: Path) -> None:
    damage(target.with_name("a.dcd.part"), 1500)
    for expected in (1000, 1600, 2200):
        with PartFile(target, SHA256) as part:
            assert part.size == expected
            part.append(WHOLE[expected : expected + 600])


def test_another_file_is_begun_anew(target: Path) -> None:
    with PartFile(target, hashlib.sha256(b"other").hexdigest()) as part:
        assert part.size == 0
        part.append(b"other")
        assert part.complete()
    assert target.read_bytes() == b"other"


def test_who_writes_into_it_too_spoils_it(target: Path) -> None:
    with PartFile(target, SHA256) as part:
        part.append(WHOLE[3000:])
        with target.with_name("a.dcd.part").open("ab") as another:
            another.write(b"x")
        assert not part.complete()
    assert list(target.parent.iterdir()) == []


def test_wrong_bytes_leave_nothing(target: Path) -> None:
    with PartFile(target, SHA256) as part:
        part.append(b"wrong")
        assert not part.complete()
    assert list(target.parent.iterdir()) == []
