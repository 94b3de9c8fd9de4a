"""A run that is cut over its frames gives what one pass gives."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

import MDAnalysis
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fomrepo.installed_files import installed_folder
from sandbox.load import load_input
from sandbox.request import Field, FrameRange, MethodRequest, Part, Partial
from sandbox.run_combine import combined
from sandbox.run_method import method_outcome
from tests.guest.runs import LIMITS, Listener, method_request, outcome_of, read_outcome, sample_input, schema_of

N_FRAMES, N_ATOMS = 37, 11

FIELDS = (
    Field("radius", "float64", ("frame",), False, "concat"),
    Field("transposed", "float32", ("xyz", "frame"), False, "concat"),
    Field("words", "string", ("frame",), False, "concat"),
    Field("far", "int64", ("frame", "*"), False, "concat"),
    Field("turned", "complex128", ("frame",), False, "concat"),
    Field("events", "int32", ("event",), False, "concat"),
    Field("never", "float64", ("frame",), True, "concat"),
    Field("count", "int64", (), False, "sum"),
    Field("histogram", "float64", ("bin",), False, "sum"),
    Field("centre", "float64", ("atom", "xyz"), False, "mean"),
    Field("masses", "float64", ("atom",), False),
    Field("name", "string", (), False),
)

PARTIAL_FIELDS = (
    Field("n", "int64", (), False),
    Field("mean", "float64", ("atom", "xyz"), False),
    Field("squares", "float64", ("atom",), False),
    Field("note", "string", (), True),
)
OWN_FIELDS = (Field("rmsf", "float64", ("atom",), False), Field("highest", "float64", (), False))


def survey(universe: Any, frames: Any, *, shift: float) -> dict[str, Any]:
    """Answer a field of every kind."""
    positions = np.concatenate([block.positions.astype(np.float64) for block in frames.blocks(universe.atoms)]) + shift
    radius = np.linalg.norm(positions, axis=2).mean(axis=1)
    far = [np.flatnonzero(np.abs(frame[:, 0]) > 1.0) for frame in positions]
    return {
        "radius": radius,
        "transposed": positions.mean(axis=1).T.astype(np.float32),
        "words": [f"frame {index} \N{ANGSTROM SIGN}" for index in frames.indices],
        "far": far,
        "turned": radius * 1j + frames.times,
        "events": np.concatenate(far).astype(np.int32),
        "never": None,
        "count": sum(map(len, far)),
        "histogram": np.histogram(positions, bins=7, range=(-3.0, 3.0))[0].astype(np.float64),
        "centre": positions.mean(axis=0),
        "masses": universe.atoms.masses,
        "name": "survey",
    }


def fluctuation(universe: Any, frames: Any, *, shift: float) -> dict[str, Any]:
    """Answer what a part can know."""
    positions = np.array([universe.atoms.positions.astype(np.float64) + shift for _ in frames])
    mean = positions.mean(axis=0)
    return {"n": len(frames), "mean": mean, "squares": ((positions - mean) ** 2).sum(axis=(0, 2)), "note": None}


def combine(universe: Any, parts: list[dict[str, Any]], *, shift: float) -> dict[str, Any]:
    """Make fluctuations out of those of the parts, and their means."""
    n, mean, squares = 0, np.zeros((len(universe.atoms), 3)), np.zeros(len(universe.atoms))
    for part in parts:
        assert part["note"] is None
        difference, total = part["mean"] - mean, n + int(part["n"])
        squares = squares + part["squares"] + (difference**2).sum(axis=1) * (n * part["n"] / total)
        mean = mean + difference * (part["n"] / total)
        n = total
    return {"rmsf": np.sqrt(squares / n), "highest": mean.max() + 0.0 * shift}


@pytest.fixture(scope="module", autouse=True)
def _bundle() -> Iterator[None]:
    """Let the functions above be those of a bundle."""
    module = ModuleType("bundle_of_the_test")
    module.__dict__.update(survey=survey, fluctuation=fluctuation, combine=combine, odd=odd)
    sys.modules[module.__name__] = module
    yield
    del sys.modules[module.__name__]


def odd(universe: Any, frames: Any, *, shift: float) -> dict[str, Any]:
    """Answer what differs between parts."""
    return {"masses": np.full(N_ATOMS, float(frames.indices[0]))}


@pytest.fixture(scope="module")
def universe() -> MDAnalysis.Universe:
    """Return a trajectory in memory."""
    walk = np.random.default_rng(3).normal(size=(N_FRAMES, N_ATOMS, 3)).cumsum(axis=0) / 3
    made = MDAnalysis.Universe.empty(N_ATOMS, trajectory=True)
    made.add_TopologyAttr("masses", np.arange(1.0, N_ATOMS + 1))
    return made.load_new(walk.astype(np.float32), order="fac", dt=2.5)


@functools.cache
def loaded(data: str) -> MDAnalysis.Universe:
    """Open a sample data set once."""
    return load_input(sample_input(data))


def asked(
    function: str, fields: tuple[Field, ...], frames: FrameRange, *, result_type: str = "TimeSeries"
) -> MethodRequest:
    own = function == "fluctuation"
    return MethodRequest(
        module="bundle_of_the_test",
        function=function,
        inputs=(sample_input("adk_dims"),),
        frames=frames,
        parameters={"shift": {"type": "float"}},
        arguments={"shift": 0.25},
        result_type=result_type,
        fields=fields,
        limits=LIMITS,
        partial=Partial("bundle_of_the_test", "combine", PARTIAL_FIELDS) if own else None,
    )


def in_parts(request: MethodRequest, parts: int, run: Any) -> bytes:
    """Run the parts, then have them combined, as a site does."""
    containers = [run(replace(request, part=Part(number, parts))) for number in range(parts)]
    for container in containers:
        outcome, _ = read_outcome(container)
        if outcome != {"status": "ok"}:
            return container
    return run(replace(request, parts=tuple(containers)))


@st.composite
def frames_and_parts(draw: Any) -> tuple[FrameRange, int]:
    """Draw frames in any order, and a number of parts."""
    borders = st.none() | st.integers(-N_FRAMES, N_FRAMES - 1)
    steps = st.none() | st.integers(-5, 5).filter(bool)
    indices = st.lists(st.integers(-N_FRAMES, N_FRAMES - 1), min_size=1, max_size=60).map(tuple)
    truth = st.lists(st.booleans(), min_size=N_FRAMES, max_size=N_FRAMES).filter(any).map(tuple)
    wanted = draw(
        st.builds(FrameRange, borders, borders, steps).filter(lambda w: range(N_FRAMES)[w.start : w.stop : w.step])
        | st.builds(lambda listed: FrameRange(frames=listed), indices | truth)
    )
    if wanted.frames is None:
        n_frames = len(range(N_FRAMES)[wanted.start : wanted.stop : wanted.step])
    else:
        n_frames = sum(wanted.frames) if isinstance(wanted.frames[0], bool) else len(wanted.frames)
    return wanted, draw(st.integers(1, min(5, n_frames)))


def same(one: Mapping[str, Any], other: Mapping[str, Any], *, exactly: tuple[str, ...]) -> None:
    """Compare fields: some to the last bit, the others within 1e-9."""
    assert one.keys() == other.keys()
    for name in one:
        if name.split(":")[0] in exactly or isinstance(one[name], list):
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)
        else:
            np.testing.assert_allclose(one[name], other[name], rtol=1e-9, atol=1e-9, err_msg=name)


@settings(max_examples=40, deadline=None)
@given(frames_and_parts())
def test_declared_fields_are_those_of_one_pass(universe: MDAnalysis.Universe, drawn: tuple[FrameRange, int]) -> None:
    request, parts = asked("survey", FIELDS, drawn[0]), drawn[1]
    (_, whole), (_, cut) = (
        read_outcome(container)
        for container in (
            method_outcome(request, Listener(), "/method", [universe]).to_bytes(),
            in_parts(request, parts, lambda each: method_outcome(each, Listener(), "/method", [universe]).to_bytes()),
        )
    )
    same(cut, whole, exactly=(*(field.name for field in FIELDS if field.combine != "mean"), "frames", "times"))


@settings(max_examples=40, deadline=None)
@given(frames_and_parts())
def test_a_function_of_its_own_makes_what_it_makes_of_one_pass(
    universe: MDAnalysis.Universe, drawn: tuple[FrameRange, int]
) -> None:
    request, parts = asked("fluctuation", OWN_FIELDS, drawn[0], result_type="Composite"), drawn[1]
    outcome, whole = read_outcome(method_outcome(request, Listener(), "/method", [universe]).to_bytes())
    assert outcome == {"status": "ok"}, outcome
    cut = in_parts(request, parts, lambda each: method_outcome(each, Listener(), "/method", [universe]).to_bytes())
    same(read_outcome(cut)[1], whole, exactly=())


@pytest.mark.parametrize(
    ("name", "data", "arguments"),
    [
        ("rmsd", "adk_dims", {"select": "name CA", "ref_frame": 40}),
        ("rmsd", "adk_dims", {"select": "all", "ref_frame": -1, "mass_weighted": True}),
        ("radius_of_gyration", "adk_oplsaa_bonds", {"select": "protein", "whole": True}),
        ("distance", "adk_dims", {"select_a": "resid 1:50", "select_b": "resid 100:150"}),
    ],
)
@pytest.mark.parametrize(("wanted", "parts"), [({}, 2), ({"step": -3}, 3), ({"frames": (3, 9, 0, 3)}, 3)])
def test_builtin_methods_give_the_same_bytes(
    name: str, data: str, arguments: dict[str, Any], wanted: dict[str, Any], parts: int
) -> None:
    request, folder = method_request(name, data, arguments, FrameRange(**wanted)), installed_folder("methods") / name
    assert schema_of(name)["split"] == "frames"
    held = [loaded(data)]
    whole = outcome_of(request, folder, held=held)
    assert read_outcome(whole)[0] == {"status": "ok"}
    assert in_parts(request, parts, lambda each: outcome_of(each, folder, held=held)) == whole


@pytest.mark.parametrize("name", ["rmsf", "distance_matrix"])
def test_a_selection_means_the_first_frame_wherever_the_run_ends(name: str) -> None:
    select, held = "name CA and prop z > 5", [loaded("adk_dims")]
    request = method_request(name, "adk_dims", {"select": select}, FrameRange(start=-20))
    folder = installed_folder("methods") / name
    held[0].trajectory[0]
    first = held[0].select_atoms(select).ix
    held[0].trajectory[-1]
    assert held[0].select_atoms(select).ix.tolist() != first.tolist()
    outcome, whole = read_outcome(outcome_of(request, folder, held=held))
    assert (outcome, whole["atom_indices"].tolist()) == ({"status": "ok"}, first.tolist())
    same(read_outcome(in_parts(request, 3, lambda each: outcome_of(each, folder, held=held)))[1], whole, exactly=())


def test_a_part_reports_its_own_frames(universe: MDAnalysis.Universe) -> None:
    listener = Listener()
    request = replace(asked("fluctuation", OWN_FIELDS, FrameRange(stop=10)), part=Part(1, 3))
    method_outcome(request, listener, "/method", [universe])
    assert listener.reported == [(1, 3), (2, 3), (3, 3)]


def test_what_differs_between_parts_needs_a_rule(universe: MDAnalysis.Universe) -> None:
    request = asked("odd", (Field("masses", "float64", ("atom",), False),), FrameRange(), result_type="Array")
    cut = in_parts(request, 2, lambda each: method_outcome(each, Listener(), "/method", [universe]).to_bytes())
    outcome, _ = read_outcome(cut)
    assert (outcome["fault"], outcome["type"]) == ("method", "ResultMismatchError")
    assert "field 'masses' differs between parts of the frames; say in method.toml how" in outcome["message"]


def test_an_unreadable_frame_fails_the_part_that_has_it(universe: MDAnalysis.Universe) -> None:
    request = asked("survey", FIELDS, FrameRange(frames=(0, N_FRAMES)))
    cut = in_parts(request, 2, lambda each: method_outcome(each, Listener(), "/method", [universe]).to_bytes())
    assert read_outcome(cut)[0]["fault"] == "argument"


def test_what_a_part_does_not_have_the_whole_does_not_have() -> None:
    fields = (Field("cells", "float64", ("frame",), True, "concat"),)
    request = replace(method_request("rmsd", "adk_dims"), fields=fields, result_type="Array", partial=None)
    assert combined(request, [{"cells": np.ones(2)}, {}], 4, None) == {}
    (whole,) = combined(request, [{"cells": np.ones(2)}, {"cells": np.zeros(2)}], 4, None).values()
    assert whole.tolist() == [1.0, 1.0, 0.0, 0.0]
