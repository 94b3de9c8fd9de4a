"""A new file type is one file: nothing else is written, and it is recognised, checked, opened and bound to methods."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from fomrepo.installed_files import installed_folder
from fomrepo.installed_types import installed_types
from fomrepo.model.bundle import read_schema
from fomrepo.testing.file_prober import FileProber
from fomrepo.testing.file_type_contract import FileSample, FileTypeContract

TOY = '''
"""Guest: the probe of a toy: a title, then lines, as many as the title says."""

from deposition.report import Report, empty, facts, truncated, unreadable
from deposition.text_lines import doubt_missing_end, lines

TYPE = "TOY"
FAMILIES = ("text",)
SUFFIXES = (".toy",)


def looks_like(head):
    """Tell whether a file begins as a toy does."""
    return head.startswith(b"toy of ")


def probe(file, topology):
    """Count the lines."""
    doubts = []
    title, *rest = list(lines(file))
    if not title[7:].isdecimal():
        raise unreadable(file, f"its title is {title[:80]!r}")
    if len(rest) < int(title[7:19]):
        raise truncated(file, f"{len(rest)} of {title[7:19]} lines are there")
    if not rest:
        raise empty(file, "has no lines")
    doubt_missing_end(file, doubts)
    return Report(facts(type=TYPE, families=FAMILIES, n_lines=1 + len(rest), doubts=doubts))
'''


@pytest.fixture(scope="module", autouse=True)
def toy_probes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Lay the probes out with one file more."""
    folder = tmp_path_factory.mktemp("probes") / "deposition"
    shutil.copytree(installed_folder("deposition"), folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "toy.py").write_text(TOY)
    TestToy.toy_prober = FileProber(folder)
    yield
    TestToy.toy_prober.close()


class TestToy(FileTypeContract):
    type_name = "TOY"
    toy_prober: ClassVar[FileProber]

    @classmethod
    def prober(cls) -> FileProber:
        return cls.toy_prober

    @classmethod
    def make_samples(cls, folder: Path) -> Sequence[FileSample]:
        path = folder / "a.toy"
        path.write_text("toy of 40\n" + "".join(f"line {number}\n" for number in range(40)))
        return [FileSample(path, facts={"n_lines": 41})]


def test_the_host_knows_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads the same file, so a method may name the type."""
    schema = {
        "name": "count_toys", "version": "1.0.0", "summary": "How many", "entry": "a:b", "environment": "mdanalysis",
        "inputs": {"toy": "TOY"}, "result": {"type": "Scalar", "fields": {"n": {"dtype": "int64", "dims": []}}},
    }  # fmt: skip
    monkeypatch.setattr("fomrepo.installed_types.installed_folder", lambda _: TestToy.toy_prober.probes)
    installed_types.cache_clear()
    try:
        assert read_schema(schema).accepts("TOY", ("text",))
    finally:
        installed_types.cache_clear()
