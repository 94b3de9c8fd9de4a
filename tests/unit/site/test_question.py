"""What a site says of a call on files whose types the catalog tells."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fomrepo.errors import DataError
from fomrepo.model.files import FileObject, RecordState, RecordVersion
from fomrepo.model.results import ResolvedCall, ResolvedInput
from fomrepo.site.question import Question

VERSION = RecordVersion("", "", "FOM-1", 1, True, RecordState.PUBLISHED, "", "", "", "", 0.0)
DCD = FileObject("", "a.dcd", "DCD", "d", 1, topology="a.psf")
PSF = FileObject("", "a.psf", "PSF", "e", 1)
SCHEMA: Any = SimpleNamespace(accepts=lambda *_: True)


def check(file: FileObject, topology: FileObject | None) -> None:
    """Check a call of a method that takes everything."""
    bundle: Any = SimpleNamespace(schema=SCHEMA)
    order: Any = None
    question = Question(order, bundle, draft=True)
    question._check_types(ResolvedCall((ResolvedInput(VERSION, file, topology),), None), "site-a")


def of_type(file: FileObject, file_type: str, **facts: Any) -> FileObject:
    return FileObject("", file.name, file_type, file.digest, 1, facts, file.topology)


def test_types_that_there_are_pass() -> None:
    check(DCD, PSF)


@pytest.mark.parametrize("text", ["../../etc/passwd", "<script>", "", "dcd", "X" * 5000])
def test_a_type_that_no_probe_declares_is_the_datas_fault(text: str) -> None:
    for file, topology in ((of_type(DCD, text, families=["trajectory"]), PSF), (DCD, of_type(PSF, text))):
        with pytest.raises(DataError, match="which site-a does not know") as caught:
            check(file, topology)
        assert len(caught.value.message) < 120
        assert "deposit the file again" in (caught.value.remedy or "")


def test_a_file_of_no_family_is_the_datas_fault() -> None:
    with pytest.raises(DataError):
        check(of_type(DCD, "DCD", families=[]), PSF)
