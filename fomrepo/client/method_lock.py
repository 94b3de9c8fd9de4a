"""Lock files: which version of each method a script runs, and with which digest."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from fomrepo.errors import SettingsError
from fomrepo.model.canonical import is_digest


@dataclass(frozen=True, slots=True)
class Pin:
    """A method as a script was written against it."""

    version: str
    #: SHA-256 of the bundle.
    digest: str


def read_method_lock(path: str | Path) -> dict[str, Pin]:
    """Pins by the name of the method.

    Raises
    ------
    SettingsError
        If the file is missing or not well formed.
    """
    try:
        entries = tomllib.loads(Path(path).read_text("utf-8"))["methods"]
        return {str(name): _pin(entry["version"], entry["digest"]) for name, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"the method lock {str(path)!r} cannot be read: {error}", remedy="write it anew: fomrepo method lock FILE"
        ) from None


def write_method_lock(path: str | Path, pins: Mapping[str, Pin]) -> Path:
    """Write pins, sorted by name."""
    entries = {name: {"version": pins[name].version, "digest": pins[name].digest} for name in sorted(pins)}
    Path(path).write_text(tomli_w.dumps({"methods": entries}), "utf-8")
    return Path(path)


def _pin(version: Any, digest: Any) -> Pin:
    if not isinstance(version, str) or not isinstance(digest, str) or not is_digest(digest):
        raise ValueError(f"{version!r} and {str(digest)[:64]!r} are no version and digest")
    return Pin(version, digest)
