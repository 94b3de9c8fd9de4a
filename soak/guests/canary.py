"""Guest: plants marks in places that outlive a function, and looks for them in all; `order.py` beside it says where."""

import builtins
import ctypes
import fcntl
import gc
import hashlib
import linecache
import os
import resource
import signal
import sys
import threading
import time
import types

import MDAnalysis
import numpy as np
import order

MARK = "canary"
UPWARD = 0x400000 if os.uname().machine == "aarch64" else 0x800
PAGE_BYTES = 4096

libc = ctypes.CDLL(None)
libc.getenv.restype = ctypes.c_char_p
libm = ctypes.CDLL("libm.so.6")


def write_frames(universe):
    """Make this child's copy of the decoded frames writable, and write into it."""
    held = universe.trajectory.held.positions
    page = held.ctypes.data & -PAGE_BYTES
    if libc.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(held.nbytes & -PAGE_BYTES), 3) == 0:
        ctypes.memset(page + PAGE_BYTES, 0x41, 16 * PAGE_BYTES)


def frames_are_written(universe):
    """Whether some frame has the mark."""
    return bool((universe.trajectory.held.positions[1, 0] == np.frombuffer(b"AAAA", "<f4")[0]).any())


def write_file(universe):
    """Write wherever something may be writable."""
    for path in ("/tmp/canary", "/dev/shm/canary", "/canary", "/method/canary", "/in/canary", "/env/canary"):
        try:
            with open(path, "w") as file:
                file.write(MARK)
        except OSError:
            pass


def files_are_written(universe):
    """Whether anything was written."""
    return any(os.path.exists(f"{folder}/canary") for folder in ("/tmp", "/dev/shm", "", "/method", "/in", "/env"))


def set_flags(universe):
    """Change the flags of every open file, and where it is read."""
    for number in (0, 1, 2, 3):
        fcntl.fcntl(number, fcntl.F_SETFL, fcntl.fcntl(number, fcntl.F_GETFL) | os.O_APPEND | os.O_NONBLOCK)
    for _ in range(5):
        os.dup(3)


def flags_are_set(universe):
    """Whether a file has the flags."""
    return any(fcntl.fcntl(number, fcntl.F_GETFL) & (os.O_APPEND | os.O_NONBLOCK) for number in (0, 1, 2, 3))


def start_threads(universe):
    """Start threads that never end."""
    for _ in range(3):
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()


#: Place -> (how to plant, whether it is seen).
PLACES = {
    "builtins": (lambda _: setattr(builtins, MARK, 1), lambda _: hasattr(builtins, MARK)),
    "builtin function": (lambda _: setattr(builtins, "ascii", None), lambda _: builtins.ascii is None),
    "modules": (lambda _: sys.modules.update({MARK: types.ModuleType(MARK)}), lambda _: MARK in sys.modules),
    "import path": (lambda _: sys.path.insert(0, MARK), lambda _: MARK in sys.path),
    "source lines": (lambda _: linecache.cache.update({MARK: (0, None, [], MARK)}), lambda _: MARK in linecache.cache),
    "environment": (lambda _: os.environ.update({MARK: "1"}), lambda _: MARK in os.environ),
    "environment of C": (lambda _: libc.setenv(b"canary", b"1", 1), lambda _: libc.getenv(b"canary") is not None),
    "numpy's state": (lambda _: np.seterr(all="call"), lambda _: np.geterr()["over"] == "call"),
    "numpy's printing": (
        lambda _: np.set_printoptions(precision=3),
        lambda _: np.get_printoptions()["precision"] == 3,
    ),
    "random numbers": (lambda _: np.random.seed(7), lambda _: np.random.get_state()[1][0] == 7),
    "package": (lambda _: setattr(MDAnalysis, MARK, 1), lambda _: hasattr(MDAnalysis, MARK)),
    "class": (lambda universe: setattr(type(universe), MARK, 1), lambda universe: hasattr(type(universe), MARK)),
    "universe": (lambda universe: vars(universe).update({MARK: 1}), lambda universe: MARK in vars(universe)),
    "names of atoms": (
        lambda universe: setattr(universe.atoms, "names", MARK),
        lambda universe: MARK in set(universe.atoms.names),
    ),
    "positions": (
        lambda universe: universe.trajectory.ts.positions.fill(7),
        lambda universe: bool((universe.trajectory.ts.positions == 7).all()),
    ),
    "frames": (write_frames, frames_are_written),
    "files": (write_file, files_are_written),
    "open files": (set_flags, flags_are_set),
    "signals": (
        lambda _: signal.signal(signal.SIGTERM, signal.SIG_IGN),
        lambda _: signal.getsignal(signal.SIGTERM) == signal.SIG_IGN,
    ),
    "masked signals": (
        lambda _: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]),
        lambda _: signal.SIGUSR1 in signal.pthread_sigmask(signal.SIG_BLOCK, []),
    ),
    "collector": (lambda _: gc.disable(), lambda _: not gc.isenabled()),
    "recursion": (lambda _: sys.setrecursionlimit(777), lambda _: sys.getrecursionlimit() == 777),
    "limits": (
        lambda _: resource.setrlimit(resource.RLIMIT_NOFILE, (77, 77)),
        lambda _: resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 77,
    ),
    "rounding": (lambda _: libm.fesetround(UPWARD), lambda _: libm.fegetround() != 0),
    "threads": (start_threads, lambda _: threading.active_count() != 1),
    "log": (lambda _: os.write(1, MARK.encode()), lambda _: False),  # the site looks at it
}

#: How a call that has planted something ends.
ENDS = {
    "return": lambda: None,
    "raise": lambda: 1 / 0,
    "leave": lambda: os._exit(7),
    "crash": lambda: ctypes.string_at(8),
    "abort": os.abort,
    "sleep": lambda: time.sleep(100),
}


def fingerprint():
    """Digest everything that two fresh calls have in common."""
    open_files = []
    for number in range(300):
        try:
            open_files.append((number, os.fstat(number).st_mode, fcntl.fcntl(number, fcntl.F_GETFL)))
        except OSError:
            pass
    kinds = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]
    memory = (resource.RLIMIT_DATA, resource.RLIMIT_AS)  # they depend on what the holder has mapped
    state = (
        sorted(sys.modules),
        sorted(vars(builtins)),
        sorted(os.environ.items()),
        sys.path,
        len(sys.meta_path),
        open_files,
        [str(signal.getsignal(number)) for number in range(1, 32)],
        [resource.getrlimit(kind) for kind in kinds if kind not in memory],
        sorted(os.listdir("/")),
        [sorted(os.listdir(folder)) for folder in ("/tmp", "/in", "/dev")],
        os.getcwd(),
        sorted(vars(MDAnalysis)),
        sorted(vars(np)),
        os.getpid(),
        threading.active_count(),
    )
    return hashlib.sha256(repr(state).encode()).hexdigest()[:16]


def method(universe, frames):
    """Do what was ordered; `said` is the state that was found, and the places where marks were seen."""
    for name in order.PLACES:
        PLACES[name][0](universe)
    ENDS[order.END]()
    seen = [name for name, (_, look) in PLACES.items() if look(universe)]
    return {"said": [fingerprint(), *seen]}
