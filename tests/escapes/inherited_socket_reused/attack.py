import os
import socket

from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "connect": lambda: syscall("connect", 3, b"\x01\0/x", 4),
            "bind": lambda: syscall("bind", 3, b"\x01\0/x", 4),
            "listen": lambda: syscall("listen", 3, 1),
            "accept": lambda: syscall("accept4", 3, 0, 0, 0),
            "accept by Python": lambda: socket.socket(fileno=os.dup(3)).accept(),
        }
    )
