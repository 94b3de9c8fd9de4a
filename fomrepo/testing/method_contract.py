"""What every method has to keep: the gate as a suite that the test of a method inherits. It needs pytest.

Examples
--------
>>> class TestSpread(MethodContract):
...     folder = Path("spread")
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from fomrepo.isolation.launch import run_tool
from fomrepo.model.gate_report import GateReport

__all__ = ["MethodContract"]

#: The gate's own budget, and time to set it up.
GATE_TIMEOUT_S = 2000.0


class MethodContract:
    """Suite of one method; a subclass names its folder, and has all the tests.

    The method runs in the sandbox of this machine, in a process of its own: nothing of it is imported here.
    """

    #: The folder that holds method.toml.
    folder: ClassVar[Path]

    @pytest.fixture(scope="class")
    @classmethod
    def report(cls) -> GateReport:
        """What the gate found out."""
        gate = ("from fomrepo.cli import app; app()", "method", "test", str(cls.folder.absolute()), "--json")
        said = run_tool((sys.executable, "-P", "-c", *gate), timeout_s=GATE_TIMEOUT_S, keep_environment=True)
        assert said.stdout, said.stderr
        document = json.loads(said.stdout)
        del document["where"]
        return GateReport.from_json(json.dumps(document))

    def test_it_is_documented(self, report: GateReport) -> None:
        """Every field says what it is, and the README what is computed."""
        self._assert_holds(report, "documentation")

    def test_every_field_is_stated_by_a_golden_case(self, report: GateReport) -> None:
        """A field that no case states may be anything."""
        self._assert_holds(report, "coverage")

    def test_its_golden_cases_hold(self, report: GateReport) -> None:
        """In the cold sandbox, under the limits of production."""
        assert {one.name: one.message for one in report.cases if not one.ok} == {}
        self._assert_holds(report, "golden")

    def test_it_gives_the_same_bytes_twice(self, report: GateReport) -> None:
        """Otherwise what is kept of it would mean nothing."""
        self._assert_holds(report, "determinism")

    def test_parts_make_the_whole(self, report: GateReport) -> None:
        """If it says that its frames may be split."""
        self._assert_holds(report, "split")

    @staticmethod
    def _assert_holds(report: GateReport, name: str) -> None:
        for check in report.checks:
            assert check.name != name or check.ok, f"{check.message}; {check.remedy}"
