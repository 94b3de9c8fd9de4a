import socket

from tried import tried


def attack(universe):
    return tried(
        {
            "stream": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
            "datagram": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM),
            "abstract name": lambda: socket.socket(socket.AF_UNIX).bind("\0fomrepo-escape"),
            "pair": socket.socketpair,
        }
    )
