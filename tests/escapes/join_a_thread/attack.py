import ctypes
import time


def attack(universe):
    libc = ctypes.CDLL(None)
    thread, began = ctypes.c_ulong(), time.monotonic()
    if libc.pthread_create(ctypes.byref(thread), None, libc.usleep, ctypes.c_void_p(50_000)) != 0:
        raise OSError("no thread")
    if libc.pthread_join(thread, None) != 0 or time.monotonic() - began < 0.05:
        raise OSError("not waited for")
    return {"gained": [], "refused": ["it was waited for"]}
