"""Programs of one user take turns: the second one waits, and finds what the first one fetched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Folder of what can be fetched again: ``FOMREPO_CACHE``, else that of the user's caches."""
    named = os.environ.get("FOMREPO_CACHE") or platformdirs.user_cache_dir("fomrepo")
    return Path(named).expanduser().absolute()


@contextmanager
def in_turn(folder: Path, kind: str, name: str, *, wait: bool = True) -> Iterator[bool]:
    """Wait until nobody else does the same, and keep others from it; gives whether it is our turn.

    Where the folder cannot be written, or its file system has no locks, nobody is kept from anything. Who takes turns
    at several things must take their kinds in the same order.

    Parameters
    ----------
    folder
        Of the cache.
    kind
        Of things: ``content`` before ``download``.
    name
        Which of them. Those of a kind share 4,096 locks, so that the files of locks need no cleaning.
    wait
        If it is somebody else's turn: whether to wait, or to give False at once.
    """
    from filelock import FileLock, Timeout

    path = folder / "locks" / f"{kind}-{sha256(name.encode()).hexdigest()[:3]}.lock"
    with ExitStack() as held:
        turn = True
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                held.enter_context(FileLock(path, timeout=-1 if wait else 0))
            except Timeout:
                turn = False
        yield turn
