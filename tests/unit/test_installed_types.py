"""File types are what the probes declare; nobody else lists them."""

from __future__ import annotations

from pathlib import Path

import pytest

from deposition.recognise import file_types
from fomrepo.installed_types import InstalledType, installed_types, types_declared_in
from fomrepo.model.files import FAMILIES, FileObject


def test_host_and_guest_know_the_same_types() -> None:
    assert {one.name: one.suffixes for one in file_types()} == {
        one.name: one.suffixes for one in installed_types().values()
    }


def test_every_family_is_one_that_methods_may_bind_to() -> None:
    assert {family for one in installed_types().values() for family in one.families} <= set(FAMILIES)


def test_a_declaration_is_read_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "toy.py").write_text('TYPE = "TOY"\nFAMILIES = ("table",)\nSUFFIXES = (".toy",)\nraise SystemExit\n')
    assert types_declared_in(tmp_path) == {"TOY": InstalledType("TOY", ("table",), (".toy",))}


@pytest.mark.parametrize(
    "text", ['TYPE = "TOY"\n', 'TYPE = "toy"\nFAMILIES = ("table",)\nSUFFIXES = ()\n', 'TYPE = "TOY"\nFAMILIES = ()\n']
)
def test_half_a_declaration_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "toy.py").write_text(text)
    with pytest.raises(ValueError, match=r"toy\.py declares no new type"):
        types_declared_in(tmp_path)


def test_what_the_probe_found_goes_before_what_the_type_can_be() -> None:
    one = FileObject("", "a.pdb", "PDB", "", 0)
    assert "trajectory" in one.families
    assert FileObject("", "a.pdb", "PDB", "", 0, {"families": ["structure"]}).families == ("structure",)
