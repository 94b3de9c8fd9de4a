"""Trying a method of one's own before anybody has reviewed it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fomrepo.client.bundle_folder import read_folder
from fomrepo.client.calls import Calls
from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.remote_methods import call_order
from fomrepo.wire.calls import CALL_WAIT_S, call_to_wire
from fomrepo.wire.methods import bundle_to_wire
from fomrepo.wire.replies import TRY_DRAFT, Reply
from fomrepo.wire.v1 import calls_pb2


def send_draft(
    calls: Calls,
    folder: Path,
    files: tuple[RemoteFile, ...],
    arguments: Mapping[str, Any],
    *,
    at_site: str | None,
    wait_s: float = CALL_WAIT_S,
) -> tuple[Reply, str]:
    """Send a draft with a call of it; returns the first reply, and the digest of what shall run."""
    bundle = read_folder(folder)
    order, _ = call_order(bundle.schema, files, arguments)
    request = calls_pb2.TryDraftRequest(
        bundle=bundle_to_wire(bundle.files), call=call_to_wire(order, wait_s=wait_s), at_site=at_site or ""
    )
    return calls.ask(TRY_DRAFT, request), bundle.digest
