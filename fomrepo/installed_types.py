"""Which file types there are: declared by the probes in ``deposition/``, read as text; nothing of the guest is run.

A probe's file says, each on one line and as a literal, ``TYPE = "XTC"``, ``FAMILIES = ("trajectory",)`` and
``SUFFIXES = (".xtc",)``. A new type is that one file: the probes find each other, and the host finds them here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fomrepo.installed_files import installed_folder

__all__ = ["InstalledType", "installed_types", "types_declared_in"]

_NAME = re.compile(r"[A-Z][A-Z0-9]{0,15}")
_DECLARATION = re.compile(r"^(TYPE|FAMILIES|SUFFIXES) = (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class InstalledType:
    """What is known of a file type before any file of it is there."""

    #: ``XTC``; a word in capitals, which no family is.
    name: str
    #: Families that its files can belong to, their own first; what one file is, the probe says.
    families: tuple[str, ...]
    #: Ends of the names of such files, in lower case, the usual one first.
    suffixes: tuple[str, ...]


@cache
def installed_types() -> Mapping[str, InstalledType]:
    """File types by name, in the order of the probes' file names."""
    return types_declared_in(installed_folder("deposition"))


def types_declared_in(folder: Path) -> Mapping[str, InstalledType]:
    """Read what the probes of a folder declare.

    Raises
    ------
    ValueError
        A file declares a type but not all of it, or one that another file declares.
    """
    found: dict[str, InstalledType] = {}
    for path in sorted(folder.glob("*.py")):
        stated = {name: ast.literal_eval(value) for name, value in _DECLARATION.findall(path.read_text())}
        match stated:
            case {"TYPE": str(name), "FAMILIES": (*families,), "SUFFIXES": (*suffixes,)} if (
                families and _NAME.fullmatch(name) and name not in found
            ):
                found[name] = InstalledType(name, tuple(map(str, families)), tuple(map(str, suffixes)))
            case {"TYPE": _}:
                raise ValueError(f"{path} declares no new type by TYPE, FAMILIES and SUFFIXES")
    return found
