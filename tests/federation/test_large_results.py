"""A large result passes through every process in pieces: none has much more memory at its peak than before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import fomrepo
from fomrepo.client.record import Record
from fomrepo.testing import LocalFederation
from tests.federation.conftest import OWNER
from tests.federation.records import TRAJECTORY
from tests.federation.test_processes import family

MIB = 2**20
#: Size of the result. The promise is of 500; in tests less serves, because it is twice the bound.
LARGE_MIB = int(os.environ.get("FOMREPO_TEST_LARGE_MIB", "128"))
#: What a process may have at its peak beyond what it had before.
BOUND_MIB = 64

MANY_NUMBERS = {
    "method.toml": f"""
name = "many_numbers"
version = "0.1.0"
summary = "As many numbers as a large result has"
entry = "many_numbers:many_numbers"
environment = "mdanalysis"
[inputs]
universe = "trajectory"
[result]
type = "Array"
[result.fields.values]
dtype = "float64"
dims = ["row", "column"]
unit = "ps"
[limits]
memory_mib = 4096
wall_s = 60
result_mib = {LARGE_MIB + 1}
""",
    "many_numbers.py": f'''
"""A test's."""

import numpy as np


def many_numbers(universe, frames):
    return {{"values": np.arange({LARGE_MIB * MIB // 8}, dtype=np.float64).reshape(-1, 1024)}}
''',
}

#: A program of a user's own, which says by how much its memory had grown at the peak, in MiB, and what it saw.
USER = """
import json, sys
from pathlib import Path
import h5netcdf, numpy
import fomrepo
address, token, ca, file, draft, site, target = sys.argv[1:]

def memory(name):
    return next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith(name))

with fomrepo.connect(address, token=token, ca=ca) as repo:
    traj = repo.file(file)
    traj.rmsd(stop=2).save(target)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    idle = memory("VmRSS")
    result = repo.try_draft(draft, traj, at_site=site)
    slices = [result.values[1000].tolist()[:2], result.values[-1, -1].item(), result.values.shape]
    blocks = sum(float(block[0, 0]) for block in result.values.blocks())
    result.to("ns").save(target)
    print(json.dumps({"grown": memory("VmHWM") - idle, "slices": slices, "operation": result.operation}))
"""


def memory_mib(process: int, name: str) -> float | None:
    """What the kernel says of a process: ``VmRSS`` is resident now, ``VmHWM`` was at the peak; None if it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), None)


@contextmanager
def peaks(federation: LocalFederation) -> Iterator[dict[str, float]]:
    """MiB by which each process of the sites had grown at its peak when the block is left."""
    before: dict[int, tuple[str, float]] = {}
    for name, site in federation.sites.items():
        for process in family(site.pid):
            command = Path(f"/proc/{process}/cmdline").read_text()
            if "fomrepo" in command and (resident := memory_mib(process, "VmRSS")) is not None:
                part = "warden" if "warden" in command else "server"
                before[process] = (f"{name} {part} {process}", resident)
                Path(f"/proc/{process}/clear_refs").write_text("5")
    grown: dict[str, float] = {}
    yield grown
    for process, (name, resident) in before.items():
        peak = memory_mib(process, "VmHWM")
        assert peak is not None, f"{name} has ended"
        grown[name] = peak - resident


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    for name, text in MANY_NUMBERS.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_nobody_holds_a_large_result_in_memory(
    federation: LocalFederation, adk: Record, draft: Path, tmp_path: Path
) -> None:
    target = tmp_path / "kept.nc"
    words = [federation["site-a"].address, federation.token(OWNER), federation.ca, f"{adk.accession}/{TRAJECTORY}"]
    with peaks(federation) as grown:
        said = subprocess.run(
            [sys.executable, "-c", USER, *map(str, words), draft, "site-b", target],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert said.returncode == 0, said.stderr
    told = json.loads(said.stdout)
    assert told["slices"] == [[1024000, 1024001], LARGE_MIB * MIB // 8 - 1, [LARGE_MIB * MIB // 8 // 1024, 1024]]
    grown["user"] = told["grown"]
    assert {name.split()[0] for name in grown} == {"site-a", "site-b", "site-c", "user"}
    assert {name: mib for name, mib in grown.items() if mib > BOUND_MIB} == {}
    found = fomrepo.load(target)
    assert found.units["values"] == "ns"
    np.testing.assert_array_equal(found.values[1000], np.arange(1024000, 1025024) * 0.001)
