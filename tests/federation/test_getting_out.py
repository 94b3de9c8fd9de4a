"""Bytes leave a federation: ranges, whole files, a cache, a file system, a mount, a Universe."""

from __future__ import annotations

from pathlib import Path

import pytest
from MDAnalysisTests import datafiles

from fomrepo.client.record import Record
from fomrepo.testing import LocalFederation
from fomrepo.wire.v1 import files_pb2
from tests.federation.conftest import OWNER

DCD = Path(datafiles.DCD).read_bytes()


@pytest.mark.parametrize("site", ["site-a", "site-c"])  # which holds the file, and which passes it on
@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [
        (0, 10, DCD[:10]),
        (1_000_000, 2_000_000, DCD[1_000_000:3_000_000]),
        (len(DCD) - 3, 100, DCD[-3:]),
        (len(DCD) - 3, 0, DCD[-3:]),
        (len(DCD) + 1, 5, b""),
    ],
)
def test_a_range_of_a_file(
    federation: LocalFederation, adk: Record, site: str, offset: int, length: int, expected: bytes
) -> None:
    request = files_pb2.ReadFileRequest(record=adk.versioned, name="adk_dims.dcd", offset=offset, length=length)
    with federation.connect(OWNER, site=site) as repo:
        chunks = repo._connection.receive(
            lambda one: one.files.ReadFile, lambda _: request, length=lambda chunk: len(chunk.data)
        )
        assert b"".join(chunk.data for chunk in chunks) == expected
