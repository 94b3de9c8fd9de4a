"""The plan of a folder, and the files that it names, on this disk."""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote

from fomrepo.client.deposit_send import LocalFile
from fomrepo.errors import ArgumentError
from fomrepo.model.deposit_plan import PLAN_NAME, DepositPlan
from fomrepo.model.deposits import ExpectedFile


def read_plan(folder: Path) -> DepositPlan:
    """Read the plan of a folder.

    Raises
    ------
    ArgumentError
        If there is none, or it is wrong.
    """
    path = folder / PLAN_NAME
    try:
        return DepositPlan.parse(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise ArgumentError(f"there is no {path}", remedy=f"fomrepo deposit init {quote(str(folder))}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentError(f"{path} cannot be read: {error}", remedy=f"mend or remove {path}") from None


def look_at_planned(folder: Path, plan: DepositPlan) -> list[LocalFile]:
    """Look at the files of a plan on this disk.

    Raises
    ------
    ArgumentError
        If one of them is missing, empty, a link that leads elsewhere, or no file.
    """
    if not plan.files:
        raise ArgumentError(f"{folder / PLAN_NAME} names no files", remedy=f"fomrepo deposit init {quote(str(folder))}")
    found = []
    for one in plan.files:
        path = folder / one.name
        try:
            stat = path.stat()
        except OSError as error:
            raise ArgumentError(
                f"{path} cannot be read: {error.strerror}", remedy=f"put it there, or take it out of {PLAN_NAME}"
            ) from None
        if not path.is_file():
            raise ArgumentError(f"{path} is no file", remedy=f"take it out of {PLAN_NAME}")
        if not os.access(path, os.R_OK):
            raise ArgumentError(
                f"{path} cannot be read: permission denied", remedy=f"chmod u+r {quote(str(path))}, if it is yours"
            )
        if not stat.st_size:
            raise ArgumentError(f"{path} is empty", remedy=f"write it again, or take it out of {PLAN_NAME}")
        found.append(LocalFile(path, ExpectedFile(one.name, stat.st_size, one.topology or None), stat.st_mtime_ns))
    return found
