"""What a site's process has in it, and that nothing of a site outlives it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import fomrepo
from fomrepo.site.administration import read_folder
from fomrepo.testing import LocalFederation
from fomrepo.wire.methods import bundle_to_wire
from fomrepo.wire.v1 import calls_pb2
from tests.federation.methods import SLOW
from tests.federation.raw import call_request, raw_client
from tests.federation.records import TRAJECTORY, deposit_adk, until

CHECKOUT = Path(__file__).parents[2]

#: Packages of the guest, of the field, and those that would turn bytes into objects.
NEVER_IN_A_SITE = {
    "sandbox", "methods", "deposition", "MDAnalysis", "MDAnalysisTests", "mdtraj", "scipy",
    "diskcache", "cloudpickle", "dill", "joblib", "shelve", "marshmallow_pickle",
}  # fmt: skip


def test_a_site_that_has_answered_a_call_holds_nothing_of_the_guest(
    bubblewrap: Path, open_folder: Callable[[], Path]
) -> None:
    federation = LocalFederation(open_folder(), sites=("site-a",))
    home = federation.home
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    with (home / "output.log").open("wb") as output:
        site = subprocess.Popen(
            [sys.executable, "-m", "tests.federation.watched_site", home],
            cwd=CHECKOUT, env=environment, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        until(lambda: (home / "ready.json").exists() or site.poll() is not None)
        address = json.loads((home / "ready.json").read_text())["address"]
        with fomrepo.connect(address, token=federation.token("alice"), ca=str(federation.ca)) as repo:
            traj = deposit_adk(repo)[TRAJECTORY]
            assert traj.rmsd(stop=3).rmsd.shape == (3,)
            assert traj.rmsd(stop=3).cached
    finally:
        site.send_signal(signal.SIGTERM)
        assert site.wait(20) == 0, (home / "output.log").read_text()
    loaded = {name.partition(".")[0] for name in json.loads((home / "modules.json").read_text())}
    assert {"fomrepo", "grpc", "sqlalchemy"} <= loaded  # it is the site's own list
    assert loaded & NEVER_IN_A_SITE == set()


# --- nothing keeps running --------------------------------------------------------------------------------------------


def family(first: int) -> dict[int, str]:
    """A process and all that descend from it, by the time at which each was started."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        if stat := _stat(int(entry.name)):
            parents.setdefault(int(stat[1]), []).append(int(entry.name))
    found, unseen = {}, [first]
    while unseen:
        process = unseen.pop()
        if stat := _stat(process):  # it may have ended meanwhile
            found[process] = stat[19]
        unseen += parents.get(process, [])
    return found


def alive(processes: dict[int, str]) -> list[int]:
    """Those of them that still live; a number that belongs to another process by now does not count."""
    return [
        one for one, started in processes.items() if (stat := _stat(one)) and stat[19] == started and stat[0] != "Z"
    ]


def _stat(process: int) -> list[str]:
    """Fields of ``/proc/PID/stat`` from the state on; empty if it has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


@pytest.fixture(scope="module")
def own_sites() -> tuple[str, ...]:
    return ("site-a",)


@pytest.fixture
def busy(fragile: LocalFederation, user: str) -> tuple[LocalFederation, dict[int, str]]:
    """Return a federation whose only site runs a guest, and the processes of that site."""
    token = fragile.token(user)
    with fragile.connect(user, site="site-a") as repo:
        record = deposit_adk(repo)
    with raw_client(fragile, "site-a", token) as client:
        call = call_request(record.accession, TRAJECTORY, arguments_json='{"seconds": 100}')
        call.wait_s = 0.0
        bundle = bundle_to_wire(read_folder(SLOW))
        request = calls_pb2.TryDraftRequest(call=call, bundle=bundle, at_site="site-a")
        operation = client.calls.TryDraft(request).operation
        until(lambda: client.calls.Wait(calls_pb2.WaitRequest(operation=operation)).done > 0)
    processes = family(fragile["site-a"].pid)
    assert len(processes) >= 4  # site, warden, bubblewrap, guest
    return fragile, processes


def test_nothing_outlives_a_site_that_was_killed(busy: tuple[LocalFederation, dict[int, str]]) -> None:
    federation, processes = busy
    federation["site-a"].kill()
    until(lambda: alive(processes) == [], timeout_s=5)


def test_a_site_that_is_told_to_stop_ends_its_runs_and_itself(busy: tuple[LocalFederation, dict[int, str]]) -> None:
    federation, processes = busy
    begun = time.monotonic()
    federation["site-a"].stop()
    assert time.monotonic() - begun < 8
    until(lambda: alive(processes) == [], timeout_s=5)


def test_a_warden_that_dies_takes_its_guests_along_and_the_site_says_so(
    busy: tuple[LocalFederation, dict[int, str]], user: str
) -> None:
    federation, processes = busy
    site = federation["site-a"].pid
    warden = next(one for one in processes if "isolation.warden" in Path(f"/proc/{one}/cmdline").read_text())
    os.kill(warden, signal.SIGKILL)
    until(lambda: alive(processes) == [site], timeout_s=5)
    federation["site-a"].stop()


def test_nothing_of_a_federation_is_left_when_it_stops(bubblewrap: Path, open_folder: Callable[[], Path]) -> None:
    with LocalFederation(open_folder(), sites=("site-a", "site-b")) as federation:
        with federation.connect() as repo:
            assert deposit_adk(repo)[TRAJECTORY].info().n_atoms == 3341
        processes = family(federation["site-a"].pid) | family(federation["site-b"].pid)
        assert len(alive(processes)) >= 4
    assert alive(processes) == []
    assert not list(federation.folder.glob("*/ready.json"))
