"""The built wheel, and clean environments that it is installed into."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Installation:
    """A virtual environment outside the checkout that holds the wheel."""

    #: The folder of the environment.
    folder: Path

    def run(self, *command: str, timeout_s: float = 60) -> str:
        """Return what a program of this environment prints; it knows nothing of the checkout."""
        program, *arguments = command
        finished = subprocess.run(
            [self.folder / "bin" / program, *arguments],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LANG": "C.UTF-8"} | own_settings("FOMREPO_"),
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout

    def python(self, program: str, *arguments: str, timeout_s: float = 60) -> str:
        """Return what a Python program prints, run isolated from the current folder and environment."""
        return self.run("python", "-I", "-W", "error", "-c", program, *arguments, timeout_s=timeout_s)


def own_settings(prefix: str) -> dict[str, str]:
    """Return the environment variables that begin so: where guest environments are kept."""
    return {name: value for name, value in os.environ.items() if name.startswith(prefix)}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel by way of the sdist, as a release does."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, CHECKOUT],
        check=True,
        capture_output=True,
        timeout=120,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def light(install: Callable[..., Installation]) -> Installation:
    """Return an environment that holds what the light client needs, and nothing else."""
    return install("--require-hashes", "-r", str(CHECKOUT / "requirements" / "client.lock"))


@pytest.fixture(scope="session")
def site(install: Callable[..., Installation]) -> Installation:
    """Return an environment that holds what a site needs, and nothing else."""
    return install("--require-hashes", "-r", str(CHECKOUT / "requirements" / "site.lock"))


@pytest.fixture(scope="session")
def install(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Installation]:
    """Return a function that makes an environment, fills it as `pip install` is told, and adds the wheel."""

    def make(*requirements: str) -> Installation:
        folder = tmp_path_factory.mktemp("environment")
        folder.chmod(0o755)  # an installation can be read by every user, also by the one that a site becomes
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=60)
        pip = [sys.executable, "-m", "pip", "--python", folder, "install", "--quiet", "--disable-pip-version-check"]
        pip.append("--no-compile")  # most of what is installed is never imported
        if requirements:
            subprocess.run([*pip, *requirements], check=True, timeout=300)
        subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True, timeout=60)
        return Installation(folder)

    return make
