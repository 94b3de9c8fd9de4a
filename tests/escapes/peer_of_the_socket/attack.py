import socket

from tried import syscall, tried

OPTIONS = {
    "who": 17,
    "which label": 31,
    "which memory": 55,
    "which number": 57,
    "which groups": 59,
    "which process": 77,
}


def attack(universe):
    pair = [socket.socketpair()[0].detach()] if universe is None else []  # the control has no site to ask
    number = pair[0] if pair else 3
    return tried(
        {
            name: lambda option=option: syscall(
                "getsockopt", number, 1, option, bytes(4096), (256).to_bytes(4, "little")
            )
            for name, option in OPTIONS.items()
        }
        | {"name": lambda: syscall("getsockname", number, bytes(128), (128).to_bytes(4, "little"))}
    )
