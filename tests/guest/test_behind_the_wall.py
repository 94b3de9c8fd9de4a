"""Methods and probes in the real sandbox, with both filters: the same bytes as without a wall."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from MDAnalysisTests import datafiles

from fomrepo.installed_files import installed_folder
from fomrepo.isolation.environment import default_environments_folder, find_or_build_environment
from fomrepo.testing.file_type_contract import FileTypeContract
from sandbox.container import Container
from tests.contract import test_shipped_types
from tests.guest.runs import (
    SAMPLES,
    method_request,
    outcome_of,
    partial_of,
    probed,
    read_outcome,
    schema_of,
    takes_frames,
)

CHECKOUT = Path(__file__).parent.parent.parent
LIMITS = {
    "result_bytes": 1 << 26,
    "memory_bytes": 1 << 30,
    "cpu_s": 60,
    "processes": 64,
    "open_files": 256,
}
Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def data_folder() -> Iterator[Path]:
    """Return a folder that other users can read; pytest's own are closed."""
    folder = Path(tempfile.mkdtemp(prefix="fomrepo-guest-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def run(bubblewrap: Path) -> Iterator[Run]:
    """Give a function that runs one guest and returns how it ended, with its outcome as bytes."""
    environments = default_environments_folder()
    find_or_build_environment(installed_folder("sandbox") / "requirements.lock", environments)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.guest.wall_driver", str(environments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    numbers = iter(range(1000))

    def ask(request: dict[str, Any], inputs: dict[str, Path], method: str | None = None) -> dict[str, Any]:
        order = {
            "name": f"run-{next(numbers)}",
            "request": {"protocol": 1, "limits": LIMITS, **request},
            "inputs": {inside: str(path) for inside, path in inputs.items()},
            "method": method,
        }
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        return answer | {"outcome": base64.b64decode(answer["outcome"])}

    yield ask
    process.stdin.close()
    process.stdout.close()
    process.wait()


def laid_out(source: str | Path, folder: Path) -> Path:
    """Copy a file to where every user can read it."""
    target = folder / Path(source).name
    if not target.exists():
        shutil.copyfile(source, target)
        target.chmod(0o644)
    return target


@pytest.mark.parametrize(
    ("name", "data", "arguments"),
    [
        ("info", "adk_dims", {}),
        ("rmsd", "adk_dims", {}),
        ("rmsf", "adk_dims", {"superpose": True}),
        ("radius_of_gyration", "adk_oplsaa", {}),
        ("distance", "adk_oplsaa", {"select_a": "index 3341", "select_b": "index 47673", "periodic": True}),
        ("average_structure", "adk_oplsaa_trr", {"select": "name CA"}),
    ],
)
def test_a_method_gives_the_same_bytes_behind_the_wall(
    run: Run, data_folder: Path, name: str, data: str, arguments: dict[str, Any]
) -> None:
    sample, schema = SAMPLES[data], schema_of(name)
    inputs = {
        "universe.topology": laid_out(sample.topology, data_folder),
        "universe.trajectory": laid_out(sample.trajectory, data_folder),
    }
    files = [
        {"role": role, "type": kind, "path": f"/in/universe.{role}", "name": inputs[f"universe.{role}"].name}
        for role, kind in zip(("topology", "trajectory"), sample.types, strict=True)
    ]
    if sample.types[1] != "DCD":
        offsets = data_folder / f"{data}.offsets"
        offsets.write_bytes(Container({}, probed(inputs["universe.trajectory"])[1]).to_bytes())
        files[1]["offsets"], inputs["universe.offsets"] = "/in/universe.offsets", offsets
    here = method_request(name, data, arguments)
    answer = run(
        {
            "task": "method",
            "entry": {"module": here.module, "function": here.function},
            "inputs": [{"name": "universe", "family": "trajectory", "files": files}],
            "frames": {"start": None, "stop": None, "step": None, "frames": None} if takes_frames(schema) else None,
            "parameters": {key: {"type": value["type"]} for key, value in schema.get("parameters", {}).items()},
            "arguments": here.arguments,
            "result": schema["result"],
            "partial": partial_of(schema),
        },
        inputs,
        name,
    )
    assert (answer["ended"], answer["log"]) == ("outcome", "")
    assert answer["outcome"] == outcome_of(here, installed_folder("methods") / name)


def probe_behind_the_wall(run: Run, path: Path, topology: dict[str, Any] | None = None) -> dict[str, Any]:
    file = {"path": "/in/file", "name": path.name, "size": path.stat().st_size}
    return run({"task": "probe", "file": file, "topology": topology}, {"file": path})


SHIPPED = [one for name, one in sorted(vars(test_shipped_types).items()) if name.startswith("Test")]


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda shipped: shipped.type_name)
@pytest.mark.filterwarnings("ignore:Stride of block:UserWarning")  # what pytng says of the sample
def test_a_probe_gives_the_same_facts_behind_the_wall(
    run: Run, data_folder: Path, tmp_path: Path, shipped: type[FileTypeContract]
) -> None:
    sample = shipped.make_samples(tmp_path)[0]
    topology = sample.paired_atoms and {"path": "", "type": "PDB", "name": "few.pdb", "n_atoms": sample.paired_atoms}
    path = laid_out(sample.path, data_folder)
    answer = probe_behind_the_wall(run, path, topology)
    outcome, tensors = probed(path, topology=topology)
    assert answer["ended"] == "outcome", answer
    assert answer["outcome"] == Container(outcome, tensors).to_bytes()


@pytest.mark.parametrize("name", ["NCDF", "H5MD", "GSD", "TNG", "MMCIF"])
@pytest.mark.filterwarnings("ignore:Stride of block:UserWarning")  # what pytng says of the sample
def test_readers_that_need_a_package_work_behind_the_wall(
    run: Run, data_folder: Path, tmp_path: Path, name: str
) -> None:
    """The second filter refuses what a reader may do without: locks, writing, starting threads of its own."""
    shipped = next(one for one in SHIPPED if one.type_name == name)
    sample, schema = shipped.make_samples(tmp_path)[0], schema_of("info")
    sources = (
        [("topology", sample.topology), ("trajectory", sample.path)] if sample.topology else [("topology", sample.path)]
    )
    paths = {role: laid_out(source, data_folder) for role, source in sources}
    files = [
        {"role": role, "type": probed(path)[0]["facts"]["type"], "path": f"/in/{role}", "name": path.name}
        for role, path in paths.items()
    ]
    asked = {"entry": {"module": "info", "function": "info"}, "parameters": {}, "arguments": {}, "frames": None}
    inputs = [{"name": "universe", "family": "structure" if name == "MMCIF" else "trajectory", "files": files}]
    answer = run({"task": "method", "inputs": inputs, "result": schema["result"], **asked}, paths, "info")
    outcome, fields = read_outcome(answer["outcome"])
    assert outcome == {"status": "ok"}, outcome
    facts = probed(paths[sources[-1][0]])[0]["facts"]
    assert (fields["n_atoms"], fields["n_frames"]) == (facts["n_atoms"], facts["n_frames"])


def test_damaged_coordinates_of_an_xtc_never_reach_outside(run: Run, data_folder: Path) -> None:
    """MDAnalysis' decoder may crash on them; the run ends, the next one works."""
    original = Path(datafiles.XTC_sub_sol).read_bytes()
    random = np.random.default_rng(5)
    for number in range(6):
        content = np.frombuffer(original, np.uint8).copy()
        places = random.integers(92, 60_000, 40)
        content[places] = random.integers(0, 256, 40)
        path = data_folder / f"damaged-{number}.xtc"
        path.write_bytes(content.tobytes())
        path.chmod(0o644)
        answer = probe_behind_the_wall(run, path)
        assert answer["ended"] in ("outcome", "crashed")
        if answer["ended"] == "outcome":
            assert read_outcome(answer["outcome"])[0]["status"] in ("ok", "refused")
    assert probe_behind_the_wall(run, laid_out(datafiles.XTC, data_folder))["ended"] == "outcome"
