"""Bundles and schemas on the wire: both directions side by side."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping

from fomrepo.errors import BundleRefusedError
from fomrepo.model.bundle import read_schema
from fomrepo.model.methods import MethodSchema
from fomrepo.wire.v1 import methods_pb2 as pb


def bundle_to_wire(files: Mapping[str, bytes]) -> pb.Bundle:
    """Write the files of a bundle as a message."""
    return pb.Bundle(files=[pb.BundleFile(path=path, content=content) for path, content in sorted(files.items())])


def bundle_from_wire(message: pb.Bundle) -> dict[str, bytes]:
    """Make the files again; a path that comes twice counts once, and the digest tells."""
    return {one.path: one.content for one in message.files}


def schema_to_wire(schema: MethodSchema) -> str:
    """Write a schema as JSON in the order of ``method.toml``: the order of the inputs has a meaning."""
    return json.dumps(schema.source, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@functools.lru_cache(maxsize=256)  # each reply carries the schema of its method
def schema_from_wire(text: str) -> MethodSchema:
    """Make the value again.

    Raises
    ------
    BundleRefusedError
        If it is no JSON, or no schema.
    """
    try:
        source = json.loads(text)
    except (ValueError, RecursionError):
        source = None
    if not isinstance(source, dict):
        raise BundleRefusedError("the schema of a method is no JSON object")
    return read_schema(source)
