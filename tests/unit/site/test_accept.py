"""What came of a run, as its caller is told."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fomrepo.errors import ArgumentError, LimitHit, MethodFailedError
from fomrepo.isolation.orders import RunReport
from fomrepo.site import accept

REPORT = RunReport("outcome", 0, None, None, 1.0, 1.0, 2**20, 100, "its log", "")
FIRST: Any = SimpleNamespace(
    version=SimpleNamespace(accession="FOM-402917"), file=SimpleNamespace(name="run 1.dcd", file_type="DCD")
)


@pytest.mark.parametrize(
    ("told", "message", "remedy"),
    [
        (
            MethodFailedError("too much", limit=LimitHit("result", 10, 20, "byte")),
            "too much",
            accept.ASK_FOR_LESS,
        ),
        (
            ArgumentError("no atom in run 1.dcd; `fomrepo call RECORD/run 1.dcd info` shows which names it has"),
            "no atom in run 1.dcd; `fomrepo call 'FOM-402917/run 1.dcd' info` shows which names it has",
            "see what the file has: fomrepo show 'FOM-402917/run 1.dcd'",
        ),
    ],
)
def test_what_a_guest_cannot_know_is_added(
    told: MethodFailedError | ArgumentError, message: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise told

    monkeypatch.setattr(accept, "check_method_outcome", refuse)
    schema: Any = SimpleNamespace(name="rmsd", version="1.0.0")
    with pytest.raises(type(told)) as caught:
        accept.accept_outcome(Path("outcome"), REPORT, schema, schema, FIRST, cancelled=False)
    assert (caught.value.message, caught.value.remedy) == (message, remedy)
