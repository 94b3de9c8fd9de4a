import socket

from tried import tried


def attack(universe):
    return tried(
        {
            "route": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
            "audit": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9),
            "interfaces": socket.if_nameindex,
        }
    )
