"""Bundles on the wire: both directions side by side."""

from __future__ import annotations

from collections.abc import Mapping

from fomrepo.wire.v1 import methods_pb2 as pb


def bundle_to_wire(files: Mapping[str, bytes]) -> pb.Bundle:
    """Write the files of a bundle as a message."""
    return pb.Bundle(files=[pb.BundleFile(path=path, content=content) for path, content in sorted(files.items())])


def bundle_from_wire(message: pb.Bundle) -> dict[str, bytes]:
    """Make the files again; a path that comes twice counts once, and the digest tells."""
    return {one.path: one.content for one in message.files}
