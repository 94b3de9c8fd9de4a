import os

from tried import syscall, tried


def control(command, argument, path=os.__file__):
    return syscall("ioctl", os.open(path, os.O_RDONLY), command, argument)


def attack(universe):
    return tried(
        {
            "extents": lambda: control(0xC020660B, bytes(16) + b"\x01" + bytes(47)),
            "blocks": lambda: control(1, bytes(8)),
            "flags": lambda: control(0x80086601, bytes(8)),
            "set flags": lambda: control(0x40086602, bytes(8)),
            "version": lambda: control(0x80087601, bytes(8)),
            "project": lambda: control(0x801C581F, bytes(28)),
            "label": lambda: control(0x81009431, bytes(256)),
            "clone": lambda: control(0x40049409, 1),
            "freeze": lambda: control(0xC0045877, bytes(8), "/"),
            "trim": lambda: control(0xC0185879, bytes(24), "/"),
            "verity": lambda: control(0xC0046686, bytes(64)),
        }
    )
