import os

from tried import tried


def attack(universe):
    library = os.__file__
    return tried(
        {
            "list": lambda: os.listxattr(library),
            "read": lambda: os.getxattr(library, "security.selinux"),
            "write": lambda: os.setxattr(library, "user.fomrepo", b"x"),
            "remove": lambda: os.removexattr(library, "user.fomrepo"),
            "list by descriptor": lambda: os.listxattr(os.open(library, os.O_RDONLY)),
        }
    )
