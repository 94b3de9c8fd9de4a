"""The wheel alone, in clean environments outside the checkout and without MDAnalysis: what it carries, the main job.

One file, because a test process that runs it builds the wheel and its environments.
"""

import json
from pathlib import Path

import MDAnalysis
import numpy as np
import pytest
from MDAnalysis.analysis.rms import RMSD
from MDAnalysisTests.datafiles import DCD, PSF

from fomrepo.installed_files import installed_folder
from tests.packaging.conftest import Installation

FOLDERS = ["sandbox", "methods", "deposition", "migrations"]

THIRD_PARTY_LOADED = """
import json, sys
before = set(sys.modules)
import {module}
loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(json.dumps(sorted(loaded - set(sys.stdlib_module_names))))
"""

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


def files_below(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("name", FOLDERS)
def test_wheel_carries_the_folders_beside_the_package(site: Installation, name: str) -> None:
    found = Path(
        site.python(f"from fomrepo.installed_files import installed_folder; print(installed_folder({name!r}))").strip()
    )
    assert found.parent.name == "fomrepo-files"
    assert found.is_relative_to(site.folder)
    assert files_below(found) == files_below(installed_folder(name))


@pytest.mark.parametrize("name", [*FOLDERS, "tests", "bench"])
def test_nothing_beside_the_package_can_be_imported(site: Installation, name: str) -> None:
    assert site.python(f"import importlib.util; print(importlib.util.find_spec({name!r}))").strip() == "None"


def test_import_loads_nothing_but_the_package(light: Installation) -> None:
    assert json.loads(light.python(THIRD_PARTY_LOADED.format(module="fomrepo"))) == ["fomrepo"]


@pytest.mark.parametrize("environment", ["light", "site"])
def test_command_line_answers(environment: str, request: pytest.FixtureRequest) -> None:
    installation: Installation = request.getfixturevalue(environment)
    assert "deposit" in installation.run("fomrepo", "--help")


def test_command_line_of_the_light_client_loads_nothing_of_a_site(light: Installation) -> None:
    loaded = json.loads(light.python(THIRD_PARTY_LOADED.format(module="fomrepo.cli")))
    assert set(loaded).isdisjoint({"sqlalchemy", "alembic", "psycopg2", "cryptography", "pydantic"})


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
