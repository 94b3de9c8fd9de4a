"""Guest: what texts of settings and logs share: their facts, and limits on what of them becomes facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deposition.report import Deposited, facts

SETTINGS_LIMIT = 1_000
KEY_LIMIT, VALUE_LIMIT = 100, 500  # characters
INCLUDES_LIMIT = 50


def text_facts(
    file: Deposited,
    *,
    type: str,
    n_lines: int,
    doubts: list[str],
    settings: Mapping[str, str] | None = None,
    program: tuple[str, str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return the facts of a text.

    Parameters
    ----------
    file, type, n_lines, doubts
        As in other facts.
    settings
        What it sets, in the program's own names, values as they are written.
    program
        Name and version of the program that wrote it, or that it is for.
    """
    found = list((settings or {}).items())
    if len(found) > SETTINGS_LIMIT:
        doubts.append(f"it sets {len(found)} things, of which {SETTINGS_LIMIT} are kept")
    kept = {key[:KEY_LIMIT]: value[:VALUE_LIMIT] for key, value in found[:SETTINGS_LIMIT]}
    return facts(
        type=type,
        families=("text",),
        n_lines=n_lines,
        settings=None if settings is None else kept,
        program=None if program is None else {"name": program[0][:80], "version": program[1].strip()[:80]},
        doubts=doubts,
        **more,
    )
