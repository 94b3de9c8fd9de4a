"""Guest: says what an analysis class takes and what a draft returns, so that a bundle can be written for it.

Host counterpart: fomrepo/cli/scaffold, which runs it in the sandbox as it would run a stranger's method.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from MDAnalysis.analysis.base import AnalysisBase

PLAIN = (bool, int, float, str, type(None))
KINDS = {"f": "float64", "i": "int64", "u": "int64", "b": "bool", "c": "complex128", "U": "string"}
HEADING = re.compile(r"(?m)^(?=[A-Z][A-Za-z ]+\n-{3,}$)")
ENTRY = re.compile(r"(?m)^([A-Za-z_][\w, ]*?)\s*:\s*(.*)\n((?:[ \t]+\S.*\n?)*)")


def described_class(universe: Any, frames: Any, *, target: str) -> dict[str, str]:
    """Return as JSON what an `AnalysisBase` class says of itself."""
    module, _, name = target.rpartition(".")
    found = getattr(_imported(module), name, None)
    if not inspect.isclass(found) or not issubclass(found, AnalysisBase):
        raise TypeError(f"{target} is no class that derives from MDAnalysis.analysis.base.AnalysisBase")
    text = f"{inspect.getdoc(found) or ''}\n\n{inspect.cleandoc(found.__init__.__doc__ or '')}\n"
    parameters = [
        {"name": one.name, **_default(one.default)}
        for one in list(inspect.signature(found.__init__).parameters.values())[1:]
        if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    summary = " ".join(text.strip().split("\n\n")[0].split())
    return {"described": json.dumps({"parameters": parameters, "docs": _documented(text), "summary": summary})}


def described_result(universe: Any, frames: Any, *, entry: str, arguments: str) -> dict[str, str]:
    """Return as JSON what a draft's function returns: name, dtype and shape of each entry."""
    module, _, function = entry.partition(":")
    returned = getattr(_imported(module), function)(universe, frames, **json.loads(arguments))
    if not isinstance(returned, Mapping):
        raise TypeError(f"{entry} returned {type(returned).__name__}; let it return a number, an array or a dict")
    return {"described": json.dumps([{"name": str(name), **_shape(value)} for name, value in returned.items()])}


def _imported(module: str) -> Any:
    """Import a module by its name: behind the wall, after the filters, as a method would be."""
    return importlib.import_module(module)  # noqa: TID251 - naming a class to look at is what this is for


def _default(value: Any) -> dict[str, Any]:
    if value is inspect.Parameter.empty:
        return {"has_default": False, "usable": True, "default": None}
    items = value if isinstance(value, list | tuple) else [value]
    usable = all(isinstance(one, PLAIN) for one in items)
    return {"has_default": True, "usable": usable, "default": (value if usable else repr(value))}


def _documented(text: str) -> dict[str, list[str]]:
    """Return type and first paragraph of each parameter in a numpydoc text."""
    sections = (one for one in HEADING.split(text) if one.startswith(("Parameters\n", "Other Parameters\n")))
    return {
        name.strip(): [kind.strip(), " ".join(body.split())]
        for section in sections
        for names, kind, body in ENTRY.findall(section)
        for name in names.split(",")
    }


def _shape(value: Any) -> dict[str, Any]:
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different length
        return {"dtype": "", "shape": []}
    dtype = "float32" if array.dtype == np.float32 else KINDS.get(array.dtype.kind, "")
    if array.ndim > (1 if dtype == "string" else 4):
        dtype = ""
    return {"dtype": dtype, "shape": list(array.shape)}
