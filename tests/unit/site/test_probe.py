"""What a site believes of a probe's report; every byte of it may be hostile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fomrepo.errors import FileRefusedError
from fomrepo.model.deposits import ExpectedFile
from fomrepo.site.probe import read_report
from sandbox.container import Container

FILE = ExpectedFile("adk.psf", 12, None)


def report(folder: Path, **facts: Any) -> Path:
    path = folder / "report"
    path.write_bytes(Container({"status": "ok", "facts": facts}, {}).to_bytes())
    return path


def test_a_type_of_ours_with_families_of_its_own_is_believed(tmp_path: Path) -> None:
    path = report(tmp_path, type="PSF", families=["topology"])
    assert read_report(FILE, path, path).file_type == "PSF"


@pytest.mark.parametrize("families", [[], "topology", ["trajectory"], [["topology"]], [{}], [None], 7, None])
def test_families_that_a_type_has_not_are_refused(tmp_path: Path, families: Any) -> None:
    path = report(tmp_path, type="PSF", families=families)
    with pytest.raises(FileRefusedError, match="named no type"):
        read_report(FILE, path, path)


@pytest.mark.parametrize("name", ["ELF", ["PSF"], None, 5])
def test_types_that_there_are_not_are_refused(tmp_path: Path, name: Any) -> None:
    path = report(tmp_path, type=name, families=["topology"])
    with pytest.raises(FileRefusedError, match="named no type"):
        read_report(FILE, path, path)
