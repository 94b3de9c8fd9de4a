import mmap
import os

from tried import syscall, tried

DATA = "/in/universe.structure.pdb"


def attack(universe):
    return tried(
        {
            "open for writing": lambda: open(DATA, "r+b"),
            "append": lambda: open(DATA, "ab"),
            "truncate": lambda: os.truncate(DATA, 0),
            "remove": lambda: os.remove(DATA),
            "rename": lambda: os.rename(DATA, DATA + ".old"),
            "link": lambda: os.link(DATA, "/tmp/link"),
            "mode": lambda: os.chmod(DATA, 0o777),
            "owner": lambda: os.chown(DATA, 65534, 65534),
            "times": lambda: os.utime(DATA),
            "attribute": lambda: os.setxattr(DATA, "user.x", b"x"),
            "mapping": lambda: mmap.mmap(os.open(DATA, os.O_RDONLY), 0, mmap.MAP_SHARED, mmap.PROT_WRITE),
            "hole": lambda: syscall("fallocate", os.open(DATA, os.O_RDONLY), 3, 0, 1),
            "neighbour": lambda: open("/in/more", "wb"),
        }
    )
