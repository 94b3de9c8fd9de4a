"""A spare holds nothing; of it comes a holder that differs in nothing from one with its files bound."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

from fomrepo.isolation.spare import LATE_TYPES
from sandbox.packages import READERS
from tests.guest.runs import read_outcome
from tests.hot.site import FRAME_BUDGET_BYTES, LIMITS, Data, Site, source_request

#: What is to be seen of /in, and what can be done there.
LOOK = """
import os

def refused(attempt):
    try:
        attempt()
    except OSError:
        return "refused"
    return "worked"

def method(universe, frames):
    said = []
    for name in sorted(os.listdir("/in")):
        path = os.path.join("/in", name)
        said.append(f"{name} {os.stat(path).st_mode & 0o222:o} {os.path.getsize(path)}")
    attempts = (
        lambda: open("/in/topology", "r+"),
        lambda: open("/in/new", "w"),
        lambda: os.truncate("/in/topology", 0),
        lambda: os.unlink("/in/topology"),
        lambda: os.rename("/in/topology", "/in/other"),
        lambda: os.chmod("/in", 0o777),
    )
    return {"said": [*said, *map(refused, attempts)]}
"""


def hold_request(laid: Data) -> dict[str, object]:
    return {
        "protocol": 1,
        "task": "hold",
        "inputs": laid.inputs,
        "frame_budget_bytes": FRAME_BUDGET_BYTES,
        "limits": LIMITS,
    }


def with_identity(laid: Data, *, off_by: int = 0) -> Data:
    """Say in each entry which file it has to be; ``off_by``: another one."""
    inputs = json.loads(json.dumps(laid.inputs))
    for entry in inputs[0]["files"]:
        found = os.stat(laid.files[entry["role"]])
        entry["same"] = [found.st_dev, found.st_ino + off_by]
    return Data(inputs, laid.files)


def test_its_files_are_those_of_the_record_and_cannot_be_changed(
    site: Site, data: Callable[..., Data], held: Callable[..., str]
) -> None:
    laid = data("adk_dims")
    answer = site.hot(name=held("adk_dims"), request=source_request(laid, LOOK))
    assert answer["ended"] == "outcome", answer
    files = [f"{inside} 0 {Path(path).stat().st_size}" for inside, path in sorted(laid.files.items())]
    assert read_outcome(answer["outcome"])[1]["said"] == [*files, *["refused"] * 6]


def test_a_file_in_place_is_the_one_that_was_handed_over(site: Site, data: Callable[..., Data]) -> None:
    laid = with_identity(data("adk_dims"))
    name = site.spare(name="in place")["name"]
    assert site.hold(name=name, request=hold_request(laid), inputs=laid.files, spare=name)["n_frames"] == 98
    answer = site.hot(name=name, request=source_request(laid, LOOK))
    assert answer["ended"] == "outcome", answer
    site.close(name=name)
    other = with_identity(data("adk_dims"), off_by=1)
    site.spare(name=name)
    refused = site.hold(name=name, request=hold_request(other), inputs=laid.files, spare=name)
    assert "is not the file that the host means" in refused["failed"]["log_tail"]


def test_its_limits_become_those_of_the_holder(site: Site, data: Callable[..., Data]) -> None:
    laid = data("adk_dims")
    pid = site.spare(name="limited")["pid"]
    before = _address_space(pid)
    answer = site.hold(
        name="limited", request=hold_request(laid), inputs=laid.files, spare="limited", holder_memory_bytes=2 << 30
    )
    assert answer["pid"] == pid
    assert (before, _address_space(pid)) == ((4 << 30) + (1 << 30) + (2 << 30), (2 << 30) + (1 << 30) + (2 << 30))
    site.close(name="limited")


def test_one_that_has_ended_is_no_holder(site: Site, data: Callable[..., Data]) -> None:
    laid = data("adk_dims")
    os.kill(site.spare(name="killed")["pid"], signal.SIGKILL)
    answer = site.hold(name="killed", request=hold_request(laid), inputs=laid.files, spare="killed")
    assert answer["unavailable"].startswith("a spare sandbox does not take its files: ")


def test_readers_that_a_spare_has_not_imported_are_known() -> None:
    assert frozenset().union(*READERS.values()) == LATE_TYPES


def _address_space(process: int) -> int:
    limits = Path(f"/proc/{process}/limits").read_text().splitlines()
    return int(next(line for line in limits if line.startswith("Max address space")).split()[4])
