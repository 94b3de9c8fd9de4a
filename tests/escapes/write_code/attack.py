import os
import sys

from tried import tried


def attack(universe):
    return tried(
        {
            "harness": lambda: open("/harness/sandbox/start.py", "ab"),
            "harness module": lambda: open("/harness/sandbox/extra.py", "wb"),
            "filter": lambda: open("/harness/second-filter.bpf", "r+b"),
            "package": lambda: open("/env/numpy/__init__.py", "ab"),
            "byte code": lambda: open("/env/numpy/__pycache__/x.pyc", "wb"),
            "bundle": lambda: open("/method/attack.py", "ab"),
            "library": lambda: open(os.__file__, "ab"),
            "interpreter": lambda: open(sys.executable, "r+b"),
            "root": lambda: open("/x", "wb"),
            "device folder": lambda: open("/dev/x", "wb"),
            "folder": lambda: os.mkdir("/tmp/x"),
            "symbolic link": lambda: os.symlink("/in", "/tmp/x"),
            "device": lambda: os.mknod("/tmp/x", 0o60600, 0x0100),
            "pipe": lambda: os.mkfifo("/tmp/x"),
        }
    )
