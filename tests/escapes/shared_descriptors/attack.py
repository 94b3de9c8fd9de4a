import fcntl
import os

from tried import tried

MARK = os.O_NONBLOCK | os.O_APPEND


def leave_mark(number):
    before = fcntl.fcntl(number, fcntl.F_GETFL)
    fcntl.fcntl(number, fcntl.F_SETFL, before | MARK)
    if before & MARK:
        return "the mark of an earlier run"
    os.lseek(number, 7, os.SEEK_SET)
    raise PermissionError(1, "nobody has been here")


def attack(universe):
    if universe is None:  # the control: two runs that inherit one file
        leave = os.open(os.__file__, os.O_RDONLY)
        tried({"first": lambda: leave_mark(leave)})
        return tried({"input": lambda: leave_mark(leave)})
    return tried({"input": lambda: leave_mark(0)})
