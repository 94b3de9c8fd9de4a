"""What a type checker knows of methods and results, once ``fomrepo stubs`` has written it down."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from fomrepo.client.stubs import stub_lines, write_stubs
from fomrepo.errors import StorageError
from fomrepo.model.bundle import read_schema
from tests.client.scripted_site import RMSD
from tests.typing.conftest import ODD, Check

pytestmark = pytest.mark.timeout(300)  # the first check reads all of numpy's types

RIGHT = """
import fomrepo

repo = fomrepo.connect()
traj = repo["FOM-402917"]["adk_dims.dcd"]
result = traj.rmsd(select="name CA", kind="mass", step=2, frames=None)
reveal_type(result.rmsd)
reveal_type(result.times)
reveal_type(result.units)
reveal_type(traj.submit.rmsd(stop=5).result(timeout=3).rmsd)
reveal_type(traj.info().n_atoms)
reveal_type(traj.rmsd_between(traj, cutoff=3).rmsd)
odd = traj.odd_1(level=1, pairs=(1, 2.5), name_of=None)
reveal_type(odd.rows)
reveal_type(odd.maybe)
reveal_type(odd.labels)
reveal_type(odd.count)
reveal_type(traj.methods["odd_1"](level=1).anything)
reveal_type(repo.operation("op-1").result().anything)
reveal_type(traj.n_frames)
"""

WRONG = """
import fomrepo

traj = fomrepo.connect()["FOM-402917"]["adk_dims.dcd"]
traj.rmsd(selct="name CA")
traj.rmsd("name CA")
traj.rmsd(kind="heavy")
traj.rmsd(cutoff="far")
traj.rmds()
traj.rmsd().rmds
traj.submit.rmsd(selct="name CA")
traj.submit.rmsd().result().rmds
traj.info(step=2)
traj.rmsd_between()
traj.odd_1()
text: str = traj.info().n_atoms
"""


def revealed(output: str) -> list[str]:
    return re.findall(r'Revealed type is "(.*)"', output)


def test_a_checker_knows_the_fields_of_results(check: Check) -> None:
    output = check(RIGHT)
    assert "error" not in output
    shape = "numpy.ndarray[tuple[Any, ...], numpy.dtype[{}]]"
    number = "numpy.floating[numpy._typing._nbit_base._64Bit]"
    floats = {shape.format(one) for one in (number, "numpy.float64")}
    rmsd, times, units, later, atoms, between, rows, maybe, labels, count, named, found, frames = revealed(output)
    assert {rmsd, times, later, between} <= floats
    assert units == "typing.Mapping[str, str]"
    assert (atoms, count) == ("int", "int")
    assert rows.startswith("tuple[numpy.ndarray[")
    assert "float32" in maybe or "_32Bit" in maybe
    assert maybe.endswith("| None")
    assert "StringDType" in labels
    assert (named, found) == ("Any", "Any")
    assert frames == "int | None"


def test_a_checker_finds_what_is_wrong(check: Check) -> None:
    lines = WRONG.splitlines()
    wrong = {number for number, line in enumerate(lines, 1) if line.startswith(("traj.", "text:"))}
    found = {int(one): said for one, said in re.findall(r"script\.py:(\d+): error: (.*)", check(WRONG))}
    assert set(found) == wrong
    assert 'Unexpected keyword argument "selct"' in found[5]
    assert 'did you mean "select"' in found[5]
    assert '"RmsdResult" has no attribute "rmds"' in found[10]


def test_without_stubs_everything_may_be_there(environment: Path, check: Check) -> None:
    stubs = next(environment.rglob("fomrepo-stubs"))
    away = stubs.rename(environment / "away")
    try:
        assert revealed(check(RIGHT)).count("Any") >= 8
    finally:
        away.rename(stubs)


def test_stubs_are_one_module_of_typed_text() -> None:
    text = "\n".join(stub_lines([read_schema(one) for one in (RMSD, ODD)]))
    tree = ast.parse(text)
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    assert list(classes) == ["RmsdResult", "Odd_1Result", "MethodAttributes", "SubmittedAttributes"]
    methods = [node for node in classes["MethodAttributes"].body if isinstance(node, ast.FunctionDef)]
    assert [ast.get_docstring(one).splitlines()[0] for one in methods] == [  # type: ignore[union-attr]  # they have one
        "Root mean square deviation.",
        'Says """quotes""", a \\ and',
    ]
    assert "kind: Literal['mass', 'plain'] = 'plain'" in text
    empty = "\n".join(stub_lines([]))
    assert ast.parse(empty)


def test_a_method_named_like_a_keyword_is_left_out() -> None:
    assert "lambda" not in "\n".join(stub_lines([read_schema(RMSD | {"name": "lambda"})]))


def test_a_folder_that_is_not_ours_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be made") as caught:
        write_stubs([], tmp_path / "file")
    assert caught.value.remedy == "give a folder of yours: fomrepo stubs typings"
