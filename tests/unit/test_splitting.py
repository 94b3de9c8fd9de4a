"""What a method may declare about the parts of its runs."""

from __future__ import annotations

import tomllib

import pytest

from fomrepo.errors import BundleRefusedError
from fomrepo.model.bundle import read_bundle, read_schema
from fomrepo.model.methods import MethodSchema, PartialSchema

HEAD = """
name = "tried"
version = "1.0.0"
summary = "Written for a test"
entry = "tried:tried"
environment = "mdanalysis"
split = "frames"
[inputs]
universe = "trajectory"
[result]
type = "Composite"
"""
OWN = (
    HEAD
    + """
[result.fields.rmsf]
dtype = "float64"
dims = ["atom"]
[partial]
combine = "joined:combine"
[partial.fields.squares]
dtype = "float64"
dims = ["atom"]
"""
)


def field(dtype: str, dims: list[str], combine: str) -> str:
    said = f'combine = "{combine}"\n' if combine else ""
    return f'[result.fields.value]\ndtype = "{dtype}"\ndims = {dims}\n{said}'.replace("'", '"')


def read(text: str) -> MethodSchema:
    return read_schema(tomllib.loads(text))


@pytest.mark.parametrize(
    ("dtype", "dims", "combine"),
    [
        ("float64", ["frame"], "concat"),
        ("string", ["frame"], "concat"),
        ("int64", ["frame", "*"], "concat"),
        ("float32", ["atom", "frame", "xyz"], "concat"),
        ("int32", ["event"], "concat"),
        ("int64", ["bin"], "sum"),
        ("complex128", [], "mean"),
        ("string", ["atom"], ""),
        ("float64", [], ""),
    ],
)
def test_fields_that_can_be_made_of_parts(dtype: str, dims: list[str], combine: str) -> None:
    assert read(HEAD + field(dtype, dims, combine)).result.fields[0].combine == combine


@pytest.mark.parametrize(
    ("dtype", "dims", "combine", "why"),
    [
        ("float64", ["frame"], "", 'an entry for each frame; write combine = "concat"'),
        ("float64", ["frame", "atom"], "mean", "an entry for each frame"),
        ("float64", [], "concat", "nothing to string together"),
        ("string", [], "sum", "cannot be added up"),
        ("bool", ["atom"], "sum", "cannot be added up"),
        ("float64", ["atom", "*"], "sum", "cannot be added up"),
        ("int64", ["bin"], "mean", "has no mean"),
        ("float64", ["bin"], "median", "no way to combine"),
    ],
)
def test_fields_that_cannot(dtype: str, dims: list[str], combine: str, why: str) -> None:
    with pytest.raises(BundleRefusedError) as caught:
        read(HEAD + field(dtype, dims, combine))
    assert caught.value.facts["key"] == "result.fields.value.combine"
    assert why in f"{caught.value.message}; {caught.value.remedy}"


def test_a_function_of_the_bundle_combines_what_its_parts_return() -> None:
    schema = read(OWN)
    assert schema.partial is not None
    assert schema.partial == PartialSchema(("joined", "combine"), schema.partial.fields)
    assert [one.name for one in schema.part_result.fields] == ["squares"]
    assert schema.part_result.type == "Composite"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (OWN.replace('split = "frames"\n', ""), "partial"),
        (OWN.replace('"trajectory"', '"topology"'), "split"),
        (OWN.replace('combine = "joined:combine"', 'combine = "mean"'), "partial"),
        (OWN.replace('combine = "joined:combine"', ""), "partial"),
        (OWN.split("[partial.fields.squares]")[0], "partial.fields"),
        (OWN.replace("[partial]", 'combine = "mean"\n[partial]'), "result.fields.rmsf.combine"),
        (OWN + 'combine = "sum"\n', "partial.fields.squares.combine"),
        (OWN + 'unit = "cubit"\n', "partial.fields.squares.unit"),
        (OWN.replace("[partial]", "[partial]\nways = 2"), "partial.ways"),
    ],
)
def test_declarations_that_mean_nothing(text: str, key: str) -> None:
    with pytest.raises(BundleRefusedError) as caught:
        read(text)
    assert caught.value.facts["key"] == key


def test_the_module_that_combines_has_to_be_there() -> None:
    with pytest.raises(BundleRefusedError, match="the module joined") as caught:
        read_bundle({"method.toml": OWN.encode(), "tried.py": b""})
    assert caught.value.remedy == 'mend partial.combine = "module:function"'
