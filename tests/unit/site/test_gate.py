"""The gate: what it says of good bundles and of those that it keeps from review. Its runs are without a wall here."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from fomrepo.isolation.environment import default_environments_folder
from fomrepo.model.gate_report import GateCheck, GateReport
from fomrepo.model.methods import Bundle
from fomrepo.site.gate import Samples, find_or_build_samples, run_gate
from fomrepo.site.gate.checks import breaking_changes
from tests.unit.site.gate_bundles import CASE, SCHEMA, SOURCE, WithoutAWall, bundle

pytestmark = [
    pytest.mark.filterwarnings("ignore:DCDReader currently makes independent timesteps:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:MDAnalysis"),
    pytest.mark.filterwarnings("ignore:Reader has no dt information:UserWarning"),
]


@pytest.fixture(scope="module")
def samples() -> Samples:
    return find_or_build_samples(default_environments_folder())


@pytest.fixture
def runner(tmp_path: Path) -> WithoutAWall:
    return WithoutAWall(tmp_path)


def gate(runner: WithoutAWall, samples: Samples, of: Bundle, previous: Bundle | None = None) -> GateReport:
    return run_gate(of, run=runner, samples=samples, previous=previous)


def check(report: GateReport, name: str) -> GateCheck:
    return next(one for one in report.checks if one.name == name)


def test_a_good_bundle_passes(runner: WithoutAWall, samples: Samples) -> None:
    of = bundle()
    report = gate(runner, samples, of)
    assert [(one.name, one.ok) for one in report.checks] == [
        (name, True)
        for name in (
            "schema", "documentation", "imports", "difference", "coverage", "golden", "determinism", "split", "limits",
        )
    ]  # fmt: skip
    case = report.cases[0]
    assert (case.ok, case.deterministic, case.split_equal, case.message) == (True, True, True, "")
    assert (case.wall_s, case.memory_bytes) == (0.25, 90 * 2**20)
    assert report.passed
    assert report.bundle_digest == of.digest
    assert runner.runs == 5  # once, once more, two parts, and what they make together


def test_a_report_reads_as_it_was_written(runner: WithoutAWall, samples: Samples) -> None:
    report = gate(runner, samples, bundle())
    assert GateReport.from_json(report.to_json()) == report


@pytest.mark.parametrize(
    ("changes", "name", "message"),
    [
        ({"tests/first.toml": None}, "coverage", "there is no golden case"),
        ({"tests/first.toml": CASE.replace("first", "frist")}, "golden", "frist: it means nothing"),
        ({"tests/first.toml": CASE.replace("15.456", "99.9")}, "golden", "1 of 1 golden cases do not hold"),
        ({"README.md": "# Spread\n", "tests/first.toml": None}, "documentation", "nothing is said in README.md"),
        (
            {"method.toml": SCHEMA.replace('doc = "Mean distance of each frame"\n', ""), "tests/first.toml": None},
            "documentation",
            "nothing is said in result.fields.spread.doc",
        ),
        (
            {"tests/first.toml": CASE.replace('"spread"', '"times"').replace("15.456", "1.0")},
            "coverage",
            "no golden case states spread",
        ),
        ({"spread.py": SOURCE.replace('{"spread"', '{"spreed"')}, "golden", "1 of 1 golden cases do not hold"),
        (
            {"tests/first.toml": CASE.replace("adk_dims", "adk_dmis")},
            "golden",
            "1 of 1 golden cases do not hold",
        ),
    ],
)
def test_what_is_missing_or_wrong_keeps_it_from_review(
    runner: WithoutAWall, samples: Samples, changes: dict[str, str | None], name: str, message: str
) -> None:
    report = gate(runner, samples, bundle(changes))
    assert not report.passed
    failed = check(report, name)
    assert message in failed.message
    assert failed.remedy


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (SOURCE.replace('{"spread"', '{"spreed"'), "'spreed', which method.toml does not declare"),
        (SOURCE.replace("return", "return 1 /"), "spread.py, line 10, in spread"),
        (SOURCE.replace("return {", 'return {"more": 1, '), "'more', which method.toml does not declare"),
        (SOURCE.replace("import numpy", "import absent, numpy"), "No module named 'absent'"),
    ],
)
def test_what_a_method_did_wrong_is_told_with_its_line(
    runner: WithoutAWall, samples: Samples, source: str, message: str
) -> None:
    case = gate(runner, samples, bundle({"spread.py": source})).cases[0]
    assert not case.ok
    assert message in case.message


def test_a_clock_in_the_answer_is_noticed(runner: WithoutAWall, samples: Samples) -> None:
    source = SOURCE.replace("import numpy", "import time\nimport numpy").replace(
        ".mean())", ".mean() + time.time() % 1e-3)"
    )
    report = gate(runner, samples, bundle({"spread.py": source}))
    assert check(report, "determinism").facts == {"cases": ["tests/first.toml"]}
    assert [one.name for one in report.checks if not one.ok] == ["determinism"]
    assert report.cases[0].message == "a second run gave other bytes"


def test_a_method_that_looks_back_may_not_be_cut(runner: WithoutAWall, samples: Samples) -> None:
    """Each part begins anew, so that what adds up over frames comes out otherwise."""
    source = SOURCE.replace("np.array(found, dtype=np.float64)", "np.cumsum(found)")
    report = gate(runner, samples, bundle({"spread.py": source}))
    assert [one.name for one in report.checks if not one.ok] == ["split"]
    assert report.cases[0].split_equal is False
    assert report.cases[0].message.startswith("in two parts: spread differs by up to")


def test_a_split_must_be_tried(runner: WithoutAWall, samples: Samples) -> None:
    text = CASE.replace("stop = 5", "stop = 1").replace("[5]", "[1]")
    report = gate(runner, samples, bundle({"tests/first.toml": text}))
    assert check(report, "split").message == "no case could be run in parts"


def test_a_case_that_does_not_hold_fails_one_check(runner: WithoutAWall, samples: Samples) -> None:
    report = gate(runner, samples, bundle({"spread.py": SOURCE.replace("return", "return 1 /")}))
    assert [one.name for one in report.checks if not one.ok] == ["golden"]


def test_a_case_may_expect_a_failure(runner: WithoutAWall, samples: Samples) -> None:
    def case(select: str, fails: str = "argument", message: str = "no atoms") -> str:
        return f'data = "adk_dims"\nfails = "{fails}"\nmessage = "{message}"\n[arguments]\nselect = "{select}"\n'

    def said(text: str) -> str:
        return gate(runner, samples, bundle({"tests/first.toml": None, "tests/empty.toml": text})).cases[0].message

    assert said(case("name XX", message="name XX")) == ""
    assert said(case("name CA")) == "it answered, and was expected to fail by fault of the argument"
    assert said(case("name XX", fails="data")).startswith("it failed by fault of the argument, expected was the data")
    assert "does not contain 'elephant'" in said(case("name XX", message="elephant"))


def test_data_that_the_bundle_brings_is_used(runner: WithoutAWall, samples: Samples) -> None:
    atoms = "\n".join(
        f"ATOM      {number}  CA  ALA A   {number}    {x:8.3f}   0.000   0.000  1.00  0.00           C"
        for number, x in ((1, -1.0), (2, 1.0))
    )
    text = CASE.replace('"adk_dims"', '{file = "tests/two.pdb"}').replace("15.456", "1.0").replace("[5]", "[1]")
    of = bundle({"tests/first.toml": text, "tests/two.pdb": f"{atoms}\nEND\n"}, split=None, limits={"memory_mib": 128})
    report = gate(runner, samples, of)
    assert report.cases[0].message == ""
    assert check(report, "limits").remedy == "real data is larger: raise memory_mib in [limits]"


def test_an_import_that_is_not_there_is_pointed_out(runner: WithoutAWall, samples: Samples) -> None:
    of = bundle({"more.py": "from torch import nn\nimport os, numpy\n", "tests/first.toml": None})
    found = check(gate(runner, samples, of), "imports")
    assert (found.ok, found.facts) == (True, {"absent": ["torch"]})


@pytest.mark.parametrize(
    ("keys", "ok", "message"),
    [
        ({"version": "1.0.0"}, False, "version 1.0.0 does not come after 1.0.0"),
        ({"version": "0.9.0"}, False, "version 0.9.0 does not come after 1.0.0"),
        ({"version": "1.0.1"}, True, "1 files differ from 1.0.0"),
        ({"version": "1.1.0", "parameters": {}}, False, "scripts that use 1.0.0 would break: the parameter select is"),
        ({"version": "2.0.0", "parameters": {}}, True, "1 files differ from 1.0.0"),
    ],
)
def test_a_new_version_says_by_its_number_whether_scripts_go_on(
    runner: WithoutAWall, samples: Samples, keys: dict[str, Any], ok: bool, message: str
) -> None:
    found = check(gate(runner, samples, bundle({"tests/first.toml": None}, **keys), bundle()), "difference")
    assert found.ok == ok
    assert message in found.message if "files" not in message else found.facts["previous"] == "1.0.0"
    assert bool(found.remedy) == (not ok)


def test_what_breaks_scripts() -> None:
    old = bundle().schema

    def changed(**keys: Any) -> list[str]:
        return list(breaking_changes(old, bundle(**keys).schema))

    select = dict(old.source["parameters"]["select"])
    power = dict(old.source["parameters"]["power"])
    spread = dict(old.source["result"]["fields"]["spread"])
    assert changed() == []
    assert changed(parameters={"select": select | {"default": "protein"}, "power": power}) == [
        "the default of select is another"
    ]
    assert changed(parameters={"select": select, "power": power | {"type": "float"}}) == [
        "the parameter power has another type"
    ]
    more = {"type": "int", "doc": "More"}
    assert changed(parameters={"select": select, "power": power, "more": more}) == [
        "the parameter more is new and must be given"
    ]
    assert changed(parameters={"select": select, "power": power, "more": more | {"default": 1}}) == []
    result = {"type": "TimeSeries", "fields": {"spread": spread | {"unit": "nm"}}}
    assert changed(result=result) == ["the field spread has another dtype, other dims or another unit"]
    assert changed(inputs={"universe": ["trajectory", "PDB"]}, split=None) == []
    assert changed(inputs={"universe": "XTC"}) == ["it no longer takes the same files"]


def test_the_cases_are_told_as_they_come(runner: WithoutAWall, samples: Samples) -> None:
    told: list[tuple[int, int, str]] = []
    run_gate(bundle(), run=runner, samples=samples, on_progress=lambda *said: told.append(said))
    assert told == [(0, 1, "tests/first.toml"), (1, 1, "")]


def test_samples_are_what_the_table_says(samples: Samples) -> None:
    for sample in samples.table.values():
        for file in sample.files:
            assert hashlib.sha256(samples.path(file).read_bytes()).hexdigest() == file.digest
