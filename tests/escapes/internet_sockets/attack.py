import socket

from tried import tried


def attack(universe):
    return tried(
        {
            "tcp": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
            "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
            "tcp over ipv6": lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM),
            "icmp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1),
        }
    )
