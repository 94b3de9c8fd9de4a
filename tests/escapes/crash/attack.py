import ctypes


def attack(universe):
    return ctypes.string_at(8)
