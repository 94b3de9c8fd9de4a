"""Bundles that are none: refused at the command line and at the site, with what is wrong and what mends it."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from typer.testing import CliRunner

from fomrepo.cli import app
from fomrepo.testing import LocalFederation
from tests.count_bundle import CASE, METHOD, write_bundle
from tests.federation.conftest import OWNER

#: Zeros that a bomb inflates to, in bytes, and by how much the site's memory may grow meanwhile.
BOMB_BYTES, GROWTH_BYTES = 256 * 2**20, 64 * 2**20


@pytest.fixture
def submit(federation: LocalFederation) -> Callable[..., dict[str, Any]]:
    """Return what submits a folder, by the command, and gives the refusal as programs read it."""
    variables = {
        "FOMREPO_ADDRESS": federation["site-a"].address,
        "FOMREPO_TOKEN": federation.token(OWNER),
        "FOMREPO_CA": str(federation.ca),
    }

    def run(folder: Path) -> dict[str, Any]:
        done = CliRunner().invoke(app, ["method", "submit", str(folder), "--json"], env=variables)
        assert (done.exit_code, done.stdout) == (1, "")
        refusal: dict[str, Any] = json.loads(done.stderr)
        return refusal

    return run


def zipped(folder: Path) -> Path:
    """Pack zeros, a thousand to one."""
    folder.mkdir()
    with zipfile.ZipFile(folder / "method.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("method.toml", bytes(32 * 2**20))
    return folder


def huge(folder: Path) -> Path:
    """Put a file beside a good bundle that takes no room on the disk, and all of the memory if it is read."""
    with (folder / "zeros.txt").open("wb") as file:
        file.truncate(2**43)
    return folder


BAD: dict[str, tuple[Callable[[Path], Path], str, str]] = {
    "an archive in a folder": (lambda at: zipped(at / "zip"), r"has no method\.toml", "method.toml"),
    "a file of 8 TiB": (lambda at: huge(write_bundle(at)), "holds more than", "deposit data as a record"),
    "no TOML": (lambda at: write_bundle(at, **{"method.toml": "name = count\n"}), r"line 1", "quotation marks"),
    "another schema": (
        lambda at: write_bundle(at, **{"method.toml": METHOD.replace("int64", "int65")}),
        r"method\.toml, line 14: .*int65",
        "use one of float64",
    ),
    "no test": (lambda at: write_bundle(at, **{"tests/adk.toml": None}), "no golden case", "write tests/NAME.toml"),
    "a test of no field": (
        lambda at: write_bundle(at, **{"tests/adk.toml": CASE.replace('field = "n"', 'field = "m"')}),
        r"tests/adk\.toml, line 3: .*'m'",
        "n",
    ),
    "a test that is no TOML": (
        lambda at: write_bundle(at, **{"tests/adk.toml": "[[expect\n"}), r"tests/adk\.toml .*line 1", "mend that line",
    ),
    "the name of a built-in method": (lambda at: write_bundle(at, "rmsd", "9.0.0"), "comes with fomrepo", "name"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_bundle_is_refused_with_the_line_and_the_remedy(
    submit: Callable[..., dict[str, Any]], tmp_path: Path, what: str
) -> None:
    make, message, remedy = BAD[what]
    refusal = submit(make(tmp_path))
    assert refusal["error"] in ("bundle_refused", "conflict")
    assert re.search(message, refusal["message"]), refusal
    assert remedy in refusal["remedy"], refusal


def test_a_message_that_swells_is_refused_before_it_does(federation: LocalFederation) -> None:
    """A zip bomb on the wire: gRPC's own compression, a thousand zeros in one byte."""
    pid = federation["site-a"].pid
    credentials = grpc.ssl_channel_credentials(federation.ca.read_bytes())
    before = _peak_bytes(pid)
    with grpc.secure_channel(
        federation["site-a"].address,
        credentials,
        options=[("grpc.max_send_message_length", -1)],
        compression=grpc.Compression.Gzip,
    ) as channel:
        submit = channel.unary_unary("/fomrepo.wire.v1.Review/Submit")
        with pytest.raises(grpc.RpcError) as refused:
            submit(bytes(BOMB_BYTES), timeout=30)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert _peak_bytes(pid) - before < GROWTH_BYTES


def _peak_bytes(pid: int) -> int:
    """Most memory that a process has had so far."""
    said = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert said is not None
    return int(said[1]) * 1024
