"""Trying a method of one's own before anybody has reviewed it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fomrepo.client.calls import Calls
from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.remote_methods import call_order
from fomrepo.client.results.result import Result
from fomrepo.errors import BundleRefusedError
from fomrepo.model.bundle import BUNDLE_LIMIT_BYTES, BUNDLE_LIMIT_FILES, read_bundle
from fomrepo.model.methods import Bundle
from fomrepo.wire.calls import call_to_wire
from fomrepo.wire.v1 import calls_pb2, methods_pb2


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
        if not path.is_file() or any(part == "__pycache__" or part.startswith(".") for part in relative.parts):
            continue
        total += path.stat().st_size
        if total > BUNDLE_LIMIT_BYTES or len(files) >= BUNDLE_LIMIT_FILES:
            raise BundleRefusedError(
                f"{folder} holds more than {BUNDLE_LIMIT_FILES} files or {BUNDLE_LIMIT_BYTES} bytes",
                remedy="give the folder of one method; deposit data as a record",
            )
        files[relative.as_posix()] = path.read_bytes()
    return read_bundle(files)


def try_draft(
    calls: Calls, folder: Path, files: tuple[RemoteFile, ...], arguments: Mapping[str, Any], *, at_site: str
) -> Result:
    """Send a draft with a call of it, and wait for the answer."""
    bundle = read_folder(folder)
    order, _ = call_order(bundle.schema, files, arguments)
    message = methods_pb2.Bundle(
        files=[methods_pb2.BundleFile(path=path, content=content) for path, content in bundle.files.items()]
    )
    reply = calls.try_draft(calls_pb2.TryDraftRequest(bundle=message, call=call_to_wire(order), at_site=at_site))
    return calls.outcome(calls.until_final(reply), method_digest=bundle.digest)
