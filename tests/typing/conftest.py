"""An environment of its own for type checkers: the package, and beside it the stubs of what a federation published."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fomrepo.client.stubs import write_stubs
from fomrepo.model.bundle import read_schema
from tests.client.scripted_site import BETWEEN, INFO, RMSD

CHECKOUT = Path(__file__).resolve().parents[2]
#: Everything that can make a stub hard to write.
ODD = RMSD | {
    "name": "odd_1",
    "summary": 'Says """quotes""", a \\ and\na line\'s end',
    "parameters": {
        "lambda": {"type": "int", "default": 1, "doc": "A keyword"},
        "pairs": {"type": "list", "items": "quantity", "unit": "angstrom", "default": [1.0], "doc": "Several"},
        "level": {"type": "float", "doc": "Must be given"},
        "name_of": {"type": "str", "optional": True, "doc": "May be None"},
    },
    "result": {
        "type": "Composite",
        "fields": {
            "rows": {"dtype": "int64", "dims": ["row", "*"]},
            "maybe": {"dtype": "float32", "dims": ["row"], "optional": True},
            "labels": {"dtype": "string", "dims": ["row"]},
            "class": {"dtype": "bool", "dims": []},
            "count": {"dtype": "uint8", "dims": []},
        },
    },
}

Check = Callable[[str], str]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a virtual environment that has this checkout and the stubs installed, and no program in it."""
    folder = tmp_path_factory.mktemp("typing")
    venv.create(folder / "venv", symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "venv")}))
    (packages / "checkout.pth").write_text(f"{CHECKOUT}\n{sysconfig.get_path('purelib')}\n")
    write_stubs([read_schema(one) for one in (RMSD, INFO, BETWEEN, ODD)], packages)
    return folder


@pytest.fixture(scope="session")
def check(environment: Path) -> Iterator[Check]:
    """Return what checks a program with mypy and gives its words, all in one process's cache."""

    def run(program: str) -> str:
        script = environment / "script.py"
        python = environment / "venv" / "bin" / "python"
        script.write_text(program)
        done = subprocess.run(
            [
                sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context",
                "--python-executable", str(python), "--cache-dir", "cache", script.name,
            ],
            cwd=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    return run
