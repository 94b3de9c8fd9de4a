import ctypes
import socket

from tried import libc, tried


def on_the_socket(call):
    ctypes.set_errno(0)
    if call(3, ctypes.create_string_buffer(1), ctypes.c_size_t(1), socket.MSG_OOB) == -1:
        raise OSError(ctypes.get_errno(), "out of band")


def attack(universe):
    return tried(
        {
            "on a pair": lambda: socket.socketpair()[0].send(b"x", socket.MSG_OOB),
            "send": lambda: on_the_socket(libc.send),
            "receive": lambda: on_the_socket(libc.recv),
        }
    )
