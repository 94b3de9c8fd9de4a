"""From a Python default, and perhaps an annotation, to an entry of ``[parameters]``."""

from __future__ import annotations

import ast
from typing import Any


def entry_of_default(name: str, default: Any, doc: str) -> dict[str, Any] | None:
    """Entry for a parameter that has this default; None where its type cannot be told."""
    kind = _type_of(name, default)
    if kind is not None:
        return {"type": kind, "default": default, "doc": doc}
    if isinstance(default, list | tuple) and default:
        kinds = {_type_of("", item) for item in default}
        items = "float" if kinds == {"int", "float"} else kinds.pop() if len(kinds) == 1 else None
        if items is not None:
            return {"type": "list", "items": items, "default": list(default), "doc": doc}
    return None


def entry_of_annotation(name: str, annotation: ast.expr, doc: str) -> dict[str, Any] | None:
    """Entry for a parameter with this annotation, without a default; None where it is no type of a parameter."""
    match annotation:
        case ast.Constant(value=str(text)):  # an annotation in quotes
            try:
                return entry_of_annotation(name, ast.parse(text, mode="eval").body, doc)
            except SyntaxError:
                return None
        case ast.Name(id="bool" | "int" | "float" | "str" as kind):
            return {"type": "selection" if kind == "str" and "sel" in name else kind, "doc": doc}
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            entry = entry_of_annotation(name, left, doc)
            return None if entry is None else entry | {"optional": True}
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            entry = entry_of_annotation(name, inner, doc)
            return None if entry is None else entry | {"optional": True}
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            choices = [getattr(one, "value", None) for one in getattr(inner, "elts", [inner])]
            return {"type": "choice", "choices": choices, "doc": doc} if _texts(choices) else None
        case ast.Subscript(value=ast.Name(id="list" | "Sequence"), slice=ast.Name(id="int" | "float" | "str" as items)):
            return {"type": "list", "items": items, "doc": doc}
    return None


def _type_of(name: str, value: Any) -> str | None:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return type(value).__name__
    if isinstance(value, str):
        return "selection" if "sel" in name and value else "str"
    return None


def _texts(values: list[Any]) -> bool:
    return all(isinstance(one, str) for one in values)
