"""The bundle in a folder on this disk."""

from __future__ import annotations

import stat
from pathlib import Path

from fomrepo.errors import BundleRefusedError
from fomrepo.model.bundle import BUNDLE_LIMIT_BYTES, BUNDLE_LIMIT_FILES, read_bundle
from fomrepo.model.methods import Bundle


def read_folder(folder: Path) -> Bundle:
    """Read and check the bundle in a folder on this disk, without hidden files and caches of Python.

    Raises
    ------
    BundleRefusedError
        If it is no bundle; the message says what is wrong.
    """
    if not folder.is_dir():
        raise BundleRefusedError(f"{folder} is no folder", remedy="give the folder that holds method.toml")
    files: dict[str, bytes] = {}
    total = 0
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if any(part == "__pycache__" or part.startswith(".") for part in relative.parts):
            continue
        found = path.lstat()
        if stat.S_ISDIR(found.st_mode):
            continue
        if not stat.S_ISREG(found.st_mode):  # a link would send what it leads to
            kind = f"a link to {path.readlink()}" if path.is_symlink() else "no regular file"
            raise BundleRefusedError(
                f"{path} is {kind}", remedy="take it out of the folder, or put a copy in its place"
            )
        total += found.st_size
        if total > BUNDLE_LIMIT_BYTES or len(files) >= BUNDLE_LIMIT_FILES:
            raise BundleRefusedError(
                f"{folder} holds more than {BUNDLE_LIMIT_FILES} files or {BUNDLE_LIMIT_BYTES} bytes",
                remedy="give the folder of one method; deposit data as a record",
            )
        files[relative.as_posix()] = path.read_bytes()
    return read_bundle(files)
