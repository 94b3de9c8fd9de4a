import ctypes
import os
import resource
import signal
import threading

from tried import libc, tried

MARK = "FOMREPO_MARK"
libc.getenv.restype = ctypes.c_char_p
libm = ctypes.CDLL("libm.so.6")
UPWARD = 0x800
OTHER_UPWARD = 0x400000  # on aarch64


def left(found, leave):
    leave()
    if not found:
        raise PermissionError(1, "nobody has been here")
    return found


def round_upward():
    if libm.fesetround(UPWARD) != 0:
        libm.fesetround(OTHER_UPWARD)


def open_more():
    for _ in range(3):
        os.dup(1)


def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def fewer_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (77, 77))


def once():
    return tried(
        {
            "environment": lambda: left(MARK in os.environ, lambda: os.environ.update({MARK: "1"})),
            "environment of C": lambda: left(libc.getenv(b"MARK"), lambda: libc.setenv(b"MARK", b"1", 1)),
            "signals": lambda: left(
                signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN,
                lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN),
            ),
            "masked signals": lambda: left(
                signal.SIGUSR2 in signal.pthread_sigmask(signal.SIG_BLOCK, []),
                lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2]),
            ),
            "rounding": lambda: left(libm.fegetround() not in (0,), round_upward),
            "limits": lambda: left(resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 77, fewer_files),
            "descriptors": lambda: left(is_open(5) and is_open(6), open_more),
            "threads": lambda: left(
                threading.active_count() > 1,
                lambda: threading.Thread(target=threading.Event().wait, daemon=True).start(),
            ),
        }
    )


def attack(universe):
    if universe is None:  # the control: two runs in one process
        once()
    return once()
