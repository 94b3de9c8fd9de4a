"""What a child does harms neither its siblings nor the holder, and is ended by the name of the limit that it hit."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from fomrepo.errors import MethodFailedError
from fomrepo.isolation.environment import default_environments_folder
from fomrepo.isolation.limits import LOG_FLOOD_BYTES
from fomrepo.isolation.outcome import check_method_outcome
from fomrepo.model.methods import ResultSchema
from tests.guest.runs import read_outcome
from tests.hot.site import FRAME_BUDGET_BYTES, LIMITS, Data, Site, builtin_request, source_request

HEAD = "import ctypes, os, sys, threading, time\nimport numpy as np\n\ndef method(universe, frames):\n"

ATTACKS: dict[str, tuple[str, dict[str, Any], str]] = {
    "crash": ("    ctypes.string_at(8)\n", {}, "crashed"),
    "abort": ("    os.abort()\n", {}, "crashed"),
    "exit": ("    os._exit(3)\n", {}, "crashed"),
    "spin": ("    while True:\n        pass\n", {"wall_s": 1.0}, "wall"),
    "spin in C": ("    while True:\n        np.ones(10**6).sum()\n", {"wall_s": 1.0}, "wall"),
    "burn": ("    while True:\n        pass\n", {"cpu_s": 0.5}, "cpu"),
    "sleep": ("    time.sleep(1000)\n", {"wall_s": 0.5}, "wall"),
    "log flood": ("    while True:\n        os.write(1, b'x' * 65536)\n", {}, "log"),
    "log flood in silence": ("    while True:\n        sys.stderr.write('x' * 65536)\n", {}, "log"),
    "result": ("    return {'said': ['x' * (65 << 20)]}\n", {}, "outcome"),
    "raw result": ("    os.write(3, b'o' + (1 << 40).to_bytes(8, 'little'))\n    time.sleep(99)\n", {}, "result"),
    "progress flood": ("    while True:\n        os.write(3, b'p' + bytes(8))\n", {}, "hostile"),
    "memory": ("    kept = []\n    while True:\n        kept.append(np.ones(1 << 20))\n", {}, "outcome or memory"),
    "processes": (
        "    for _ in range(99):\n        threading.Thread(target=time.sleep, args=(99,)).start()\n",
        {},
        "outcome",
    ),
}


def ended(answer: dict[str, Any]) -> str:
    return answer["limit"]["name"] if answer["ended"] == "limit" else answer["ended"]


@pytest.mark.parametrize("name", ATTACKS)
def test_a_hostile_child_is_ended_and_its_siblings_go_on(
    site: Site, data: Callable[..., Data], held: Callable[..., str], name: str
) -> None:
    code, limits, expected = ATTACKS[name]
    laid, holder = data("adk_dims"), held("adk_dims")
    good = builtin_request(laid, "radius_of_gyration")
    right = site.hot(name=holder, request=good)["outcome"]
    process = site.facts(name=holder)["pid"]
    attack = source_request(laid, HEAD + code)
    slow = source_request(laid, HEAD + "    time.sleep(1.0)\n    return {'said': ['slept']}\n")
    attacks = site.hot_at_once(name=holder, requests=[attack, slow, good, good], limits=[limits, {}, {}, {}])
    assert ended(attacks[0]) in expected.split(" or "), attacks[0]
    if limits.get("cpu_s"):
        assert attacks[0]["limit"]["used"] > attacks[0]["limit"]["allowed"] == limits["cpu_s"]
    assert read_outcome(attacks[1]["outcome"])[1]["said"] == ["slept"]
    assert [each["outcome"] for each in attacks[2:]] == [right, right]
    assert site.hot(name=holder, request=good)["outcome"] == right
    facts = site.facts(name=holder)
    assert (facts["pid"], facts["alive"]) == (process, True)


def test_a_crash_is_named_in_the_log(site: Site, data: Callable[..., Data], held: Callable[..., str]) -> None:
    request = source_request(data("adk_dims"), HEAD + "    print('before', flush=True)\n    ctypes.string_at(8)\n")
    answer = site.hot(name=held("adk_dims"), request=request)
    assert (answer["ended"], answer["log_tail"]) == ("crashed", "before\n\nended by SIGSEGV")


def test_memory_is_what_a_child_has_beyond_its_holder(
    site: Site, data: Callable[..., Data], held: Callable[..., str]
) -> None:
    laid, holder = data("adk_dims"), held("adk_dims")
    code = "    kept = [np.ones(1 << 20) for _ in range({})]\n    time.sleep(0.5)\n"
    code += "    return {{'said': [str(len(kept))]}}\n"
    fits, does_not = (
        site.hot(name=holder, request=source_request(laid, HEAD + code.format(count), limits=LIMITS))
        for count in (100, 140)
    )
    assert read_outcome(fits["outcome"])[1]["said"] == ["100"]
    assert ended(does_not) == "memory"
    assert does_not["limit"]["used"] > does_not["limit"]["allowed"] == LIMITS["memory_bytes"]
    assert does_not["limit"]["unit"] == "byte"


def test_a_method_is_told_that_it_wants_far_too_much_memory(
    site: Site, data: Callable[..., Data], held: Callable[..., str]
) -> None:
    request = source_request(data("adk_dims"), HEAD + "    np.ones(1 << 30)\n")
    outcome = read_outcome(site.hot(name=held("adk_dims"), request=request)["outcome"])[0]
    assert (outcome["fault"], outcome["limit"]) == ("limit", {"name": "memory"})
    assert [each["line"] for each in outcome["frames"]] == [5]


def test_a_call_may_have_lower_limits(site: Site, data: Callable[..., Data], held: Callable[..., str]) -> None:
    low = {**LIMITS, "memory_bytes": 64 << 20, "processes": 2, "open_files": 10}
    code = "    import resource\n    said = []\n"
    code += "    try:\n        np.ones(1 << 27)\n    except MemoryError:\n        said += ['memory']\n"
    code += "    try:\n        [os.dup(3) for _ in range(9)]\n    except OSError:\n        said += ['files']\n"
    code += "    try:\n        [threading.Thread(target=time.sleep, args=(9,)).start() for _ in range(4)]\n"
    code += "    except RuntimeError:\n        said += ['threads']\n    return {'said': said}\n"
    answer = site.hot(name=held("adk_dims"), request=source_request(data("adk_dims"), HEAD + code, limits=low))
    assert read_outcome(answer["outcome"])[1]["said"] == ["memory", "files", "threads"]


#: Limit -> code that meets it, what the run may use, what is allowed then, and the unit.
MET: dict[str, tuple[str, dict[str, Any], float, str]] = {
    "memory": ("    kept = [np.ones(1 << 17) for _ in range(10**6)]\n", {"memory_bytes": 300 << 20}, 300 << 20, "byte"),
    "cpu": ("    while True:\n        pass\n", {"cpu_s": 1.5}, 1.5, "s"),
    "wall": ("    time.sleep(99)\n", {"wall_s": 1.5}, 1.5, "s"),
    "processes": (
        "    for _ in range(99):\n        threading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n",
        {"processes": 9},
        9,
        "count",
    ),
    "open_files": ("    kept = [os.dup(3) for _ in range(99)]\n", {"open_files": 17}, 17, "count"),
    "result": ("    return {'said': ['x' * 10**6]}\n", {"result_bytes": 10**5}, 10**5, "byte"),
    "log": ("    while True:\n        os.write(1, bytes(65536))\n", {}, LOG_FLOOD_BYTES, "byte"),
}


@pytest.mark.parametrize("way", ["cold", "hot"])
@pytest.mark.parametrize("name", MET)
def test_each_limit_is_named_with_its_figures(
    site: Site, data: Callable[..., Data], held: Callable[..., str], tmp_path: Path, name: str, way: str
) -> None:
    code, limits, allowed, unit = MET[name]
    laid, holder = data("adk_dims"), held("adk_dims")
    inside = {key: int(value) for key, value in limits.items() if key != "wall_s"}
    request = source_request(laid, HEAD + code, limits={**LIMITS, **inside})
    if way == "hot":
        answer = site.hot(name=holder, request=request, **limits)
    else:
        folder = Path(laid.files["topology"]).parent / f"limit-{name}"
        folder.mkdir()
        (folder / "method.py").write_text(request.pop("bundle")["method.py"])
        answer = site.cold(request=request, inputs=laid.files, method_folder=str(folder), **limits)
    hit = answer["limit"]
    if answer["ended"] == "outcome":
        (tmp_path / "outcome").write_bytes(answer["outcome"])
        with pytest.raises(MethodFailedError) as failed:
            check_method_outcome(tmp_path / "outcome", ResultSchema("Composite", ()))
        hit = asdict(failed.value.limit)
    assert (hit["name"], hit["allowed"], hit["unit"]) == (name, allowed, unit)
    assert hit["used"] > allowed or (unit == "count" and hit["used"] == allowed)


def test_a_cancelled_call_ends_at_once(site: Site, data: Callable[..., Data], held: Callable[..., str]) -> None:
    request = source_request(data("adk_dims"), HEAD + "    time.sleep(1000)\n")
    answer = site.hot(name=held("adk_dims"), request=request, cancel_after_s=0.2)
    assert answer["ended"] == "cancelled"
    assert answer["took_s"] < 2.0


@pytest.fixture
def own_site(bubblewrap: Path, site: Site) -> Any:
    """Return a driver that may be killed."""
    started = Site(default_environments_folder())
    yield started
    started.process.kill()
    started.process.stdin.close()
    started.process.stdout.close()
    started.process.wait()


#: After a kill, until nothing is alive.
KILLED_TIMEOUT_S = 2.0


def hold(site: Site, laid: Data, name: str = "own", **more: Any) -> Any:
    asked = {"protocol": 1, "task": "hold", "inputs": laid.inputs, "frame_budget_bytes": FRAME_BUDGET_BYTES}
    return site.hold(name=name, request={**asked, "limits": LIMITS}, inputs=laid.files, **more)


def left_of(processes: list[int], timeout_s: float) -> list[int]:
    deadline = time.monotonic() + timeout_s
    while (left := [each for each in processes if _is_alive(each)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _is_alive(process: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("victim", ["holder", "warden", "site"])
def test_nothing_outlives_a_kill(own_site: Site, data: Callable[..., Data], victim: str) -> None:
    """Neither a hot call that runs, nor a spare, nor a cold run, nor a holder is alive two seconds later."""
    laid = data("adk_dims")
    holder = hold(own_site, laid)["pid"]
    sleeper = source_request(laid, HEAD + "    time.sleep(1000)\n")
    folder = Path(laid.files["topology"]).parent / "sleeper"
    folder.mkdir(exist_ok=True)
    (folder / "method.py").write_text(sleeper["bundle"]["method.py"])
    cold = {key: value for key, value in sleeper.items() if key != "bundle"}
    cold_order = {"do": "cold", "request": cold, "inputs": laid.files, "method_folder": str(folder)}
    own_site.spare(name="unused")
    own_site.behind(orders=[{"do": "hot", "name": "own", "request": sleeper}, cold_order])
    time.sleep(1.0)  # until the cold run sleeps, and the holder has its spares again
    warden, *others = own_site.warden_processes()
    held = [holder, *own_site.children(name="own")]
    assert set(others) > set(held)
    os.kill({"holder": holder, "warden": warden, "site": own_site.process.pid}[victim], signal.SIGKILL)
    assert left_of(held if victim == "holder" else [warden, *others], KILLED_TIMEOUT_S) == []
    if victim != "site":
        assert own_site.answer(place=0)["ended"] == "crashed"
        assert own_site.facts(name="own")["alive"] is False
        again = own_site.hot(name="own", request=builtin_request(laid, "info"))
        assert again["error"].startswith("SandboxUnavailableError: the holder has ended: ")
        own_site.close(name="own")


def test_a_closed_holder_leaves_nothing(own_site: Site, data: Callable[..., Data]) -> None:
    facts = hold(own_site, data("adk_dims"))
    time.sleep(0.5)
    processes = [facts["pid"], *own_site.children(name="own")]
    own_site.close(name="own")
    assert left_of(processes, 0.0) == []
    assert len(own_site.warden_processes()) == 1


def test_many_holders_come_and_go(own_site: Site, data: Callable[..., Data]) -> None:
    laid = data("adk_dims")
    for _ in range(3):
        for name in ("a", "b"):
            assert hold(own_site, laid, name)["n_frames"] == 98
        for name in ("a", "b"):
            own_site.close(name=name)
    assert len(own_site.warden_processes()) == 1
    descriptors = len(os.listdir(f"/proc/{own_site.process.pid}/fd"))
    hold(own_site, laid)
    own_site.close(name="own")
    assert len(os.listdir(f"/proc/{own_site.process.pid}/fd")) == descriptors


def test_data_that_cannot_be_opened_has_no_holder(own_site: Site, data: Callable[..., Data], tmp_path: Path) -> None:
    laid = data("adk_dims")
    broken = Path(laid.files["topology"]).with_suffix(".broken")
    broken.write_bytes(b"nothing of the kind")
    broken.chmod(0o644)
    answer = own_site.hold(
        name="own",
        request={"protocol": 1, "task": "hold", "inputs": laid.inputs, "frame_budget_bytes": 0, "limits": LIMITS},
        inputs={**laid.files, "topology": str(broken)},
    )
    assert answer["cause"] == "FileRefusedError", answer
    assert "adk" in answer["message"] or "psf" in answer["message"]
    assert len(own_site.warden_processes()) == 1


def test_a_holder_that_needs_too_much_memory_is_ended(own_site: Site, data: Callable[..., Data]) -> None:
    laid = data("adk_oplsaa")
    answer = hold(own_site, laid, holder_memory_bytes=20 << 20, memory_bytes=1 << 20)
    assert "failed" in answer, answer
    assert len(own_site.warden_processes()) == 1


def test_frames_that_cannot_be_decoded_stay_in_the_file(
    own_site: Site, data: Callable[..., Data], tmp_path: Path
) -> None:
    """A damaged frame is an error for the call that reads it, as it is cold, and for no other."""
    laid = data("adk_dims")
    content = bytearray(Path(laid.files["trajectory"]).read_bytes())
    frame_bytes = (len(content) - 276) // 98
    middle = 276 + 50 * frame_bytes
    content[middle - 2000 : middle + 2000] = b"\xff" * 4000
    damaged = Path(laid.files["trajectory"]).with_suffix(".damaged")
    damaged.write_bytes(content)
    damaged.chmod(0o644)
    torn = Data(laid.inputs, {**laid.files, "trajectory": str(damaged)})
    facts = hold(own_site, torn)
    assert (facts["n_frames"], facts["decoded"]) == (98, False)
    good = own_site.hot(name="own", request=builtin_request(torn, "rmsd", frames={"stop": 40}))
    assert read_outcome(good["outcome"])[0] == {"status": "ok"}
    bad = own_site.hot(name="own", request=builtin_request(torn, "rmsd"))
    assert read_outcome(bad["outcome"])[0]["fault"] == "data"
    own_site.close(name="own")
