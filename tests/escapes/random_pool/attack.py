import os

from tried import syscall, tried


def pool(command, argument):
    return syscall("ioctl", os.open("/dev/urandom", os.O_RDONLY), command, argument)


def attack(universe):
    return tried(
        {
            "count": lambda: pool(0x80045200, bytes(8)),
            "add a count": lambda: pool(0x40045201, b"\x01\0\0\0"),
            "add": lambda: pool(0x40085203, bytes(16)),
            "clear": lambda: pool(0x5206, 0),
            "reseed": lambda: pool(0x5207, 0),
            "write": lambda: open("/dev/urandom", "wb"),
        }
    )
