"""The contract of methods, kept by a built-in one and broken by a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest

from fomrepo.installed_files import installed_folder
from fomrepo.model.gate_report import GateCheck, GateReport
from fomrepo.testing.method_contract import MethodContract


@pytest.mark.usefixtures("bubblewrap")
class TestBox(MethodContract):
    folder = installed_folder("methods") / "box"


def test_what_does_not_hold_is_said_with_its_remedy() -> None:
    class TestBad(MethodContract):
        folder = Path("bad")

    check = GateCheck("determinism", False, "two runs gave other bytes", "read no clock")
    report = GateReport(False, (check,), (), "e" * 64, "b" * 64)
    TestBad().test_it_is_documented(report)  # nothing is said of it
    with pytest.raises(AssertionError, match="two runs gave other bytes; read no clock"):
        TestBad().test_it_gives_the_same_bytes_twice(report)
