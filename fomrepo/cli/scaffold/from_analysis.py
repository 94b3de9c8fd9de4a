"""A draft out of a class of MDAnalysis. What the class says of itself was read behind the wall."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fomrepo.cli.scaffold.draft import Draft, Names
from fomrepo.cli.scaffold.parameter_types import entry_of_default
from fomrepo.model.methods import FRAME_ARGUMENTS

#: What callers are offered where a class takes a group of atoms.
DEFAULT_ATOMS = "protein"

#: Arguments that are not a method's: how a class reports and shares its work.
_NOT_OFFERED = {*FRAME_ARGUMENTS, "backend", "n_workers", "kwargs"}


def draft_from_analysis(name: str, target: str, described: Mapping[str, Any]) -> Draft:
    """Make a draft that drives the class over the frames of a run.

    Parameters
    ----------
    name
        Of the method.
    target
        Dotted name of the class.
    described
        ``parameters``, ``docs`` and ``summary``, as ``sandbox/scaffold/describe.py`` has them.
    """
    module, _, class_name = target.rpartition(".")
    docs = described["docs"]
    offered: dict[str, Mapping[str, Any]] = {}
    given: list[str] = []
    left: list[str] = []
    first, *others = described["parameters"]
    wants_atoms = "Universe" not in docs.get(first["name"], [""])[0]
    selects = any("sel" in one["name"] and isinstance(one["default"], str) for one in others)
    if not wants_atoms or selects:
        given.append("universe" if not wants_atoms else "universe.atoms")
    else:
        offered["atoms"] = _atoms(docs, first["name"])
        given.append("universe.select_atoms(atoms)")
    for one in others:
        argument = one["name"]
        if argument in _NOT_OFFERED:
            continue
        doc = docs.get(argument, ["", ""])[1] or f"As in {class_name}"
        entry = entry_of_default(argument, one["default"], doc[:2000]) if one["usable"] else None
        if entry is not None:
            offered[argument] = entry
            given.append(f"{argument}={argument}")
        elif not one["has_default"]:  # what must be given and has no plain type: a further group of atoms
            offered[argument] = _atoms(docs, argument)
            given.append(f"{argument}=universe.select_atoms({argument})")
        else:
            left.append(argument)

    def text(names: Names | None) -> str:
        signature = ", ".join(["universe", "frames", *(["*", *offered] if offered else [])])
        taken = "dict(analysis.results)" if names is None else _dict_text(names)
        call = ",\n        ".join(given)
        return (
            f'"""{class_name} of MDAnalysis, over the frames that are asked for."""\n\n'
            f"from {module} import {class_name}\n\n\n"
            f"def {name}({signature}):\n"
            f"    analysis = {class_name}(\n        {call},\n    )\n"
            f"    analysis.run(frames=frames.indices)\n"
            f"    return {taken}\n"
        )

    notes = [f"`{'`, `'.join(left)}` of {class_name} cannot be set by callers; its defaults are used."] if left else []
    summary = described["summary"].replace("`", "").rstrip(".")[:200] or class_name
    return Draft(name, summary, text, offered, target, notes=notes)


def _atoms(docs: Mapping[str, list[str]], argument: str) -> Mapping[str, Any]:
    doc = docs.get(argument, ["", ""])[1] or "Atoms that are looked at"
    return {"type": "selection", "default": DEFAULT_ATOMS, "doc": doc[:2000]}


def _dict_text(names: Names) -> str:
    inside = "".join(f'        "{name}": analysis.results["{entry}"],\n' for entry, name in names.items())
    return f"{{\n{inside}    }}"
