import os
import subprocess

from tried import syscall, tried


def system(command):
    if os.system(command) != 0:
        raise PermissionError(1, command)


def attack(universe):
    return tried(
        {
            "python": lambda: os.execv("/usr/bin/python3.11", ["python3.11", "-c", ""]),
            "shell": lambda: os.execv("/bin/sh", ["sh"]),
            "execveat": lambda: syscall("execveat", -100, b"/usr/bin/python3.11", 0, 0, 0),
            "subprocess": lambda: subprocess.run(["/bin/sh", "-c", "true"], check=True),
            "spawn": lambda: os.posix_spawn("/usr/bin/python3.11", ["python3.11"], {}),
            "system": lambda: system("true"),
        }
    )
