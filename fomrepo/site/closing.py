"""Files that users of this machine handed over are closed without waiting for their file systems.

To close a file is to ask its file system, and one that a program of an ordinary user plays (FUSE) may never answer. So
each is closed by a thread of its own. Whoever has several that do not close is not let in any more, before he can hand
over another one: the kernel drops a file that nobody takes off the socket without asking anybody.
"""

from __future__ import annotations

import os
import threading
from collections import Counter

from fomrepo.errors import SiteBusyError

#: Files of one user that may be about to close. Of a file system that answers, none is for longer than a moment.
CLOSING_LIMIT = 8


class Closing:
    """Closes files at one door."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: Counter[int] = Counter()

    def let_in(self, user: int) -> None:
        """See that a user's files close.

        Raises
        ------
        SiteBusyError
            If they do not.
        """
        if self._files[user] >= CLOSING_LIMIT:
            raise SiteBusyError(
                f"{CLOSING_LIMIT} files that you handed over do not close: their file systems do not answer",
                remedy="end the program that plays the file system (see mount), then run the command again",
            )

    def close(self, descriptor: int, user: int) -> None:
        """Close a file that a user handed over."""
        with self._lock:
            self._files[user] += 1
        threading.Thread(target=self._close, args=(descriptor, user), name="close-handed-file", daemon=True).start()

    def _close(self, descriptor: int, user: int) -> None:
        try:
            os.close(descriptor)
        finally:
            with self._lock:
                self._files[user] -= 1
