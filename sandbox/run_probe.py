"""Guest: runs the probes of deposition/ on one deposited file and turns their report into the outcome."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from sandbox.container import Container
from sandbox.failures import failure
from sandbox.request import ProbeRequest


def probe_outcome(request: ProbeRequest, probe_folder: str, told: Callable[[int], None] | None = None) -> Container:
    """Return the probe's report, or a failure where the probe itself broke on the file; tells how far it has come."""
    try:
        recognise = importlib.import_module("deposition.recognise")  # noqa: TID251 - harness and probes share no imports
        outcome, tensors = recognise.probe(request.file, request.topology, told)
        return Container(outcome, tensors)
    except Exception as error:
        return failure(error, method_folder=probe_folder, opening_data=True)
