"""Guest: checks the arguments that only mean something beside the data: selections and frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import MDAnalysis

from sandbox.failures import ArgumentError
from sandbox.frames import check_frame


def checked_arguments(
    parameters: Mapping[str, Mapping[str, Any]],
    arguments: Mapping[str, Any],
    universes: Sequence[MDAnalysis.Universe],
    file_name: str,
) -> dict[str, Any]:
    """Return the arguments for the method, with frames counted from the first one.

    Parameters
    ----------
    parameters
        Declared type of each parameter; `items` is the type of the items of a list.
    arguments
        Canonical values, as the host checked them.
    universes
        The inputs. A selection must find atoms in one of them; a frame is one of the first.
    file_name
        The depositor's name of the file, for messages.

    Raises
    ------
    ArgumentError
        A selection that cannot be understood or finds nothing, or a frame beyond the end.
    """
    checked = dict(arguments)
    for name, declared in parameters.items():
        value = arguments.get(name)
        if value is None:
            continue
        is_list = declared["type"] == "list"
        kind = declared["items"] if is_list else declared["type"]
        if kind == "selection" and not declared.get("may_be_empty", False):
            for item in value if is_list else [value]:
                _check_selection(name, item, universes, file_name)
        elif kind == "frame":
            n_frames = len(universes[0].trajectory)
            indices = [check_frame(name, item, n_frames) for item in (value if is_list else [value])]
            checked[name] = indices if is_list else indices[0]
    return checked


def _check_selection(name: str, value: str, universes: Sequence[MDAnalysis.Universe], file_name: str) -> None:
    """Raise unless the selection finds at least one atom."""
    remedy = f"`fomrepo call RECORD/{file_name} info` shows which names it has"
    try:
        found = [len(universe.select_atoms(value)) for universe in universes]
    except MemoryError:
        raise
    except Exception as error:
        why = "it ends too early" if "'None'" in str(error) else error  # MDAnalysis' token for the end of the text
        raise ArgumentError(f"{name}={value!r} is no selection in {file_name}: {why}; {remedy}") from error
    if not any(found):
        raise ArgumentError(f"{name}={value!r} finds no atom in {file_name}; {remedy}")
