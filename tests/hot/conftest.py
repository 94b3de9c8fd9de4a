"""What the tests of holders share: a process that plays the site, and sample data that its user can read."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fomrepo.installed_files import installed_folder
from fomrepo.isolation.environment import default_environments_folder, find_or_build_environment
from sandbox.container import Container
from tests.guest.conftest import NOT_OURS
from tests.guest.runs import SAMPLES, probed, schema_of, takes_frames

CHECKOUT = Path(__file__).parent.parent.parent
LIMITS = {"result_bytes": 1 << 26, "memory_bytes": 1 << 30, "cpu_s": 60, "processes": 64, "open_files": 256}
EVERY_FRAME = {"start": None, "stop": None, "step": None, "frames": None}
FRAME_BUDGET_BYTES = 1 << 30


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let warnings of MDAnalysis pass in this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.path).parents:
            for line in NOT_OURS:
                item.add_marker(pytest.mark.filterwarnings(line))


@dataclass(frozen=True)
class Data:
    """Files of one input, laid out where every user can read them."""

    inputs: list[dict[str, Any]]
    files: dict[str, str]  # name under /in -> path


class Site:
    """The process that plays the site; an attribute is an order that it carries out."""

    def __init__(self, environments: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.hot.driver", str(environments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"},
        )

    def __getattr__(self, order: str) -> Callable[..., Any]:
        return lambda **details: self._ask({"do": order, **details})

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


@pytest.fixture(scope="session")
def site(bubblewrap: Path) -> Iterator[Site]:
    """Return a running driver."""
    environments = default_environments_folder()
    find_or_build_environment(installed_folder("sandbox") / "requirements.lock", environments)
    started = Site(environments)
    yield started
    started.process.stdin.close()
    started.process.stdout.close()
    started.process.wait()


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Data]]:
    """Give a function that lays out a sample data set; other users can read it, which pytest's own folders forbid."""
    folder = Path(tempfile.mkdtemp(prefix="fomrepo-hot-"))
    folder.chmod(0o755)

    def lay_out(name: str) -> Data:
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

    yield lay_out
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def held(site: Site, data: Callable[..., Data]) -> Callable[..., str]:
    """Give a function that holds a sample data set, once, and returns the holder's name."""
    known: dict[tuple[str, int], str] = {}

    def hold(name: str, *, budget: int = FRAME_BUDGET_BYTES) -> str:
        if (name, budget) not in known:
            laid = data(name)
            request = {"protocol": 1, "task": "hold", "inputs": laid.inputs, "frame_budget_bytes": budget}
            holder = f"{name}-{budget}"
            facts = site.hold(name=holder, request=request | {"limits": LIMITS}, inputs=laid.files)
            assert "n_frames" in facts, facts
            known[name, budget] = holder
        return known[name, budget]

    return hold


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
