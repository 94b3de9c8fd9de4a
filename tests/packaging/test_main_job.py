"""The wheel alone deposits a trajectory and computes on it, in an environment that has no MDAnalysis."""

import json
from pathlib import Path

import MDAnalysis
import numpy as np
import pytest
from MDAnalysis.analysis.rms import RMSD
from MDAnalysisTests.datafiles import DCD, PSF

from tests.packaging.conftest import Installation

MAIN_JOB = """
import json, sys
from pathlib import Path
from fomrepo.testing import LocalFederation

folder, topology, trajectory = map(Path, sys.argv[1:])
with LocalFederation(folder, ("alone",)) as federation, federation.connect() as repo:
    traj = repo.deposit(topology, trajectory, title="Closed to open")[trajectory.name]
    first = traj.rmsd(select="name CA", step=10)
    again = traj.rmsd(select="name CA", step=10)
    guests = [name for name in ("MDAnalysis", "sandbox", "methods", "deposition") if name in sys.modules]
print(json.dumps({"rmsd": list(first.rmsd), "cached": [first.cached, again.cached], "guests": guests}))
"""


@pytest.mark.usefixtures("bubblewrap")
@pytest.mark.timeout(600)  # it may have to build the guest environment first
@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:MDAnalysis")  # plain MDAnalysis, which is compared with
def test_the_wheel_alone_does_the_main_job(site: Installation, tmp_path: Path) -> None:
    assert site.python("import importlib.util; print(importlib.util.find_spec('MDAnalysis'))").strip() == "None"

    answer = json.loads(site.python(MAIN_JOB, str(tmp_path / "federation"), PSF, DCD, timeout_s=500))

    expected = RMSD(MDAnalysis.Universe(PSF, DCD), select="name CA").run(step=10).results.rmsd[:, 2]
    assert np.allclose(answer["rmsd"], expected, rtol=0, atol=1e-6)
    assert answer["cached"] == [False, True]
    assert answer["guests"] == []
