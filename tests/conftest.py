"""What all tests share: the components of the machine that some of them need."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.components import missing

#: Folders whose files share what takes long to make: a federation, installed wheels, a database, a driver of holders.
WHOLE_FOLDERS = ("catalog", "cli", "hot", "packaging")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests one process runs: a file's, or those of all files that share what takes long to make.

    The files that share the federation of ``tests/federation`` are two halves, so that neither is what all wait for.
    """
    here = Path(__file__).parent
    sharing = {item.path for item in items if "federation" in getattr(item, "fixturenames", ())}
    for item in items:
        file = item.path.relative_to(here)
        if file.parts[0] in WHOLE_FOLDERS:
            together = file.parts[0]
        elif file.parts[0] == "federation" and item.path in sharing:
            together = "federation to j" if file.name < "test_k" else "federation from k"
        else:
            together = str(file)
        item.add_marker(pytest.mark.xdist_group(together))


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
def postgresql_binaries() -> Path:
    """Return the folder that holds ``initdb`` and ``postgres``, the newest version that is installed."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("initdb")
    if installed:
        return installed[-1].parent
    if on_path is None:
        missing("PostgreSQL's server binaries are not installed", "script/bootstrap --test")
    return Path(on_path).resolve().parent
