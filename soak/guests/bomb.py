"""Guest: tries to leave processes and threads behind in every way, and ends as `order.py` beside it says."""

import ctypes
import hashlib
import os
import signal
import threading
import time

import order

NEW_NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
CLONE = 220 if os.uname().machine == "aarch64" else 56

libc = ctypes.CDLL(None, use_errno=True)


def forked():
    """Fork; in a child, live on for ever."""
    if os.fork() == 0:
        live_on()


def cloned(flags):
    """Make a process by the kernel's own call; in a child, live on for ever."""
    process = libc.syscall(ctypes.c_long(CLONE), ctypes.c_long(flags), *[ctypes.c_long(0)] * 4)
    if process < 0:
        raise OSError(ctypes.get_errno(), "clone")
    if process == 0:
        live_on()


def live_on():
    """Do what a daemon does: leave the session, the folder and the files, deaf to signals, and multiply."""
    os.setsid()
    for number in range(1, 32):
        try:
            signal.signal(number, signal.SIG_IGN)
        except OSError:
            pass
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.01)


def spin():
    """Keep a processor busy, mostly without the interpreter's lock."""
    while True:
        hashlib.sha256(bytes(2**18))


#: Name -> a way to get another process; all are refused, or the process ends with the call.
WAYS = {
    "fork": forked,
    "double fork": lambda: [forked(), forked()],
    "session": os.setsid,
    "group": lambda: os.setpgid(0, 0),
    "spawn": lambda: os.posix_spawn("/usr/bin/python3", ["python3"], {}),
    "terminal": os.forkpty,
    "clone": lambda: cloned(17),
    "clone without a signal": lambda: cloned(0),
    "clone to the grandparent": lambda: cloned(0x8000 | 17),
    "clone into namespaces": lambda: cloned(NEW_NAMESPACES | 17),
    "vfork": lambda: cloned(0x4100 | 17),
    "threads": lambda: [threading.Thread(target=spin, daemon=True).start() for _ in range(8)],
    "sleeping threads": lambda: [threading.Thread(target=time.sleep, args=(1000,)).start() for _ in range(16)],
    "deaf": lambda: [signal.signal(each, signal.SIG_IGN) for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)],
    "closed": lambda: os.closerange(0, 3),
}

#: How it ends.
ENDS = {
    "return": lambda: None,
    "raise": lambda: 1 / 0,
    "leave": lambda: os._exit(0),
    "crash": lambda: ctypes.string_at(8),
    "hang up": lambda: [os.close(3), time.sleep(1000)],
    "sleep": lambda: time.sleep(1000),
    "spin": spin,
}


def method(universe, frames):
    """Try the ways in their order; `said` is what worked."""
    worked = []
    for name in order.WAYS:
        try:
            WAYS[name]()
            worked.append(name)
        except (OSError, RuntimeError):
            pass
    ENDS[order.END]()
    return {"said": worked}
