"""Trying a method of one's own before anybody has reviewed it."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fomrepo.client.calls import Calls
from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.remote_methods import call_order
from fomrepo.errors import BundleRefusedError
from fomrepo.model.bundle import BUNDLE_LIMIT_BYTES, BUNDLE_LIMIT_FILES, read_bundle
from fomrepo.model.methods import Bundle
from fomrepo.wire.calls import CALL_WAIT_S, call_to_wire
from fomrepo.wire.methods import bundle_to_wire
from fomrepo.wire.v1 import calls_pb2


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


def send_draft(
    calls: Calls,
    folder: Path,
    files: tuple[RemoteFile, ...],
    arguments: Mapping[str, Any],
    *,
    at_site: str | None,
    wait_s: float = CALL_WAIT_S,
) -> tuple[calls_pb2.CallReply, str]:
    """Send a draft with a call of it; returns the first reply, and the digest of what shall run."""
    bundle = read_folder(folder)
    order, _ = call_order(bundle.schema, files, arguments)
    request = calls_pb2.TryDraftRequest(
        bundle=bundle_to_wire(bundle.files), call=call_to_wire(order, wait_s=wait_s), at_site=at_site or ""
    )
    return calls.try_draft(request), bundle.digest
