"""What a draft answers is found out by running it behind the wall: fields, and numbers for a first golden case."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import tomli_w

from fomrepo.cli.scaffold.draft import Draft, FoundField, bundle_files, field_name
from fomrepo.errors import ArgumentError, BundleRefusedError, FileRefusedError, MethodFailedError
from fomrepo.installed_files import installed_folder
from fomrepo.model.bundle import read_bundle
from fomrepo.model.golden_cases import GoldenCase
from fomrepo.model.methods import Bundle
from fomrepo.model.operations import FrameRange
from fomrepo.site.gate import GuestRunner, Samples
from fomrepo.site.gate.answers import Answered
from fomrepo.site.gate.run_case import CaseRunner

#: Where a draft is tried, in this order: without a cell, then with cell, masses and bonds.
SAMPLES = ("adk_dims", "adk_oplsaa_bonds", "random_walk")

#: Numbers of frames of two runs: an axis that has both lengths is that of the frames.
FRAME_COUNTS = (4, 7)

#: Longest list of texts that a golden case states.
TEXTS_STATED = 20

#: What the numbers of a first run may differ by on another machine, relative to each.
FIRST_TOLERANCE = 1e-6


class FirstRun:
    """Runs drafts and what describes them.

    Parameters
    ----------
    run, samples
        As the gate has them.
    """

    def __init__(self, run: GuestRunner, samples: Samples) -> None:
        self._run, self._samples = run, samples

    def describe_class(self, target: str) -> Mapping[str, Any]:
        """What a class of MDAnalysis says of itself.

        Raises
        ------
        ArgumentError
            If there is no such class, or it is no analysis.
        """
        try:
            described = self._described("described_class", {"target": target}, SAMPLES[0], 1, {})
        except MethodFailedError as error:
            raise ArgumentError(
                f"{target} cannot be wrapped: {error.message}",
                remedy="name a class such as MDAnalysis.analysis.rms.RMSD, or start plain: fomrepo method new NAME",
            ) from None
        return dict(described)

    def complete(self, draft: Draft, author: str) -> dict[str, str]:
        """All files of the bundle, with a golden case of what the draft answers now.

        Raises
        ------
        ArgumentError
            If a parameter has no value, if it answers on no sample data, or nothing that a result can hold; the message
            has the method's own error.
        """
        for name, entry in draft.parameters.items():
            if "default" not in entry and not entry.get("optional", False):
                raise ArgumentError(
                    f"{draft.origin} needs {name!r}, which has no default to try it with",
                    remedy=f"give it one: --default {name}=VALUE",
                )
        sample, fields, left_out = self._fields(draft)
        if left_out:
            said = ", ".join(f"`{name}`" for name in left_out)
            note = f"{said} of what it returns is in no field: no result can hold it, or it has no name of letters."
            draft = replace(draft, notes=[*draft.notes, note])
        files = bundle_files(draft, fields, author)
        answer = self._runner(files).answer(_case(sample, None))
        return files | {"tests/first.toml": _first_case(draft, sample, fields, answer)}

    def _fields(self, draft: Draft) -> tuple[str, list[FoundField], list[str]]:
        """Sample data on which the draft answers, fields of what it returns, and entries that are in none of them."""
        failures: dict[str, str] = {}  # what went wrong -> the first sample on which it did
        remedy = "give its parameters other defaults (--default NAME=VALUE), or start plain: fomrepo method new NAME"
        for sample in SAMPLES:
            try:
                return sample, *self._fields_on(draft, sample)
            except (MethodFailedError, ArgumentError, FileRefusedError, BundleRefusedError) as error:
                failures.setdefault(error.message.strip(), sample)
                if isinstance(error, MethodFailedError) and error.remedy:
                    remedy = error.remedy
        told = "".join(f"\n  on {sample}: {message}" for message, sample in failures.items())
        raise ArgumentError(
            f"{draft.origin} answers on no sample data with its defaults{told}",
            remedy=remedy,
        )

    def _fields_on(self, draft: Draft, sample: str) -> tuple[list[FoundField], list[str]]:
        n_frames = self._samples.find(sample).n_frames
        counts = [n_frames] if draft.reads_all_frames else [min(count, n_frames) for count in FRAME_COUNTS]
        seen = [
            self._described(
                "described_result",
                {"entry": f"{draft.name}:{draft.name}", "arguments": json.dumps(draft.defaults)},
                sample,
                count,
                {**draft.files, f"{draft.name}.py": draft.module(None)},
            )
            for count in counts
        ]
        shapes: dict[str, list[list[int]]] = {}
        for one in (entry for entries in seen for entry in entries):
            if one["dtype"] and one["name"].isidentifier():
                shapes.setdefault(one["name"], []).append(one["shape"])
        dtypes = {entry["name"]: entry["dtype"] for entry in seen[-1]}
        found = [
            FoundField(entry, field_name(entry), dtypes[entry], _dims(field_name(entry), of_runs, counts))
            for entry, of_runs in shapes.items()
            if len(of_runs) == len(counts) and len({len(shape) for shape in of_runs}) == 1
        ]
        if not found:
            raise ArgumentError("it returned no numbers or texts that a result can hold")
        kept = {one.entry for one in found}
        return found, [entry for entry in dtypes if entry not in kept]

    def _described(
        self, function: str, arguments: Mapping[str, str], sample: str, frames: int, files: Mapping[str, str]
    ) -> Any:
        describing = (installed_folder("sandbox") / "scaffold" / "describe.py").read_text()
        schema = {
            "name": "described",
            "version": "0.1.0",
            "summary": "What a draft is",
            "entry": f"fomrepo_describe:{function}",
            "environment": "mdanalysis",
            "inputs": {"universe": "trajectory"},
            "parameters": {name: {"type": "str", "doc": name} for name in arguments},
            "result": {"type": "Text", "fields": {"described": {"dtype": "string", "dims": []}}},
        }
        runner = self._runner({**files, "method.toml": tomli_w.dumps(schema), "fomrepo_describe.py": describing})
        return json.loads(runner.answer(_case(sample, frames, arguments))["described"].nested())

    def _runner(self, files: Mapping[str, str]) -> CaseRunner:
        bundle: Bundle = read_bundle({path: text.encode() for path, text in files.items()})
        return CaseRunner(bundle, self._run, self._samples)


def _case(sample: str, stop: int | None, arguments: Mapping[str, str] | None = None) -> GoldenCase:
    return GoldenCase("first", (sample,), arguments or {}, FrameRange(stop=stop), ())


def _dims(name: str, shapes: Sequence[Sequence[int]], counts: Sequence[int]) -> tuple[str, ...]:
    """Names of axes: ``frame`` where the length follows the frames, else one of the field's own."""
    axes = list(zip(*shapes, strict=True))
    frames = next((axis for axis, lengths in enumerate(axes) if list(lengths) == list(counts)), None)
    return tuple("frame" if axis == frames else f"{name}_axis_{axis + 1}" for axis in range(len(axes)))


def _first_case(draft: Draft, sample: str, fields: Sequence[FoundField], answer: Mapping[str, Answered]) -> str:
    source = f"the first run of {draft.origin} itself: replace it by an independent program or a closed form"
    expected = [
        {"field": one.name, **_stated(answer[one.name]), "source": source} for one in fields if one.name in answer
    ]
    return tomli_w.dumps({"data": sample, "expect": expected})


def _stated(found: Answered) -> dict[str, Any]:
    """What is said of a field: its shape, and first, last and mean where these are finite numbers."""
    values = found.values
    if found.field.dtype == "string":
        rows = found.nested()
        return {"value": rows} if len(rows) <= TEXTS_STATED or isinstance(rows, str) else {"shape": list(found.shape)}
    stated: dict[str, Any] = {"shape": list(found.shape)}
    if values.size and values.dtype.kind != "c" and np.isfinite(values).all():
        flat = values.reshape(-1).astype(np.float64)
        stated |= {"first": flat[0].item(), "last": flat[-1].item(), "mean": flat.mean().item()}
        stated |= {"tolerance": FIRST_TOLERANCE * float(np.abs(flat).max()), "relative": FIRST_TOLERANCE}
    return stated
