"""The process that plays the site for hot calls, and what one says to it; sample data that its user can read."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fomrepo.installed_files import installed_folder
from sandbox.container import Container
from tests.guest.runs import SAMPLES, partial_of, probed, schema_of, takes_frames

CHECKOUT = Path(__file__).parent.parent.parent
LIMITS = {"result_bytes": 1 << 26, "memory_bytes": 1 << 30, "cpu_s": 60, "processes": 64, "open_files": 256}
EVERY_FRAME = {"start": None, "stop": None, "step": None, "frames": None}
FRAME_BUDGET_BYTES = 1 << 30


@dataclass(frozen=True)
class Data:
    """Files of one input, laid out where every user can read them."""

    inputs: list[dict[str, Any]]
    files: dict[str, str]  # name under /in -> path


class Site:
    """The process that plays the site; an attribute is an order that it carries out.

    Parameters
    ----------
    environments
        Folder of guest environments.
    user
        Whom root makes of it from the start; otherwise root starts it as root, and it becomes the service user.
    module
        Its program.
    """

    def __init__(self, environments: Path, *, user: int | None = None, module: str = "tests.hot.driver") -> None:
        who: dict[str, Any] = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, str(environments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"},
            **who,
        )

    def __getattr__(self, order: str) -> Callable[..., Any]:
        return lambda **details: self._ask({"do": order, **details})

    def end(self) -> None:
        """Let it end everything, and wait."""
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def _ask(self, order: dict[str, Any]) -> Any:
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the driver is dead"
        return _decoded(json.loads(line))


def _decoded(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_decoded(each) for each in answer]
    if isinstance(answer, dict) and "outcome" in answer:
        return answer | {"outcome": base64.b64decode(answer["outcome"])}
    return answer


def lay_out(folder: Path, name: str) -> Data:
    """Copy a sample data set to a folder in which every user can read it."""
    sample = SAMPLES[name]
    sources = [("topology", sample.types[0], sample.topology), ("trajectory", sample.types[1], sample.trajectory)]
    if sample.topology == sample.trajectory:
        sources = [("structure", sample.types[0], sample.topology)]
    files, paths = [], {}
    for role, kind, source in sources:
        target = folder / Path(source).name
        if not target.exists():
            shutil.copyfile(source, target)
            target.chmod(0o644)
        files.append({"role": role, "type": kind, "path": f"/in/{role}", "name": target.name})
        paths[role] = str(target)
    if sample.types[1] in ("XTC", "TRR"):
        offsets = folder / f"{name}.offsets"
        offsets.write_bytes(Container({}, probed(Path(sample.trajectory))[1]).to_bytes())
        files[1]["offsets"], paths["offsets"] = "/in/offsets", str(offsets)
    return Data([{"name": "universe", "family": "trajectory", "files": files}], paths)


def builtin_request(
    data: Data, name: str, arguments: Mapping[str, Any] = {}, frames: Mapping[str, Any] = {}
) -> dict[str, Any]:
    """Make the request for a built-in method, defaults filled in as the host would."""
    schema = schema_of(name)
    declared = schema.get("parameters", {})
    module, function = schema["entry"].split(":")
    defaults = {key: value["default"] for key, value in declared.items() if "default" in value}
    kinds = {key: {k: v for k, v in value.items() if k in ("type", "items")} for key, value in declared.items()}
    return {
        "protocol": 1,
        "task": "method",
        "entry": {"module": module, "function": function},
        "inputs": data.inputs,
        "frames": {**EVERY_FRAME, **frames} if takes_frames(schema) else None,
        "parameters": kinds,
        "arguments": defaults | dict(arguments),
        "result": schema["result"],
        "partial": partial_of(schema),
        "limits": LIMITS,
        "bundle": bundle_of(installed_folder("methods") / name),
    }


def bundle_of(folder: Path) -> dict[str, str]:
    """Read the sources of a bundle."""
    return {
        str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.py") if "tests" not in path.parts
    }


def source_request(
    data: Data, source: str | dict[str, str], fields: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """Make the request for `def method(universe, frames)` in a source text; it returns `said`, texts."""
    return {
        "protocol": 1,
        "task": "method",
        "entry": {"module": "method", "function": "method"},
        "inputs": data.inputs,
        "frames": EVERY_FRAME,
        "parameters": {},
        "arguments": {},
        "result": {
            "type": "Composite",
            "fields": fields or {"said": {"dtype": "string", "dims": ["line"], "unit": "", "optional": False}},
        },
        "limits": LIMITS,
        "bundle": {"method.py": source} if isinstance(source, str) else source,
        **more,
    }
