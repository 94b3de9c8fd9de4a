"""A draft out of a function in an author's file. The file is read, never run, on this side of the wall."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fomrepo.cli.scaffold.docstrings import documented_parameter
from fomrepo.cli.scaffold.draft import Draft, Names
from fomrepo.cli.scaffold.from_analysis import DEFAULT_ATOMS
from fomrepo.cli.scaffold.parameter_types import entry_of_annotation, entry_of_default
from fomrepo.errors import ArgumentError
from fomrepo.model.methods import FRAME_ARGUMENTS

#: First parameters of these names get a group of atoms, all others the Universe.
_ATOM_NAMES = ("ag", "atomgroup", "atom_group", "atoms", "group", "selection")

_PER_FRAME = """\
    rows = [{call} for _ in frames]
    if isinstance(rows[0], dict):
        found = {{key: np.array([row[key] for row in rows]) for key in rows[0]}}
    else:
        found = {{"{name}": np.array(rows)}}
"""

_AT_ONCE = """\
    found = {call}
    if not isinstance(found, dict):
        found = {{"{name}": found}}
"""

_SEVERAL_PER_FRAME = """\
    rows = [dict(zip({several}, {call}, strict=True)) for _ in frames]
    found = {{key: np.array([row[key] for row in rows]) for key in rows[0]}}
"""

_SEVERAL_AT_ONCE = """\
    found = dict(zip({several}, {call}, strict=True))
"""

_ARGUMENT_ERROR = """\
class ArgumentError(Exception):
    \"\"\"The caller asked for what cannot be done.\"\"\"


"""

_ALL_FRAMES_ALONE = """\
    if frames.indices.tolist() != list(range(len(universe.trajectory))):
        raise ArgumentError("{name} reads every frame by itself; leave out start, stop, step and frames")
