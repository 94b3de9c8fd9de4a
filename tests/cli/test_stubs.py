"""``fomrepo stubs``, against a real site."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine

pytestmark = pytest.mark.timeout(600)  # the first start on a machine builds the guest environment


def test_stubs_name_every_published_method(run: CommandLine, tmp_path: Path) -> None:
    published = {one["name"] for one in run("method", "list", "--json").documents}
    done = run("stubs", tmp_path / "typings")
    assert done.out.strip() == f"{tmp_path}/typings/fomrepo-stubs: {len(published)} methods"
    package = tmp_path / "typings" / "fomrepo-stubs"
    assert (package / "py.typed").read_text() == "partial\n"
    tree = ast.parse((package / "client" / "method_attributes.pyi").read_text())
    methods = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "MethodAttributes")
    assert {node.name for node in methods.body if isinstance(node, ast.FunctionDef)} == published
    again = run("stubs", tmp_path / "typings", "--json").document
    assert again == {"path": str(package), "methods": len(published)}


def test_a_folder_of_somebody_else_is_refused(run: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("stubs", tmp_path / "file" / "below")
    assert done.status == 1
    assert "cannot be made" in done.err
