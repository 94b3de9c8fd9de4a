import os

from tried import tried

FLAGS = {
    "path": os.O_PATH,
    "write": os.O_WRONLY,
    "read and write": os.O_RDWR,
    "neither": 3,
    "create": os.O_CREAT,
    "create anew": os.O_CREAT | os.O_EXCL,
    "truncate": os.O_TRUNC,
    "append": os.O_APPEND,
    "synchronous": os.O_SYNC,
    "asynchronous": os.O_ASYNC,
    "unnamed": os.O_TMPFILE | os.O_RDWR,
    "high bit": 1 << 30,
}


def attack(universe):
    return tried(
        {
            f"{name}": lambda flags=flags, path=path: os.open(path, flags)
            for name, flags in FLAGS.items()
            for path in ("/tmp" if name == "unnamed" else os.__file__,)
        }
    )
