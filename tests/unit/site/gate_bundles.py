"""Bundles for the tests of the gate, and a runner without a wall that is quick."""

from __future__ import annotations

import io
import json
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomli_w

from fomrepo.isolation.environment import GuestEnvironment
from fomrepo.isolation.limits import RunLimits
from fomrepo.isolation.orders import InputFile, RunReport
from fomrepo.model.bundle import read_bundle
from fomrepo.model.methods import Bundle
from sandbox.request import MethodRequest, read_request
from tests.guest.runs import outcome_of

SCHEMA = """\
name = "spread"
version = "1.0.0"
summary = "Mean distance of some atoms from their centre"
entry = "spread:spread"
environment = "mdanalysis"
split = "frames"
licence = "Apache-2.0"
[inputs]
universe = "trajectory"
[parameters.select]
type = "selection"
default = "name CA"
doc = "Atoms that are looked at"
[parameters.power]
type = "int"
default = 1
min = 1
doc = "Power to which distances are taken"
[result]
type = "TimeSeries"
[result.fields.spread]
dtype = "float64"
dims = ["frame"]
unit = "angstrom"
combine = "concat"
doc = "Mean distance of each frame"
[[authors]]
name = "A student"
[[citations]]
doi = "10.1107/S0108767305015266"
"""

SOURCE = """\
import numpy as np


def spread(universe, frames, *, select, power):
    atoms = universe.select_atoms(select)
    found = []
    for _ in frames:
        distances = np.linalg.norm(atoms.positions - atoms.positions.mean(axis=0), axis=1)
        found.append((distances**power).mean())
    return {"spread": np.array(found, dtype=np.float64)}
"""

CASE = """\
data = "adk_dims"
[frames]
stop = 5
[[expect]]
field = "spread"
shape = [5]
first = 15.456
tolerance = 0.5
source = "numpy, by hand"
"""

README = "# Spread\n\n" + "The mean distance of the selected atoms from their centre of geometry, in each frame. " * 2

FILES = {"method.toml": SCHEMA, "spread.py": SOURCE, "tests/first.toml": CASE, "README.md": README}


def bundle(changes: Mapping[str, str | None] | None = None, **keys: Any) -> Bundle:
    """A good bundle, with some files replaced or taken out (None), and some top-level keys of its schema replaced."""
    files = {path: text for path, text in {**FILES, **(changes or {})}.items() if text is not None}
    if keys:
        source = tomllib.loads(files["method.toml"]) | keys
        files["method.toml"] = tomli_w.dumps({key: value for key, value in source.items() if value is not None})
    return read_bundle({path: text.encode() for path, text in files.items()})


class WithoutAWall:
    """Runs guests in this process: for what the gate makes of their answers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.runs = 0

    def environment(self, bundle: Bundle) -> GuestEnvironment:
        packages = self._folder / "packages"
        (packages / "numpy").mkdir(parents=True, exist_ok=True)
        return GuestEnvironment("mdanalysis", "e" * 64, Path("python"), (), (), packages)

    def folder_of(self, bundle: Bundle) -> Path:
        folder = self._folder / "bundle"
        shutil.rmtree(folder, ignore_errors=True)
        for path, content in bundle.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return folder

    @contextmanager
    def run(
        self,
        bundle: Bundle,
        request: bytes,
        inputs: tuple[InputFile, ...],
        limits: RunLimits,
        *,
        following: Sequence[bytes] = (),
    ) -> Iterator[tuple[RunReport, Path]]:
        self.runs += 1
        plain = json.loads(request)
        lie_at = {f"/in/{one.inside}": str(one.host_path) for one in inputs}
        for one in plain["inputs"]:
            for file in one["files"]:
                file["path"] = lie_at[file["path"]]
        text = json.dumps(plain).encode()
        heard = read_request(io.BytesIO(len(text).to_bytes(8, "little") + text + b"".join(following)))
        assert isinstance(heard, MethodRequest)
        outcome = self._folder / f"outcome-{self.runs}"
        outcome.write_bytes(outcome_of(heard, self.folder_of(bundle)))
        size = outcome.stat().st_size
        yield RunReport("outcome", 0, None, None, 0.25, 0.25, 90 * 2**20, size, "", ""), outcome
