"""Guest: probes and opens one file after another, for the tests of file types; behind no wall, so no site starts it.

Run as `python -I -B -S answer_about_files.py PROBES_PARENT PACKAGES`: one JSON line in, one out. A file that takes too
long or too much memory ends the process, which its exit status tells. Host counterpart: fomrepo/testing/file_prober.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import warnings
from typing import Any

SECONDS_A_FILE = 10
MEMORY_BYTES = 3 << 30


def main(probes_parent: str, packages: str) -> None:
    """Answer until nobody asks any more."""
    harness = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[:0] = [probes_parent, harness]
    sys.path.append(packages)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        signal.alarm(SECONDS_A_FILE)
        asked = json.loads(line)
        answers.write(json.dumps(_probed(asked) if "topology" in asked else _opened(asked)) + "\n")
        answers.flush()
        signal.alarm(0)


def _probed(asked: dict[str, Any]) -> dict[str, Any]:
    """Probe a file; returns the outcome, and its frame offsets."""
    from sandbox.request import Limits, ProbeRequest
    from sandbox.run_probe import probe_outcome

    path = asked["path"]
    file = {"path": path, "name": asked["name"], "size": os.stat(path).st_size}
    container = probe_outcome(ProbeRequest(file, asked["topology"], Limits(0, 0, 0, 0, 0)), "").to_bytes()
    header = json.loads(container[8 : 8 + int.from_bytes(container[:8], "little")])
    outcome = json.loads(header.pop("__metadata__")["outcome"])
    return {"outcome": outcome, "offsets": container.hex() if header else None}


def _opened(asked: dict[str, Any]) -> dict[str, Any]:
    """Open an input as methods get it; returns what the facts speak of, too."""
    from sandbox.load import load_input
    from sandbox.request import Input

    try:
        opened = load_input(Input.from_json(asked))
        return {"opened": _counted(asked["family"], opened)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:2000]}


def _counted(family: str, opened: Any) -> dict[str, Any]:
    """Return numbers of what was opened, after reading all of it once."""
    if family in ("topology", "structure", "trajectory"):
        frames = [timestep.n_atoms for timestep in getattr(opened, "trajectory", ())]
        return {"n_atoms": len(opened.atoms), **({"n_frames": len(frames)} if frames else {})}
    if family in ("table", "energy"):
        return {"n_rows": len(opened), "columns": list(opened.columns)}
    if family == "array":
        return {"shape": list(opened.shape), "dtype": opened.dtype.str}
    return {"n_lines": sum(1 for _ in opened.lines())}


if __name__ == "__main__":
    main(*sys.argv[1:])
