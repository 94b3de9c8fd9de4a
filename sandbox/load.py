"""Guest: opens the files of an input as the object that its family promises (docs/guest-protocol.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.failures import DataError
from sandbox.load_array import open_array
from sandbox.load_table import open_table
from sandbox.load_text import open_text
from sandbox.load_universe import open_structure, open_topology, open_universe
from sandbox.request import DataFile, Input

FAMILIES: Mapping[str, Callable[[tuple[DataFile, ...]], Any]] = {
    "topology": open_topology,
    "trajectory": open_universe,
    "structure": open_structure,
    "energy": open_table,
    "table": open_table,
    "array": open_array,
    "text": open_text,
}


def load_input(given: Input) -> Any:
    """Open one input: a Universe, a table, an array or a text.

    Raises
    ------
    DataError
        The family is unknown here, or the files cannot be read together; the message names them.
    """
    if given.family not in FAMILIES:
        raise DataError(f"this environment opens {', '.join(FAMILIES)}, not {given.family}")
    names = " with ".join(file.name for file in given.files)
    try:
        if not given.files:
            raise ValueError("the input has no file")
        return FAMILIES[given.family](given.files)
    except MemoryError:
        raise
    except DataError as error:
        raise DataError(f"{names} {error}") from error
    except Exception as error:
        raise DataError(f"{names} cannot be read: {error}") from error
