"""What one call does is never seen by another, whatever it does."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.guest.runs import read_outcome
from tests.hot.site import Data, Site, builtin_request, source_request

#: Leaves something behind in every place that there is, and says what the wall refused.
PLANT = """
import builtins, ctypes, gc, os, signal, sys, threading, time, types
import numpy as np
import MDAnalysis

CANARY = "canary"

def refused(attempt):
    try:
        attempt()
    except (OSError, ValueError):
        return "refused"
    return "worked"

def method(universe, frames):
    builtins.canary = CANARY
    builtins.ascii = None
    sys.modules["canary"] = types.ModuleType("canary")
    sys.path.append(CANARY)
    sys.meta_path.insert(0, object())
    os.environ["CANARY"] = CANARY
    ctypes.CDLL(None).setenv(b"CANARY", b"canary", 1)
    MDAnalysis.canary = CANARY
    MDAnalysis.Universe.select_atoms = lambda *_: None
    np.random.seed(1)
    np.seterr(all="raise")
    universe.canary = CANARY
    universe.atoms.names = "CANARY"
    universe.trajectory.ts.positions[:] = 7.0
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    gc.disable()
    sys.setrecursionlimit(77)
    os.dup(3)
    thread = threading.Thread(target=time.sleep, args=(1000,), daemon=True)
    thread.start()
    # The decoded frames themselves: made writable, this child's copy of them changes and nothing else.
    held = universe.trajectory.held.positions
    page = held.ctypes.data & ~4095
    ctypes.CDLL(None).mprotect(ctypes.c_void_p(page), ctypes.c_size_t(held.nbytes & ~4095), 3)
    ctypes.memset(page + 4096, 0x41, 65536)
    assert held[1, 0, 0] == np.frombuffer(b"AAAA", "<f4")[0]
    files = [refused(lambda: open(path, "w")) for path in ("/tmp/canary", "/dev/shm/canary", "/canary")]
    sys.stdout.write("canary in the log")
    return {"said": [*files, refused(lambda: os.chdir("/tmp"))]}
"""

#: Looks for it.
LOOK = """
import builtins, ctypes, gc, os, signal, sys, threading
import numpy as np
import MDAnalysis

def method(universe, frames):
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_char_p
    descriptors = []
    for number in range(300):
        try:
            os.fstat(number)
            descriptors.append(number)
        except OSError:
            pass
    seen = {
        "builtins": hasattr(builtins, "canary") or builtins.ascii is None,
        "modules": "canary" in sys.modules,
        "path": "canary" in sys.path or not all(hasattr(each, "find_spec") for each in sys.meta_path),
        "environment": "CANARY" in os.environ or libc.getenv(b"CANARY") is not None,
        "package": hasattr(MDAnalysis, "canary") or universe.select_atoms("index 0") is None,
        "numpy": np.geterr()["over"] == "raise",
        "universe": hasattr(universe, "canary") or "CANARY" in set(universe.atoms.names),
        "timestep": bool((universe.trajectory.ts.positions == 7.0).all()),
        "frames": bool((universe.trajectory.held.positions[1, 0] == np.frombuffer(b"AAAA", "<f4")[0]).any()),
        "signals": signal.getsignal(signal.SIGTERM) == signal.SIG_IGN,
        "collector": not gc.isenabled(),
        "recursion": sys.getrecursionlimit() == 77,
        "threads": threading.active_count() != 1,
        "descriptors": descriptors != [0, 1, 2, 3],
        "files": any(os.path.exists(path) for path in ("/tmp/canary", "/dev/shm/canary", "/canary")),
        "folder": os.getcwd() != "/" or os.listdir("/tmp") != [],
    }
    return {"said": [key for key, value in seen.items() if value] or ["nothing"]}
"""

RANDOM = """
import random
import numpy as np

def method(universe, frames, *, draw):
    return {"said": [repr((np.random.random(), random.random(), np.random.default_rng().random()))]}
