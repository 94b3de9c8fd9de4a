"""Plays the site for one identity: carries out attacks one after the other and says what came of each.

Run as ``python -m tests.escapes.driver SERVICE_USER ENVIRONMENTS < orders``: one JSON line in, one out, a run. Started
by root it becomes the service user; otherwise it stays who it is.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from fomrepo.errors import FomrepoError
from fomrepo.installed_files import installed_folder
from fomrepo.isolation.environment import GuestEnvironment, find_or_build_environment
from fomrepo.isolation.limits import MIB, RunLimits
from fomrepo.isolation.orders import InputFile, RunOrder
from fomrepo.isolation.outcome import check_method_outcome
from fomrepo.isolation.service_user import drop_to_service_user
from fomrepo.isolation.warden import Warden
from fomrepo.model.methods import ResultField, ResultSchema

SCHEMA = ResultSchema(
    "Composite",
    (ResultField("gained", "string", ("gain",), ""), ResultField("refused", "string", ("refusal",), "")),
)


def request(limits: RunLimits) -> bytes:
    """Ask for ``attack(universe)``."""
    pdb = {"role": "structure", "type": "PDB", "path": "/in/universe.structure.pdb", "name": "one.pdb"}
    return json.dumps(
        {
            "protocol": 1,
            "task": "method",
            "entry": {"module": "attack", "function": "attack"},
            "inputs": [{"name": "universe", "family": "structure", "files": [pdb]}],
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
            "limits": {
                "result_bytes": limits.result_bytes,
                "memory_bytes": limits.memory_bytes,
                "cpu_s": int(limits.cpu_s),
                "processes": limits.processes,
                "open_files": limits.open_files,
            },
        }
    ).encode()


def carry_out(warden: Warden, environment: GuestEnvironment, order: dict[str, Any]) -> dict[str, Any]:
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
    run = RunOrder(
        order["name"],
        "method",
        environment,
        Path(order["folder"]),
        (InputFile(Path(order["data"]), "universe.structure.pdb"),),
        limits,
        request(limits),
    )
    body = io.BytesIO()
    report = warden.run(run, outcome=body)
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
    return {"name": order["name"], "report": asdict(report), "told": told, "texts": texts, "alive": _alive()}


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


def _alive() -> list[str]:
    """Processes of this user in another PID namespace: there is no other run, so they are survivors."""
    mine, found = os.readlink("/proc/self/ns/pid"), []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if entry.stat().st_uid == os.geteuid() and os.readlink(entry / "ns" / "pid") != mine:
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # ended meanwhile, or another user's
    return found


def main() -> None:
    """Become somebody, start a warden, carry out what comes."""
    environments = Path(sys.argv[2])
    drop_to_service_user((), user=sys.argv[1])
    environment = find_or_build_environment(installed_folder("sandbox") / "requirements.lock", environments)
    warden = Warden.start()
    for line in sys.stdin:
        print(json.dumps(carry_out(warden, environment, json.loads(line))), flush=True)
    warden.close()


if __name__ == "__main__":
    main()
