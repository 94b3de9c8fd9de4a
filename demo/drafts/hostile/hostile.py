"""A method that nobody would approve: it lists what it could do to the machine that runs it."""

import ctypes
import os
import socket
import subprocess


def hostile(universe, frames):
    """Try everything; what does not raise has worked."""
    deeds = {
        "read /etc/passwd": lambda: open("/etc/passwd").read(),
        "list the host's processes": lambda: os.listdir("/proc"),
        "list the home of root": lambda: os.listdir("/root"),
        "write a file": lambda: open("/tmp/left-behind", "w").write("x"),
        "change the data": lambda: open(universe.trajectory.filename, "r+b").write(b"x"),
        "start a shell": lambda: subprocess.run(["/bin/sh", "-c", "true"], check=True),
        "fork": lambda: os.fork(),
        "open a socket": lambda: socket.create_connection(("127.0.0.1", 22), timeout=1),
        "trace the parent": lambda: _call(101, 16, os.getppid(), 0, 0),
        "make a user namespace": lambda: _call(272, 0x10000000),
        "mount something": lambda: _call(165, b"none", b"/tmp", b"tmpfs", 0, 0),
        "ask for an io_uring": lambda: _call(425, 8, ctypes.create_string_buffer(120)),
        "open a keyring": lambda: _call(250, 0, -3, 1, 0, 0),
        "kill everything": lambda: os.kill(-1, 9),
    }
    worked = []
    for name, deed in deeds.items():
        try:
            deed()
        except BaseException:
            continue
        worked.append(name)
    return {"tried": len(deeds), "worked": worked}


def _call(number, *arguments):
    if ctypes.CDLL(None, use_errno=True).syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")
