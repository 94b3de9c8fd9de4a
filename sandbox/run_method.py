"""Guest: opens the data, runs one method on it and turns its answer into the outcome."""

from __future__ import annotations

import hashlib
import importlib
import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np

from sandbox.container import Container, canonical_json, tensors_of
from sandbox.failures import LimitError, failure
from sandbox.fields import result_tensors
from sandbox.frames import Frames, frame_indices
from sandbox.load import load_input
from sandbox.one_pass import follow
from sandbox.parts import part_of
from sandbox.request import MethodRequest
from sandbox.run_combine import combined
from sandbox.selections import checked_arguments


class ProgressListener(Protocol):
    """Who is told how many frames are done."""

    def progress(self, done: int, total: int) -> None:
        """Hear it."""


def method_outcome(
    request: MethodRequest, answer: ProgressListener, method_folder: str, held: Sequence[Any] | None = None
) -> Container:
    """Return what the run came to: the result, or a failure and whose fault it was.

    Parameters
    ----------
    request
        What to run.
    answer
        Takes the progress.
    method_folder
        Where the bundle lies, or would lie.
    held
        The inputs, where a holder has opened them already.
    """
    try:
        universes = [load_input(given) for given in request.inputs] if held is None else held
    except Exception as error:
        return failure(error, method_folder=method_folder, opening_data=True)
    try:
        return _run(request, universes, answer)
    except BaseException as error:  # SystemExit too: a method that leaves has failed
        return failure(error, method_folder=method_folder)


def _run(request: MethodRequest, universes: Sequence[Any], answer: ProgressListener) -> Container:
    """Check the arguments against the data, call the method, encode what it returned."""
    # 1. What only the data can tell about the arguments. What a selection finds may depend on the frame: the first.
    _rewind(universes)
    arguments = checked_arguments(request.parameters, request.arguments, universes, _file_name(request))
    indices = None if request.frames is None else frame_indices(request.frames, len(universes[0].trajectory))
    # 2. Equal questions draw equal random numbers; forked workers would otherwise share one state.
    _seed_random_numbers(request)
    # 3. The method's own code, from here on; its answer, as declared.
    tensors = {} if request.parts else _computed(request, universes, indices, arguments, answer)
    # 4. What becomes of parts; a run that was not cut is one.
    if indices is not None and (request.parts or (request.partial is not None and request.part is None)):
        own = None
        if request.partial is not None:
            _rewind(universes)
            own = partial(_entry(request.partial.module, request.partial.function), *universes, **arguments)
        tensors = combined(request, [tensors_of(part) for part in request.parts] or [tensors], len(indices), own)
    container = Container({"status": "ok"}, tensors)
    allowed, used = request.limits.result_bytes, len(container)
    if used > allowed:
        message = f"the result has {used} bytes; {allowed} are allowed"
        raise LimitError("result", message, allowed=allowed, used=used)
    return container


def _computed(
    request: MethodRequest,
    universes: Sequence[Any],
    indices: np.ndarray | None,
    arguments: Mapping[str, Any],
    answer: ProgressListener,
) -> dict[str, np.ndarray]:
    """Call the method on its frames, all of them or those of a part."""
    method = _entry(request.module, request.function)
    fields = request.fields if request.partial is None else request.partial.fields
    if indices is None:
        return result_tensors(method(*universes, **arguments), fields, None)
    wanted = indices if request.part is None else part_of(indices, request.part)
    if request.stream is not None:
        follow(universes[0].trajectory, wanted, request.stream)
    frames = Frames(universes[0], wanted, answer.progress)
    tensors = result_tensors(method(*universes, frames, **arguments), fields, len(frames))
    if request.result_type == "TimeSeries":
        tensors |= {"frames": frames.indices, "times": frames.times}
    return tensors


def _entry(module: str, function: str) -> Callable[..., Mapping[str, Any]]:
    """Return the bundle's function. The one place where a name becomes code: behind the wall, after the filters."""
    loaded = importlib.import_module(module)  # noqa: TID251 - running a named method is what this module is for
    entry: Callable[..., Mapping[str, Any]] = getattr(loaded, function)
    return entry


def _file_name(request: MethodRequest) -> str:
    """Return the depositor's name of the file that the method was called on."""
    files = request.inputs[0].files
    return next((file.name for file in files if file.role == "trajectory"), files[0].name)


def _rewind(universes: Sequence[Any]) -> None:
    """Move what has frames to its first one, so that whoever selects atoms finds those that others found."""
    for universe in universes:
        trajectory = getattr(universe, "trajectory", None)
        if trajectory is not None and trajectory.ts.frame != 0:
            trajectory[0]


def _seed_random_numbers(request: MethodRequest) -> None:
    """Seed numpy's and Python's global generators from what was asked."""
    question = canonical_json([request.module, request.function, dict(request.arguments)])
    digest = hashlib.blake2b(question.encode(), digest_size=32).digest()
    np.random.seed(np.frombuffer(digest, "<u4"))  # noqa: NPY002 - it is this generator that methods may use
    random.seed(digest)
