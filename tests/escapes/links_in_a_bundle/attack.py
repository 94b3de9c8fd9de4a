import os

from tried import tried

HERE = os.path.dirname(__file__)


def attack(universe):
    return tried(
        {
            "absolute": lambda: open(os.path.join(HERE, "link-to-passwd"), "rb").read(1),
            "upwards": lambda: open(os.path.join(HERE, "link-upwards", "passwd"), "rb").read(1),
            "to proc": lambda: open(os.path.join(HERE, "link-to-proc"), "rb").read(1),
        }
    )
