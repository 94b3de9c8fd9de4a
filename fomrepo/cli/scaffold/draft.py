"""A method on its way to becoming a bundle: what is known of it before its first run."""

from __future__ import annotations

import getpass
import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import tomli_w

from fomrepo.errors import ArgumentError
from fomrepo.model.methods import RESERVED_FIELD_NAMES

#: What a returned entry and a field are called: the entry's own name -> name of the field.
Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Draft:
    """A method without its result."""

    name: str
    summary: str
    #: Writes the module; None: it returns everything that there is, so that one can look at it.
    module: Callable[[Names | None], str]
    #: Entries of ``[parameters]``.
    parameters: Mapping[str, Mapping[str, Any]]
    #: What was made into a method: ``MDAnalysis.analysis.rms.RMSD``, ``mine.py:spread``.
    origin: str
    #: Further files of the bundle.
    files: Mapping[str, str] = field(default_factory=dict)
    #: What the author should know: a sentence each.
    notes: Sequence[str] = ()
    #: Whether it serves no choice of frames.
    reads_all_frames: bool = False

    def with_defaults(self, given: Mapping[str, Any]) -> Draft:
        """Return the same with other defaults of some parameters.

        Raises
        ------
        ArgumentError
            If one has no such name.
        """
        if unknown := sorted(given.keys() - self.parameters.keys()):
            raise ArgumentError(
                f"{self.origin} offers no parameter {unknown[0]!r}",
                remedy=f"name one of {', '.join(self.parameters) or 'none: it has none'}",
            )
        changed = {name: {**self.parameters[name], "default": value} for name, value in given.items()}
        return replace(self, parameters={**self.parameters, **changed})

    @property
    def defaults(self) -> dict[str, Any]:
        """Arguments of a call that gives none."""
        return {name: entry.get("default") for name, entry in self.parameters.items()}


@dataclass(frozen=True, slots=True)
class FoundField:
    """One entry of what a draft returned."""

    #: What the draft calls it.
    entry: str
    #: What the result will call it.
    name: str
    dtype: str
    dims: tuple[str, ...]


def field_name(entry: str) -> str:
    """Name that a result may have for an entry: ``R2`` -> ``r2``, ``times`` -> ``times_``, ``class`` -> ``class_``."""
    name = re.sub(r"[^a-z0-9_]+", "_", entry.lower()).lstrip("_0123456789") or "value"
    return f"{name}_" if name in RESERVED_FIELD_NAMES or keyword.iskeyword(name) else name


def bundle_files(draft: Draft, fields: Sequence[FoundField], author: str) -> dict[str, str]:
    """All files of the bundle but its golden case."""
    if fields and all(one.dims[:1] == ("frame",) for one in fields):
        kind = "TimeSeries"
    else:
        kind = "Scalar" if [one.dims for one in fields] == [()] else "Composite"
    schema = {
        "name": draft.name,
        "version": "0.1.0",
        "summary": draft.summary,
        "entry": f"{draft.name}:{draft.name}",
        "environment": "mdanalysis",
        "licence": "Apache-2.0",
        "inputs": {"universe": "trajectory"},
        "parameters": draft.parameters,
        "result": {
            "type": kind,
            "fields": {
                one.name: {
                    "dtype": one.dtype,
                    "dims": list(one.dims),
                    "unit": "",
                    "doc": f"{one.entry} of {draft.origin}",
                }
                for one in fields
            },
        },
        "authors": [{"name": author}],
    }
    return {
        **draft.files,
        "method.toml": tomli_w.dumps(schema),
        f"{draft.name}.py": draft.module({one.entry: one.name for one in fields}),
        "README.md": _readme(draft),
    }


def _readme(draft: Draft) -> str:
    to_do = [
        "Give each field in `method.toml` its unit and a sentence that says what it is.",
        "Replace the numbers in `tests/` by those of an independent program, and name it as their source.",
        'Name the paper of the formula: `[[citations]]` with `doi = "..."`.',
        *draft.notes,
    ]
    lines = "\n".join(f"- {one}" for one in to_do)
    return (
        f"# {draft.name}\n\n{draft.summary}.\n\nMade from `{draft.origin}` by `fomrepo method new`.\n\n"
        f"## Before it is submitted\n\n{lines}\n"
    )


def login_name() -> str:
    """Name of whoever runs this, as the author of what is written."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
