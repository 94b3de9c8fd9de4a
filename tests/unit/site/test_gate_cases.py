"""Golden cases are read as strangers' text: each refusal names the file, the line and the key."""

from __future__ import annotations

import time

import pytest

from fomrepo.errors import BundleRefusedError
from fomrepo.model.golden_cases import CASE_LIMIT, BundledData, Expectation, GoldenCase, read_golden_cases
from fomrepo.model.operations import FrameRange
from tests.unit.site.gate_bundles import CASE, bundle


def cases(text: str, **files: str) -> tuple[GoldenCase, ...]:
    return read_golden_cases(bundle({"tests/first.toml": text, **files}))


def refusal(text: str) -> BundleRefusedError:
    with pytest.raises(BundleRefusedError) as caught:
        cases(text)
    return caught.value


def test_a_case_says_data_arguments_frames_and_what_is_expected() -> None:
    expected = Expectation("spread", "numpy, by hand", (5,), {"first": 15.456}, 0.5, 0.0)
    assert cases(CASE) == (GoldenCase("tests/first.toml", ("adk_dims",), {}, FrameRange(stop=5), (expected,)),)


def test_a_failure_may_be_expected() -> None:
    found = cases('data = "adk_dims"\nfails = "argument"\nmessage = "power"\n[arguments]\npower = 0\n')[0]
    assert (found.fails, found.message, found.expected) == ("argument", "power", ())


def test_data_may_come_with_the_bundle() -> None:
    text = CASE.replace('"adk_dims"', '{topology = "tests/a.gro", trajectory = "tests/a.xtc"}')
    found = cases(text, **{"tests/a.gro": "x", "tests/a.xtc": "x"})[0]
    assert found.data == (BundledData("tests/a.xtc", "tests/a.gro"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data = ?\n", "tests/first.toml is not valid TOML: Invalid value (at line 1, column 8)"),
        (CASE.replace("data", "date"), "tests/first.toml, line 1: date: it means nothing"),
        (CASE.replace('"adk_dims"', '"../../etc"'), "tests/first.toml, line 1: data: '../../etc' is no data"),
        (CASE.replace('"adk_dims"', '["a", "b"]'), "tests/first.toml, line 1: data: spread has 1 inputs"),
        (
            CASE.replace('"adk_dims"', '{file = "/etc/passwd"}'),
            "tests/first.toml, line 1: data: the bundle has no file '/etc/passwd'",
        ),
        (CASE.replace("stop = 5", "stop = 0.5"), "tests/first.toml, line 2: frames: stop=0.5 is no frame"),
        (CASE.replace("stop = 5", "end = 5"), "tests/first.toml, line 3: frames.end: it means nothing"),
        (CASE.replace('"spread"', '"spreed"'), "tests/first.toml, line 5: expect.1.field: 'spreed' is no field"),
        (CASE.replace("[5]", "[-1]"), "tests/first.toml, line 6: expect.1.shape: [-1] is no shape"),
        (CASE.replace("15.456", "nan"), "tests/first.toml, line 7: expect.1.first: it is no finite number"),
        (CASE.replace("15.456", "1" + "0" * 400), "tests/first.toml, line 7: expect.1.first: it is no finite number"),
        (CASE.replace("15.456", '"15"'), "tests/first.toml, line 7: expect.1.first: it is no finite number"),
        (CASE.replace("15.456", "[[[[[1]]]]]"), "tests/first.toml, line 7: expect.1.first: it is no finite number"),
        (CASE.replace("0.5", "-1"), "tests/first.toml, line 8: expect.1.tolerance: -1 is no tolerance"),
        (CASE.replace("tolerance = 0.5\n", ""), "tests/first.toml, line 4: expect.1: it has no tolerance"),
        (CASE.replace('"numpy, by hand"', '" "'), "tests/first.toml, line 9: expect.1.source: it is missing"),
        (CASE + "[arguments]\npower = 0\n", "tests/first.toml, line 11: arguments.power: power=0 is not at least 1"),
        (CASE + "[arguments]\npowre = 2\n", "tests/first.toml, line 11: arguments.powre: spread() has no argument"),
        ('data = "adk_dims"\n', "tests/first.toml: expect: a case states what it expects, or how it fails"),
        ('data = "adk_dims"\nfails = "method"\n', "tests/first.toml, line 2: fails: 'method' is no fault"),
        (CASE.replace("data", 'message = "x"\ndata'), "tests/first.toml, line 1: message: a message is a text of"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, message: str) -> None:
    assert refusal(text).message[: len(message)] == message


def test_every_refusal_of_a_key_has_a_remedy_and_its_place() -> None:
    error = refusal(CASE.replace("[5]", "[-1]"))
    assert error.remedy == "write shape = [98, 3]"
    assert error.facts == {"file": "tests/first.toml", "key": "expect.1.shape", "line": "6"}


def test_a_method_that_is_at_fault_is_not_golden() -> None:
    assert refusal('data = "adk_dims"\nfails = "method"\n').remedy == "use one of argument, data"


def test_a_long_text_is_neither_repeated_nor_searched_for_long() -> None:
    spaces = " " * 100_000
    begun = time.monotonic()
    error = refusal(f'[{spaces}a{spaces}]\n{spaces}"b{spaces}" = 1\ndata = "{"x" * 200_000}"\n')
    assert time.monotonic() - begun < 1.0
    assert len(error.message) < 300
    assert len(error.facts["key"]) <= 200


def test_there_are_not_too_many() -> None:
    many = {f"tests/case_{number}.toml": CASE for number in range(CASE_LIMIT + 1)}
    with pytest.raises(BundleRefusedError, match="golden cases, 40 are allowed"):
        read_golden_cases(bundle(many))
