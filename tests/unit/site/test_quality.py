"""Which checks a file is to pass, and what becomes of a check's answer."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fomrepo.catalog.quality import WaitingCheck
from fomrepo.errors import SiteBusyError
from fomrepo.model.methods import ResultField
from fomrepo.model.quality import CHECKS, FINDINGS_LIMIT, WHOLE, CheckState, Finding, Verdict
from fomrepo.site.gate.answers import Answered
from fomrepo.site.quality import QualityDesk, planned_checks, verdict_of
from fomrepo.site.together import Seat


def answer(**columns: Any) -> dict[str, Answered]:
    """Make an answer of one finding, with some columns replaced."""
    given = {
        "passed": False, "n_findings": 1, "problems": ["jump"], "finding_frames": [7], "finding_atoms": [-1],
        "finding_values": [41.5], "finding_limits": [10.0], "finding_units": ["angstrom"],
    } | columns  # fmt: skip
    return {
        name: Answered(ResultField(name, "float64", (), "", ""), np.array(value), None) for name, value in given.items()
    }


def test_a_trajectory_with_its_topology_is_to_pass_all_checks() -> None:
    planned = planned_checks({"families": ["trajectory"], "doubts": []}, has_topology=True)
    assert [one.name for one in planned] == [WHOLE, *CHECKS]
    assert [one.verdict for one in planned] == [Verdict(CheckState.PASSED), *[None] * len(CHECKS)]


@pytest.mark.parametrize(
    ("families", "has_topology", "names"),
    [
        (["trajectory"], False, [WHOLE]),
        (["trajectory", "topology"], False, [WHOLE, *CHECKS]),
        (["topology"], False, [WHOLE]),
        (["energy"], False, [WHOLE]),
        (["text"], False, []),
        ([], False, []),
    ],
)
def test_other_files_are_to_pass_what_means_something_for_them(
    families: list[str], has_topology: bool, names: list[str]
) -> None:
    assert [one.name for one in planned_checks({"families": families}, has_topology=has_topology)] == names


def test_a_doubt_of_the_probe_that_a_file_is_cut_is_a_failure() -> None:
    doubts = ["it has no times", "its header states 9 frames, its size holds 8: it was not closed"]
    (whole, *_) = planned_checks({"families": ["trajectory"], "doubts": doubts}, has_topology=True)
    assert whole.verdict == Verdict(CheckState.FAILED, doubts[1], n_findings=1)


def test_an_answer_becomes_a_verdict_with_its_findings() -> None:
    finding = Finding("jump", 7, None, 41.5, 10.0, "angstrom")
    assert verdict_of(answer(), "1.0.0") == Verdict(CheckState.FAILED, "", (finding,), 1, "1.0.0")
    assert str(finding) == "frame 7: jump: 41.5 angstrom, the bound is 10 angstrom"


def test_what_is_no_finite_number_is_none() -> None:
    found = verdict_of(answer(finding_values=[float("nan")], finding_limits=[float("inf")]), "1.0.0")
    assert str(found.findings[0]) == "frame 7: jump"


def test_the_first_findings_are_kept() -> None:
    many = {name: list(one.values) * 50 for name, one in answer().items() if one.values.ndim}
    found = verdict_of(answer(**many, n_findings=2**40), "1.0.0")
    assert (len(found.findings), found.n_findings) == (FINDINGS_LIMIT, 2**40)


def test_an_answer_without_findings_passes() -> None:
    empty = {name: one.values[:0] for name, one in answer().items() if one.values.ndim}
    assert verdict_of(answer(**empty, passed=True, n_findings=0), "1") == Verdict(CheckState.PASSED, method_version="1")


def test_an_answer_of_another_shape_is_no_verdict() -> None:
    assert verdict_of({}, "2.0.0").state is CheckState.UNDECIDED


@pytest.mark.parametrize("together", [False, True])
def test_trouble_with_one_check_keeps_no_other_from_its_verdict(
    monkeypatch: pytest.MonkeyPatch, *, together: bool
) -> None:
    checks = [WaitingCheck(name, "FOM-402917.v1", "a.xtc", name, "p", "ada") for name in ("bonds", "integrity")]
    noted: dict[str, Verdict] = {}
    done = threading.Event()

    def note(check_id: str, verdict: Verdict) -> None:
        noted[check_id] = verdict
        done.set()

    def verdict(desk: QualityDesk, check: WaitingCheck, seat: Seat | None) -> Verdict:
        assert (seat is not None) is together
        if check.name == "bonds":
            raise SiteBusyError("all slots are taken")
        return Verdict(CheckState.PASSED)

    catalog = SimpleNamespace(quality=SimpleNamespace(waiting=lambda site, *, limit: checks, note=note))
    monkeypatch.setattr(QualityDesk, "_verdict", verdict)
    monkeypatch.setattr(QualityDesk, "_is_large", lambda desk, check: together)
    monkeypatch.setattr("fomrepo.site.quality.LOOK_S", 0.001)
    desk = QualityDesk(SimpleNamespace(catalog=catalog, name="site-a", warden=object()))  # type: ignore[arg-type]  # parts of a site
    desk.start()
    assert done.wait(10)
    desk.close()
    assert noted == {"integrity": Verdict(CheckState.PASSED)}
