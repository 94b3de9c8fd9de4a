"""A draft out of a class of MDAnalysis. What the class says of itself was read behind the wall."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fomrepo.cli.scaffold.draft import Draft, Names
from fomrepo.cli.scaffold.parameter_types import entry_of_default
from fomrepo.model.methods import FRAME_ARGUMENTS

#: What callers are offered where a class takes a group of atoms.
DEFAULT_ATOMS = "protein"

#: The same where a class takes several groups, which it often compares atom by atom.
FEW_ATOMS = "protein and name CA"

#: How MDAnalysis documents an argument that is several groups, and one that may be several selections.
_GROUPS = re.compile(r"tuple\(AtomGroup[^)]*\)")
_TEXTS = re.compile(r"tuple\((string|str)\b")

#: Arguments that are not a method's: how a class reports and shares its work.
_NOT_OFFERED = {*FRAME_ARGUMENTS, "backend", "n_workers", "kwargs"}


def draft_from_analysis(
    name: str, target: str, described: Mapping[str, Any], defaults: Mapping[str, Any] | None = None
) -> Draft:
    """Make a draft that drives the class over the frames of a run.

    Parameters
    ----------
    name
        Of the method.
    target
        Dotted name of the class.
    described
        ``parameters``, ``docs`` and ``summary``, as ``sandbox/scaffold/describe.py`` has them.
    defaults
        Other defaults than the class has; one makes a parameter of an argument whose own is no plain value.

    Raises
    ------
    ArgumentError
        If a default is for no parameter.
    """
    defaults = defaults or {}
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
        default = defaults.get(argument, one["default"]) if one["has_default"] else one["default"]
        entry = entry_of_default(argument, default, doc[:2000]) if one["usable"] or argument in defaults else None
        if entry is not None:
            offered[argument] = entry
            given.append(f"{argument}={argument}")
        elif not one["has_default"]:  # what must be given and has no plain type: a further group of atoms, or several
            offered[argument] = _atoms(docs, argument)
            groups = f"universe.select_atoms({argument})"
            if several := _GROUPS.match(docs.get(argument, [""])[0]):
                n_groups = several[0].count(",") + 1
                offered[argument] = {
                    **offered[argument], "type": "list", "items": "selection", "min_items": n_groups,
                    "max_items": n_groups, "default": [FEW_ATOMS] * n_groups,
                }  # fmt: skip
                texts = _TEXTS.search(docs[argument][0]) is not None
                groups = f"tuple({argument})" if texts else f"tuple(map(universe.select_atoms, {argument}))"
            given.append(f"{argument}={groups}")
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
    return Draft(name, summary, text, offered, target, notes=notes).with_defaults(defaults)


def _atoms(docs: Mapping[str, list[str]], argument: str) -> Mapping[str, Any]:
    doc = docs.get(argument, ["", ""])[1] or "Atoms that are looked at"
    return {"type": "selection", "default": DEFAULT_ATOMS, "doc": doc[:2000]}


def _dict_text(names: Names) -> str:
    inside = "".join(f'        "{name}": analysis.results["{entry}"],\n' for entry, name in names.items())
    return f"{{\n{inside}    }}"
