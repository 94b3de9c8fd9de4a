import socket

from tried import tried


def attack(universe):
    return tried(
        {
            "vsock": lambda: socket.socket(40, socket.SOCK_STREAM),
        }
    )
