import socket

from tried import tried


def attack(universe):
    return tried(
        {
            "packet": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x0300),
            "raw ip": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 6),
        }
    )
