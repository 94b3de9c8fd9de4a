"""Plays the site: runs guests in the real sandbox and hands back what they answered.

Run as ``python -m tests.guest.wall_driver ENVIRONMENTS < orders``: one JSON line in, one out, a run. Started by root it
becomes a service user; otherwise it stays who it is.
"""

from __future__ import annotations

import base64
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

from fomrepo.installed_files import installed_folder
from fomrepo.isolation.environment import GuestEnvironment, find_or_build_environment
from fomrepo.isolation.orders import InputFile, RunLimits, RunOrder
from fomrepo.isolation.service_user import drop_to_service_user
from fomrepo.isolation.warden import Warden

SERVICE_USER = "61185"  # a number that nobody else has


def carry_out(warden: Warden, environment: GuestEnvironment, order: dict[str, Any]) -> dict[str, Any]:
    """Run one guest; how it ended, and its outcome."""
    limits = order["request"]["limits"]
    run = RunOrder(
        run_id=order["name"],
        task=order["request"]["task"],
        environment=environment,
        method_folder=None if order["method"] is None else installed_folder("methods") / order["method"],
        inputs=tuple(InputFile(Path(path), inside) for inside, path in order["inputs"].items()),
        limits=RunLimits(memory_bytes=limits["memory_bytes"], result_bytes=limits["result_bytes"], wall_s=60.0),
        request=json.dumps(order["request"]).encode(),
    )
    body = io.BytesIO()
    report = warden.run(run, outcome=body)
    outcome = base64.b64encode(body.getvalue()).decode()
    return {"ended": report.ended, "signal": report.signal, "log": report.log_tail, "outcome": outcome}


def main() -> None:
    """Become somebody, start a warden, carry out what comes."""
    if os.geteuid() == 0:
        drop_to_service_user((), user=SERVICE_USER)
    lock = installed_folder("sandbox") / "requirements.lock"
    environment = find_or_build_environment(lock, Path(sys.argv[1]))
    warden = Warden.start()
    for line in sys.stdin:
        print(json.dumps(carry_out(warden, environment, json.loads(line))), flush=True)
    warden.close()


if __name__ == "__main__":
    main()
