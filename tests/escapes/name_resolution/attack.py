import socket

from tried import tried


def resolve(name):
    try:
        return socket.getaddrinfo(name, 80)
    except socket.gaierror as error:
        raise PermissionError(1, str(error)) from None


def attack(universe):
    return tried(
        {
            "resolve": lambda: resolve("leak.example.org"),
            "resolver file": lambda: open("/etc/resolv.conf").read(),
            "hosts file": lambda: open("/etc/hosts").read(),
        }
    )
