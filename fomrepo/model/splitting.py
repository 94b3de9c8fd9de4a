"""Runs that are cut over their frames: what a method may declare about its parts, each refusal with its remedy."""

from __future__ import annotations

from fomrepo.errors import BundleRefusedError
from fomrepo.model.methods import MethodSchema, ResultField

#: dtypes that can be added up, and those that have a mean.
_SUMMABLE = ("float64", "float32", "int64", "int32", "uint8", "complex128")
_WITH_MEAN = ("float64", "float32", "complex128")


def check_splitting(schema: MethodSchema) -> None:
    """Check that a result can be made of what the parts of a run return.

    Raises
    ------
    BundleRefusedError
        Naming the key and what to write instead.
    """
    if schema.split and not schema.has_frames:
        raise _wrong("split", f"{schema.name} has no input with frames", "leave it out")
    if schema.partial is None:
        for field in schema.result.fields if schema.split else ():
            _check_field(field)
        return
    if not schema.split:
        raise _wrong("partial", "nothing is split", 'write split = "frames" above the first table')
    for table, fields in (("result", schema.result.fields), ("partial", schema.partial.fields)):
        for field in fields:
            if field.combine:
                raise _wrong(
                    f"{table}.fields.{field.name}.combine",
                    f"{':'.join(schema.partial.combine)} combines all fields",
                    "leave it out, or leave out [partial]",
                )


def _check_field(field: ResultField) -> None:
    """Check how one field of the result is made of parts."""
    where = f"result.fields.{field.name}.combine"
    dims, dtype = field.dims, field.dtype
    if "frame" in dims and field.combine != "concat":
        raise _wrong(where, "the field has an entry for each frame", 'write combine = "concat"')
    if field.combine == "concat" and not dims:
        raise _wrong(where, "a field without dims has nothing to string together", 'write "sum" or "mean"')
    if field.combine == "sum" and ("*" in dims or dtype not in _SUMMABLE):
        raise _wrong(where, f"{dtype} with dims {list(dims)} cannot be added up", 'write "concat", or use [partial]')
    if field.combine == "mean" and ("*" in dims or dtype not in _WITH_MEAN):
        raise _wrong(where, f"{dtype} with dims {list(dims)} has no mean", 'write "sum" or "concat", or use [partial]')


def _wrong(where: str, what: str, remedy: str) -> BundleRefusedError:
    return BundleRefusedError(f"{where}: {what}", remedy=remedy, facts={"key": where})
