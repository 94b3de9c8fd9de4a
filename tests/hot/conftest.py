"""What the tests of holders share: a process that plays the site, and sample data that its user can read."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from fomrepo.installed_files import installed_folder
from fomrepo.isolation.environment import default_environments_folder, find_or_build_environment
from fomrepo.isolation.spare import LATE_TYPES
from tests.guest.conftest import NOT_OURS
from tests.hot.site import FRAME_BUDGET_BYTES, LIMITS, Data, Site, lay_out


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let warnings of MDAnalysis pass in this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.path).parents:
            for line in NOT_OURS:
                item.add_marker(pytest.mark.filterwarnings(line))


@pytest.fixture(scope="session")
def site(bubblewrap: Path) -> Iterator[Site]:
    """Return a running driver."""
    environments = default_environments_folder()
    find_or_build_environment(installed_folder("sandbox") / "requirements.lock", environments)
    started = Site(environments)
    yield started
    started.end()


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Data]]:
    """Give a function that lays out a sample data set; other users can read it, which pytest's own folders forbid."""
    folder = Path(tempfile.mkdtemp(prefix="fomrepo-hot-"))
    folder.chmod(0o755)
    yield partial(lay_out, folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def held(site: Site, data: Callable[..., Data]) -> Callable[..., str]:
    """Give a function that holds a sample data set, once, and returns the holder's name; it is made of a spare."""
    known: dict[tuple[str, int], str] = {}

    def hold(name: str, *, budget: int = FRAME_BUDGET_BYTES) -> str:
        if (name, budget) not in known:
            laid = data(name)
            request = {"protocol": 1, "task": "hold", "inputs": laid.inputs, "frame_budget_bytes": budget}
            holder = f"{name}-{budget}"
            late = any(file["type"] in LATE_TYPES for given in laid.inputs for file in given["files"])
            spare = None if late else site.spare(name=holder)["name"]
            facts = site.hold(name=holder, request=request | {"limits": LIMITS}, inputs=laid.files, spare=spare)
            assert "n_frames" in facts, facts
            known[name, budget] = holder
        return known[name, budget]

    return hold