"""


def said(answer: dict[str, object]) -> list[str]:
    assert answer["ended"] == "outcome", answer
    outcome, fields = read_outcome(answer["outcome"])
    assert outcome == {"status": "ok"}, outcome
    return fields["said"]


def test_a_canary_is_never_seen_by_one_that_runs_at_once(
    site: Site, data: Callable[..., Data], held: Callable[..., str]
) -> None:
    laid, holder = data("adk_dims"), held("adk_dims")
    plants = source_request(laid, PLANT.replace("return {", "time.sleep(0.5); return {"))
    looks = source_request(laid, LOOK.replace("    libc =", "    import time; time.sleep(0.25)\n    libc ="))
    answers = site.hot_at_once(name=holder, requests=[plants, looks, plants, looks])
    assert [said(answers[place]) for place in (1, 3)] == [["nothing"]] * 2


def test_results_are_right_after_vandals(site: Site, data: Callable[..., Data], held: Callable[..., str]) -> None:
    laid, holder = data("adk_dims"), held("adk_dims")
    request = builtin_request(laid, "rmsd")
    before = site.hot(name=holder, request=request)["outcome"]
    for _ in range(10):
        site.hot(name=holder, request=source_request(laid, PLANT))
    assert site.hot(name=holder, request=request)["outcome"] == before


def test_equal_questions_draw_equal_random_numbers_and_others_do_not(
    site: Site, data: Callable[..., Data], held: Callable[..., str]
) -> None:
    laid, holder = data("adk_dims"), held("adk_dims")

    def draw(number: int) -> tuple[float, float, float]:
        request = source_request(laid, RANDOM, arguments={"draw": number}, parameters={"draw": {"type": "int"}})
        return eval(said(site.hot(name=holder, request=request))[0])

    first, again, other = draw(1), draw(1), draw(2)
    assert first[:2] == again[:2]
    assert first[0] != other[0]
    assert first[1] != other[1]
    assert len({first[2], again[2], other[2]}) == 3, "what the system is asked for must differ in every child"


def test_a_bundle_of_several_files(site: Site, data: Callable[..., Data], held: Callable[..., str]) -> None:
    bundle = {
        "method.py": "import part\nfrom pack.inner import two\nimport loose.leaf\nimport pack\n\n"
        "def method(universe, frames):\n"
        "    import os\n"
        "    places = [__file__, part.__file__, pack.__file__, loose.leaf.__file__]\n"
        "    return {'said': [part.ONE, two(), loose.leaf.THREE, __name__, *places]}\n",
        "part.py": "ONE = 'one'\n",
        "pack/__init__.py": "",
        "pack/inner.py": "from pack import sibling\n\ndef two():\n    return sibling.TWO\n",
        "pack/sibling.py": "TWO = 'two'\n",
        "loose/leaf.py": "THREE = 'three'\n",
    }
    answer = site.hot(name=held("adk_dims"), request=source_request(data("adk_dims"), bundle))
    places = ["/method/method.py", "/method/part.py", "/method/pack/__init__.py", "/method/loose/leaf.py"]
    assert said(answer) == ["one", "two", "three", "method", *places]


def test_a_traceback_has_the_lines_of_the_bundle(
    site: Site, data: Callable[..., Data], held: Callable[..., str]
) -> None:
    bundle = {
        "method.py": "import part\n\ndef method(universe, frames):\n    return part.divide(1)\n",
        "part.py": "def divide(x):\n    # by nothing\n    return x / 0\n",
    }
    answer = site.hot(name=held("adk_dims"), request=source_request(data("adk_dims"), bundle))
    outcome, _ = read_outcome(answer["outcome"])
    assert outcome == {
        "status": "failed",
        "fault": "method",
        "type": "ZeroDivisionError",
        "message": "division by zero",
        "limit": None,
        "frames": [
            {"file": "method.py", "line": 4, "function": "method", "source": "return part.divide(1)"},
            {"file": "part.py", "line": 3, "function": "divide", "source": "return x / 0"},
        ],
    }


def test_a_request_about_other_files_is_not_served(
    site: Site, data: Callable[..., Data], held: Callable[..., str]
) -> None:
    answer = site.hot(name=held("adk_dims"), request=builtin_request(data("adk_oplsaa"), "info"))
    assert answer["ended"] == "crashed"
    assert "not about the files that this holder has" in answer["log_tail"]


def test_the_log_is_the_calls_own(site: Site, data: Callable[..., Data], held: Callable[..., str]) -> None:
    laid = data("adk_dims")
    source = "import os, sys, time\n\ndef method(universe, frames):\n    for _ in range(50):\n"
    source += "        print('{0}'); print('{0}', file=sys.stderr); os.write(1, b'{0}\\n'); time.sleep(0.002)\n"
    source += "    return {{'said': ['done']}}\n"
    requests = [source_request(laid, source.format(word)) for word in ("one", "two", "three")]
    answers = site.hot_at_once(name=held("adk_dims"), requests=requests)
    assert [(set(each["log_tail"].split()), len(each["log_tail"].split())) for each in answers] == [
        ({"one"}, 150),
        ({"two"}, 150),
        ({"three"}, 150),
    ]


def test_a_waiting_child_takes_little_memory(site: Site, held: Callable[..., str]) -> None:
    """At most 8 MiB of its own, as the kernel counts it."""
    holder = held("adk_dims")
    site.hot(name=holder, request={"limits": {"memory_bytes": 1 << 30, "result_bytes": 1, "cpu_s": 1}})
    time.sleep(0.5)
    children = site.children(name=holder)
    assert len(children) == 3
    for child in children:
        lines = Path(f"/proc/{child}/smaps_rollup").read_text().splitlines()
        unique = sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Clean", "Private_Dirty")))
        assert unique * 1024 <= 8 << 20
