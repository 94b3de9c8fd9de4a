import ctypes

from tried import libc, tried


def call(number):
    ctypes.set_errno(0)
    if libc.syscall(ctypes.c_long(number), *[ctypes.c_long(0)] * 6) == -1:
        raise OSError(ctypes.get_errno(), str(number))


def attack(universe):
    return tried({f"call {number}": lambda number=number: call(number) for number in range(440, 560)})