"""


def draft_from_function(name: str, file: Path, function: str) -> Draft:
    """Make a draft that calls a function of a file: for each frame, or once with the frames.

    A function whose second parameter is ``frames`` is a method already. One that reads ``universe.trajectory`` is
    called once, and serves all frames alone. Any other one is called for each frame.

    Raises
    ------
    ArgumentError
        If there is no such function, or one of its parameters has no type that a caller could give.
    """
    source = file.read_text()
    tree = _tree(source, file)
    found = _function(tree, file, function)
    documentation = ast.get_docstring(found) or ""
    positional = [*found.args.posonlyargs, *found.args.args]
    if not positional:
        raise ArgumentError(
            f"{function} in {file} takes nothing", remedy="let it take a Universe or an AtomGroup as its first argument"
        )
    subject, *others = positional
    takes_frames = bool(others) and others[0].arg == "frames"
    reads_all = not takes_frames and any(
        isinstance(node, ast.Attribute) and node.attr == "trajectory" for node in ast.walk(found)
    )
    offered = dict(_parameters(found, others[takes_frames:], documentation, file, _constants(tree)))
    given = "universe"
    if subject.arg in _ATOM_NAMES or "AtomGroup" in ast.unparse(subject.annotation or ast.Constant("")):
        atoms = "atoms" if "select" in offered else "select"
        doc = documented_parameter(documentation, subject.arg) or "Atoms that are looked at"
        offered = {atoms: {"type": "selection", "default": DEFAULT_ATOMS, "doc": doc}, **offered}
        given = f"universe.select_atoms({atoms})"
        passed = [one for one in offered if one != atoms]
    else:
        passed = list(offered)
    by_place = {one.arg for one in found.args.posonlyargs}
    words = [one if one in by_place else f"{one}={one}" for one in passed]
    call = f"{function}_of({', '.join([given, *(['frames'] if takes_frames else []), *words])})"
    several = _returned_names(found, name)

    def text(names: Names | None) -> str:
        per_frame = not takes_frames and not reads_all
        if several:
            body = (_SEVERAL_PER_FRAME if per_frame else _SEVERAL_AT_ONCE).format(call=call, several=repr(several))
        else:
            body = (_PER_FRAME if per_frame else _AT_ONCE).format(call=call, name=name)
        signature = ", ".join(["universe", "frames", *(["*", *offered] if offered else [])])
        return (
            f'"""{_first_sentence(documentation) or function}."""\n\n'
            + ("import numpy as np\n" if per_frame else "")
            + f"from {name}_source import {function} as {function}_of\n\n\n"
            + (_ARGUMENT_ERROR if reads_all else "")
            + f"def {name}({signature}):\n"
            + (_ALL_FRAMES_ALONE.format(name=name) if reads_all else "")
            + body
            + f"    return {'found' if names is None else _dict_text(names)}\n"
        )

    notes = [f"`{name}_source.py` is your whole file: take out what `{function}` does not need."]
    if reads_all:
        notes.append(
            f"Let `{function}` iterate over `frames` instead of `universe.trajectory`, so that start=... works."
        )
    return Draft(
        name,
        _first_sentence(documentation)[:200] or f"What {function} computes",
        text,
        offered,
        f"{file.name}:{function}",
        {f"{name}_source.py": source},
        notes,
        reads_all,
    )


def _tree(source: str, file: Path) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ArgumentError(
            f"{file} is no Python that can be read: {error}", remedy="run it once with python"
        ) from None


def _constants(tree: ast.Module) -> Mapping[str, ast.expr]:
    """What names of the file stand for, such as ``CUTOFF = 8.0``; they are defaults of many functions."""
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _function(tree: ast.Module, file: Path, function: str) -> ast.FunctionDef:
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if function not in functions:
        raise ArgumentError(
            f"{file} has no function {function!r}", remedy=f"name one of {', '.join(functions) or 'none: it has none'}"
        )
    return functions[function]


def _parameters(
    found: ast.FunctionDef,
    positional: list[ast.arg],
    documentation: str,
    file: Path,
    constants: Mapping[str, ast.expr],
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    from_the_last = zip(reversed(positional), reversed(found.args.defaults), strict=False)
    by_keyword = zip(found.args.kwonlyargs, found.args.kw_defaults, strict=True)
    defaults = {one.arg: default for one, default in (*from_the_last, *by_keyword) if default is not None}
    for one in [*positional, *found.args.kwonlyargs]:
        if one.arg in FRAME_ARGUMENTS:
            continue
        doc = documented_parameter(documentation, one.arg) or f"As in {found.name}"
        entry: Mapping[str, Any] | None = None
        if one.annotation is not None:
            entry = entry_of_annotation(one.arg, one.annotation, doc)
        if one.arg in defaults:
            written = defaults[one.arg]
            try:
                default = ast.literal_eval(
                    constants.get(written.id, written) if isinstance(written, ast.Name) else written
                )
            except (ValueError, TypeError):
                raise ArgumentError(
                    f"{file}, line {one.lineno}: the default of {one.arg!r} is known only when the file runs",
                    remedy=f"write it out as a number or a text in the place of {ast.unparse(written)[:80]}",
                ) from None
            if default is None and entry is not None:
                entry = {**entry, "optional": True}
            elif default is not None:
                entry = {**entry, "default": default} if entry is not None else entry_of_default(one.arg, default, doc)
        if entry is None:
            raise ArgumentError(
                f"{file}, line {one.lineno}: nobody can tell what {one.arg!r} is",
                remedy=f"annotate it, such as {one.arg}: float, or give it a number or a text as its default",
            )
        yield one.arg, entry


def _returned_names(found: ast.FunctionDef, name: str) -> tuple[str, ...]:
    """Names for what ``return a, b`` returns, if the function ends in nothing else; empty otherwise."""
    inner = {
        node
        for one in ast.walk(found)
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef) and one is not found
        for node in ast.walk(one)
    }
    returned = [node.value for node in ast.walk(found) if isinstance(node, ast.Return) and node not in inner]
    tuples = [one.elts for one in returned if isinstance(one, ast.Tuple)]
    lengths = {0 if any(isinstance(item, ast.Starred) for item in one) else len(one) for one in tuples}
    if len(tuples) < len(returned) or len(lengths) != 1 or not max(lengths):
        return ()
    names = tuple(item.id if isinstance(item, ast.Name) else "" for item in tuples[-1])
    return tuple(one if one and names.count(one) == 1 else f"{name}_{place}" for place, one in enumerate(names, 1))


def _first_sentence(documentation: str) -> str:
    return " ".join(documentation.partition("\n\n")[0].split()).rstrip(".")


def _dict_text(names: Names) -> str:
    inside = "".join(f'        "{name}": found["{entry}"],\n' for entry, name in names.items())
    return f"{{\n{inside}    }}"
