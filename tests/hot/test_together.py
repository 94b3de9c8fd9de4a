"""Several methods read a file in one pass: each frame is decoded once, for all of them, and no method meets another."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.guest.runs import read_outcome
from tests.hot.site import EVERY_FRAME, LIMITS, Data, Site, builtin_request, source_request

NO_BUDGET = 1

#: Reads all frames in blocks, and says how many of them came out of the file.
COUNTS = """
def method(universe, frames):
    kinds = type(universe.trajectory).__mro__
    own = kinds[2] if kinds[1].__name__ == "_Follows" else kinds[0]
    reads, read_frame = [], own._read_frame
    own._read_frame = lambda self, i: reads.append(i) or read_frame(self, i)
    total = sum(float(block.positions.astype(float).sum()) for block in frames.blocks(universe.atoms))
    return {"said": [repr(total), str(len(frames)), str(len(reads))]}
"""

FAILS = "def method(universe, frames):\n    for timestep in frames:\n        raise ValueError('enough of this')\n"
LOOKS_AWAY = "def method(universe, frames):\n    return {'said': [str(len(universe.atoms))]}\n"
SLEEPS = "import time\n" + LOOKS_AWAY.replace("    return", "    time.sleep(1.0)\n    return")
LEAVES = "import os\n\ndef method(universe, frames):\n    next(iter(frames))\n    os._exit(3)\n"


def frames_request(data: Data, frames: Mapping[str, Any] = EVERY_FRAME) -> dict[str, Any]:
    return {"protocol": 1, "task": "frames", "inputs": data.inputs, "frames": frames, "limits": LIMITS}


def said(answer: dict[str, Any]) -> list[str]:
    assert answer["ended"] == "outcome", answer
    outcome, fields = read_outcome(answer["outcome"])
    assert outcome == {"status": "ok"}, outcome
    return fields["said"]


@pytest.mark.parametrize("sample", ["adk_dims", "adk_oplsaa"])
@pytest.mark.parametrize("wanted", [{}, {"step": -3}])
def test_no_method_decodes_a_frame(
    site: Site, data: Callable[..., Data], held: Callable[..., str], sample: str, wanted: dict[str, int]
) -> None:
    laid, holder, frames = data(sample), held(sample, budget=NO_BUDGET), {**EVERY_FRAME, **wanted}
    request = source_request(laid, COUNTS, frames=frames)
    alone = said(site.hot(name=holder, request=request))
    answers = site.together(name=holder, requests=[request] * 3, frames=frames_request(laid, frames))
    assert [said(answer) for answer in answers] == [[*alone[:2], "0"]] * 3
    assert int(alone[2]) >= int(alone[1])


def test_methods_answer_the_same_bytes(site: Site, data: Callable[..., Data], held: Callable[..., str]) -> None:
    laid, holder = data("adk_oplsaa"), held("adk_oplsaa", budget=NO_BUDGET)
    requests = [
        builtin_request(laid, name, arguments)
        for name, arguments in (("rmsd", {"select": "name CA"}), ("rmsf", {"select": "protein"}), ("info", {}))
    ]
    alone = [site.hot(name=holder, request=request)["outcome"] for request in requests]
    together = site.together(name=holder, requests=requests, frames=frames_request(laid))
    assert [each["outcome"] for each in together] == alone


@pytest.mark.parametrize("other", [FAILS, LOOKS_AWAY, SLEEPS, LEAVES], ids=["fails", "looks away", "sleeps", "leaves"])
def test_one_method_leaves_the_others_alone(
    site: Site, data: Callable[..., Data], held: Callable[..., str], other: str
) -> None:
    laid, holder = data("adk_oplsaa"), held("adk_oplsaa", budget=NO_BUDGET)
    requests = [source_request(laid, COUNTS), source_request(laid, other), source_request(laid, COUNTS)]
    began = time.monotonic()
    first, _, last = site.together(name=holder, requests=requests, frames=frames_request(laid))
    assert said(first) == said(last) == [*said(first)[:2], "0"]
    assert time.monotonic() - began < 5.0


def test_frames_that_cannot_be_decoded_fail_each_method_as_ever(
    site: Site, data: Callable[..., Data], held: Callable[..., str]
) -> None:
    """Here it is the request: frames that are not there."""
    laid, holder = data("adk_oplsaa"), held("adk_oplsaa", budget=NO_BUDGET)
    beyond = {**EVERY_FRAME, "frames": [0, 99]}
    request = source_request(laid, COUNTS, frames=beyond)
    for answer in site.together(name=holder, requests=[request] * 2, frames=frames_request(laid, beyond)):
        assert read_outcome(answer["outcome"])[0]["fault"] == "argument"


def test_who_is_alone_reads_the_file(site: Site, data: Callable[..., Data], held: Callable[..., str]) -> None:
    laid, holder = data("adk_oplsaa"), held("adk_oplsaa", budget=NO_BUDGET)
    (answer,) = site.together(name=holder, requests=[source_request(laid, COUNTS)], frames=frames_request(laid))
    assert answer["alone"]
    assert said(answer)[2] != "0"
