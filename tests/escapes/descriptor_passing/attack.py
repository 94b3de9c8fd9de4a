from tried import syscall, tried


def attack(universe):
    return tried(
        {
            "send": lambda: syscall("sendmsg", 3, 0, 0),
            "receive": lambda: syscall("recvmsg", 3, 0, 0),
            "send many": lambda: syscall("sendmmsg", 3, 0, 0, 0),
        }
    )
