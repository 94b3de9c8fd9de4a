"""Where the benches find and leave things."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).absolute().parent.parent

#: What the benches make once and find again: the peers' environment, trajectories, logs.
CACHE = Path(os.environ.get("FOMREPO_BENCH_CACHE") or ROOT / ".cache" / "bench")
DATA = CACHE / "data"
LOGS = CACHE / "logs"

#: Tables, plots and figures of the last run of each bench.
RESULTS = ROOT / "bench" / "results"

#: Methods that only the benches have; their federation signs them like any other.
METHODS = ROOT / "bench" / "methods"
SCRIPTS = ROOT / "bench" / "scripts"

#: Interpreter that has fomrepo, and the one that has the peers.
OUR_PYTHON = Path(sys.executable)
PEER_PYTHON = CACHE / "venv" / "bin" / "python"

#: What a guest has, too: linear algebra on one thread. Whoever runs the same function gets the same.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
