"""Guest: runs the probes of deposition/ on one deposited file and turns their report into the outcome."""

from __future__ import annotations

import importlib

from sandbox.container import Container
from sandbox.failures import failure
from sandbox.request import ProbeRequest


def probe_outcome(request: ProbeRequest, probe_folder: str) -> Container:
    """Return the probe's report, or a failure where the probe itself broke on the file."""
    try:
        recognise = importlib.import_module("deposition.recognise")  # noqa: TID251 - harness and probes share no imports
        outcome, tensors = recognise.probe(request.file, request.topology)
        return Container(outcome, tensors)
    except Exception as error:
        return failure(error, method_folder=probe_folder, opening_data=True)
