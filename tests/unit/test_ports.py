"""Ports that processes keep: nobody gets one that another has, whether it listens there or not."""

from __future__ import annotations

import subprocess
import sys

from fomrepo.testing.ports import BLOCK, own_address

#: Says as many addresses as were asked for on one line, and its child's on another; both live until stdin ends.
PROGRAM = r"""
import os, sys
from fomrepo.testing.ports import own_address
own_address()
count = int(sys.argv[1]) if os.fork() else 1
os.write(1, (" ".join(own_address() for _ in range(count)) + "\n").encode())
sys.stdin.read()
"""


def test_no_port_is_given_twice() -> None:
    mine = [own_address()]
    command = [sys.executable, "-c", PROGRAM, str(BLOCK)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        others = [*other.stdout.readline().split(), *other.stdout.readline().split()]
        mine += [own_address() for _ in range(BLOCK)]
    assert len(others) == 1 + BLOCK
    assert len({*mine, *others}) == len(mine) + len(others)
