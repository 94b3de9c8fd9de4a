"""A file in place has to be the one that the host means: its owner may have led its path elsewhere."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.request import ProbeRequest, read_request

LIMITS = {"result_bytes": 1, "memory_bytes": 1, "cpu_s": 1, "processes": 1, "open_files": 1}


def read(file: dict[str, Any], topology: dict[str, Any] | None = None) -> object:
    request = {"protocol": 1, "task": "probe", "file": file, "topology": topology, "limits": LIMITS}
    body = json.dumps(request).encode()
    return read_request(io.BytesIO(len(body).to_bytes(8, "little") + body))


def entry(path: Path, meant: Path) -> dict[str, Any]:
    found = meant.stat()
    return {"path": str(path), "name": path.name, "size": 1, "same": [found.st_dev, found.st_ino]}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("mine", "other"):
        (tmp_path / name).write_text("x")
    return tmp_path / "mine", tmp_path / "other"


def test_the_file_that_is_meant_is_read(files: tuple[Path, Path]) -> None:
    assert isinstance(read(entry(files[0], files[0])), ProbeRequest)


@pytest.mark.parametrize("role", ["file", "topology"])
def test_another_one_ends_the_guest_before_it_opens_anything(files: tuple[Path, Path], role: str) -> None:
    mine, other = files
    swapped = entry(other, mine)
    with pytest.raises(ValueError, match="not the file that the host means"):
        read(swapped) if role == "file" else read(entry(mine, mine), swapped)


def test_the_input_of_a_method_is_compared_too(files: tuple[Path, Path]) -> None:
    mine, other = files
    file = {**entry(other, mine), "role": "topology", "type": "PSF"}
    request = {
        "protocol": 1, "task": "hold", "frame_budget_bytes": 0, "limits": LIMITS,
        "inputs": [{"name": "first", "family": "topology", "files": [file]}],
    }  # fmt: skip
    body = json.dumps(request).encode()
    with pytest.raises(ValueError, match="not the file that the host means"):
        read_request(io.BytesIO(len(body).to_bytes(8, "little") + body))
