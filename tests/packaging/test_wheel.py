"""The wheel alone, in a clean environment outside the checkout."""

import json
from pathlib import Path

import pytest

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
