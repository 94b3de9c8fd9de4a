"""What all tests share: the components of the machine that some of them need."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.components import missing
from tests.site_forks import SiteForks


@pytest.fixture(scope="session")
def bubblewrap() -> Path:
    """Return the path of a ``bwrap`` that can make namespaces here."""
    path = shutil.which("bwrap")
    if path is None:
        missing("bubblewrap is not installed", "script/bootstrap")
    probe = subprocess.run([path, "--unshare-all", "--ro-bind", "/", "/", "true"], capture_output=True, text=True)
    if probe.returncode != 0:
        missing(f"bubblewrap cannot make namespaces here ({probe.stderr.strip()})", "fomrepo doctor")
    return Path(path)


@pytest.fixture(scope="session")
def forked_sites() -> Iterator[None]:
    """Let federations fork their sites instead of starting a new interpreter for each."""
    with closing(SiteForks()) as forks, pytest.MonkeyPatch.context() as patch:
        patch.setattr("fomrepo.testing.federation.start_program", forks.start)
        yield


@pytest.fixture(scope="session")
def postgresql_binaries() -> Path:
    """Return the folder that holds ``initdb`` and ``postgres``, the newest version that is installed."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("initdb")
    if installed:
        return installed[-1].parent
    if on_path is None:
        missing("PostgreSQL's server binaries are not installed", "script/bootstrap --test")
    return Path(on_path).resolve().parent
