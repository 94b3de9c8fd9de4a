"""Plays the site for one identity: carries out attacks one after the other and says what came of each.

Run as ``python -m tests.escapes.driver SERVICE_USER ENVIRONMENTS (cold|hot|spare) < orders``: one JSON line in, one
out, a run. Started by root it becomes the service user; otherwise it stays who it is. Cold, each attack has a sandbox
of its own; hot, all have one holder, whose children they are; of a spare likewise, and it was handed its files.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import time
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from fomrepo.errors import FomrepoError
from fomrepo.installed_files import installed_folder
from fomrepo.isolation.environment import GuestEnvironment, find_or_build_environment
from fomrepo.isolation.holder import SPARES, Holder
from fomrepo.isolation.limits import MIB, RunLimits
from fomrepo.isolation.orders import HoldOrder, InputFile, RunOrder, RunReport
from fomrepo.isolation.outcome import check_method_outcome
from fomrepo.isolation.service_user import drop_to_service_user
from fomrepo.isolation.spare import SPARE_REQUEST
from fomrepo.isolation.warden import Warden
from fomrepo.model.methods import ResultField, ResultSchema
from tests.survivors import adopt_orphans, command, in_sandboxes

SCHEMA = ResultSchema(
    "Composite",
    (ResultField("gained", "string", ("gain",), ""), ResultField("refused", "string", ("refusal",), "")),
)


PDB = {"role": "structure", "type": "PDB", "path": "/in/universe.structure.pdb", "name": "one.pdb"}
INPUTS = [{"name": "universe", "family": "structure", "files": [PDB]}]

#: For the children that are ended, and for those that take their places.
SETTLING_TIMEOUT_S = 20.0


def request(limits: RunLimits, bundle: dict[str, str] | None = None) -> bytes:
    """Ask for ``attack(universe)``."""
    return json.dumps(
        {
            "protocol": 1,
            "task": "method",
            "entry": {"module": "attack", "function": "attack"},
            "inputs": INPUTS,
            "frames": None,
            "parameters": {},
            "arguments": {},
            "result": {
                "type": SCHEMA.type,
                "fields": {
                    each.name: {"dtype": each.dtype, "dims": list(each.dims), "unit": "", "optional": False}
                    for each in SCHEMA.fields
                },
            },
            "limits": _limits_inside(limits),
            **({} if bundle is None else {"bundle": bundle}),
        }
    ).encode()


def _limits_inside(limits: RunLimits) -> dict[str, int]:
    return {
        "result_bytes": limits.result_bytes,
        "memory_bytes": limits.memory_bytes,
        "cpu_s": int(limits.cpu_s),
        "processes": limits.processes,
        "open_files": limits.open_files,
    }


class Cold:
    """Runs each attack in a sandbox of its own."""

    def __init__(self, warden: Warden, environment: GuestEnvironment) -> None:
        self._warden = warden
        self._environment = environment

    def run(self, order: dict[str, Any], limits: RunLimits, body: io.BytesIO) -> RunReport:
        """Run one attack."""
        inputs = (InputFile(Path(order["data"]), "universe.structure.pdb"),)
        folder = Path(order["folder"])
        run = RunOrder(order["name"], "method", self._environment, folder, inputs, limits, request(limits))
        return self._warden.run(run, outcome=body)

    def alive(self) -> list[str]:
        """Name the processes that are alive in a sandbox: there is no other run, so they are survivors."""
        return [command(process) for process in in_sandboxes()]


class Hot:
    """Runs all attacks in children of one holder, which must outlive them all."""

    def __init__(self, warden: Warden, environment: GuestEnvironment, *, of_a_spare: bool) -> None:
        self._warden = warden
        self._environment = environment
        self._of_a_spare = of_a_spare
        self._holder: Holder | None = None

    def run(self, order: dict[str, Any], limits: RunLimits, body: io.BytesIO) -> RunReport:
        """Run one attack."""
        if self._holder is None:
            self._holder = self._hold(Path(order["data"]))
        bundle = {path.name: path.read_text() for path in Path(order["folder"]).glob("*.py")}
        return self._holder.run(request(limits, bundle), limits=limits, outcome=body)

    def alive(self) -> list[str]:
        """Name the processes that are alive beside the holder and its ready children, once it has replaced them."""
        assert self._holder is not None
        deadline = time.monotonic() + SETTLING_TIMEOUT_S
        while True:
            ready = self._holder.processes()
            others = set(in_sandboxes()) - set(ready)
            if (not others and len(ready) == 1 + SPARES) or time.monotonic() > deadline:
                return [command(process) for process in others] + ([] if len(ready) == 1 + SPARES else ["no spares"])
            time.sleep(0.005)

    def _hold(self, data: Path) -> Holder:
        limits = RunLimits(memory_bytes=1024 * MIB, wall_s=60, cpu_s=60, result_bytes=8 * MIB, tmp_bytes=1 * MIB)
        asked = {"protocol": 1, "task": "hold", "inputs": INPUTS, "frame_budget_bytes": 1 * MIB}
        said = json.dumps({**asked, "limits": _limits_inside(limits)}).encode()
        inputs = (InputFile(data, "universe.structure.pdb"),)
        order = HoldOrder("hot", self._environment, inputs, said, limits, 512 * MIB)
        spare = None
        if self._of_a_spare:
            empty = replace(order, inputs=(), request=SPARE_REQUEST, holder_memory_bytes=1024 * MIB, room_bytes=MIB)
            spare = self._warden.spare(empty)
        return self._warden.hold(order, spare=spare)


def carry_out(runner: Cold | Hot, order: dict[str, Any]) -> dict[str, Any]:
    """Run one attack; what was seen from outside, and what a caller would be told."""
    given = dict(order["limits"])
    limits = RunLimits(
        memory_bytes=given.pop("memory_mib", 1024) * MIB,
        wall_s=given.pop("wall_s", 60),
        cpu_s=given.pop("cpu_s", 60),
        result_bytes=8 * MIB,
        tmp_bytes=1 * MIB,
    )
    assert not given, f"unknown limits: {given}"
    for _ in range(order["times"]):
        body = io.BytesIO()
        report = runner.run(order, limits, body)
    told = None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outcome"
        path.write_bytes(body.getvalue())
        if report.ended == "outcome":
            try:
                check_method_outcome(path, SCHEMA)
            except FomrepoError as error:
                told = [type(error).__name__, error.message, str(getattr(error, "limit", None))]
    texts = _texts(body.getvalue()) if report.ended == "outcome" and told is None else None
    return {"name": order["name"], "report": asdict(report), "told": told, "texts": texts, "alive": runner.alive()}


def _texts(container: bytes) -> dict[str, list[str]]:
    """Read the two text fields of a container that was checked."""
    length = int.from_bytes(container[:8], "little")
    header, buffers = json.loads(container[8 : 8 + length]), container[8 + length :]

    def part(name: str) -> bytes:
        begin, end = header[name]["data_offsets"]
        return buffers[begin:end]

    texts = {}
    for field in ("gained", "refused"):
        borders = memoryview(part(f"{field}:offsets")).cast("q").tolist()
        text = part(f"{field}:utf8")
        texts[field] = [text[a:b].decode() for a, b in pairwise(borders)]
    return texts


def main() -> None:
    """Become somebody, start a warden, carry out what comes."""
    adopt_orphans()
    environments = Path(sys.argv[2])
    drop_to_service_user((), user=sys.argv[1])
    environment = find_or_build_environment(installed_folder("sandbox") / "requirements.lock", environments)
    warden = Warden.start()
    way = sys.argv[3]
    runner = Cold(warden, environment) if way == "cold" else Hot(warden, environment, of_a_spare=way == "spare")
    for line in sys.stdin:
        print(json.dumps(carry_out(runner, json.loads(line))), flush=True)
    warden.close()


if __name__ == "__main__":
    main()
