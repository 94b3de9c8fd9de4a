"""Who opens a file of the guest must see at once which side of the wall it is on."""

import ast
from pathlib import Path

import pytest

from fomrepo.installed_files import installed_folder

GUEST_FOLDERS = [installed_folder("sandbox"), installed_folder("methods"), installed_folder("deposition")]
GUEST_MODULES = [
    module
    for folder in GUEST_FOLDERS
    for module in sorted(folder.rglob("*.py"))
    if "tests" not in module.relative_to(folder).parts
]


@pytest.mark.parametrize("folder", GUEST_FOLDERS, ids=lambda folder: folder.name)
def test_readme_begins_with_guest_and_names_its_host_counterpart(folder: Path) -> None:
    readme = (folder / "README.md").read_text()
    assert readme.lstrip("# ").startswith("GUEST")
    assert "fomrepo/" in readme


@pytest.mark.parametrize("module", GUEST_MODULES, ids=lambda module: f"{module.parent.name}/{module.name}")
def test_docstring_begins_with_guest(module: Path) -> None:
    docstring = ast.get_docstring(ast.parse(module.read_bytes()))
    assert docstring is not None
    assert docstring.startswith("Guest:")


@pytest.mark.parametrize(
    "readme", sorted(installed_folder("methods").glob("*/README.md")), ids=lambda one: one.parent.name
)
def test_readme_of_a_method_speaks_to_whoever_calls_it(readme: Path) -> None:
    """It is shown on the method's public page."""
    text = readme.read_text()
    assert text.startswith(f"# {readme.parent.name}\n")
    assert "fomrepo/" not in text
    assert "counterpart" not in text
