"""Index of words: which rows hold a word or a phrase. Rows are only added; who needs others makes a new index."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from itertools import islice

import numpy as np
from numpy.typing import NDArray

#: Texts that are added before somebody who searches has a turn.
AT_ONCE = 100


class Texts:
    """Texts by number, from 0 on, in the memory of this process; the texts themselves are not kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._index = sqlite3.connect(":memory:", check_same_thread=False)  # one at a time, under the lock
        self._index.execute(
            "CREATE VIRTUAL TABLE texts USING fts5("
            "words, content='', prefix='1 2', tokenize='unicode61 remove_diacritics 2')"
        )
        self._count = 0

    def add(self, texts: Iterable[str]) -> NDArray[np.intp]:
        """Add texts, from one thread at a time; returns their numbers, shape (text,)."""
        first, coming = self._count, iter(texts)
        while some := [(self._count + number, one) for number, one in enumerate(islice(coming, AT_ONCE))]:
            with self._lock:
                self._index.executemany("INSERT INTO texts (rowid, words) VALUES (?, ?)", some)
            self._count += len(some)
        return np.arange(first, self._count)

    def having(self, phrase: str, may_go_on: bool) -> NDArray[np.intp]:
        """Numbers of the texts that hold a phrase; its last word may go on, if that is said."""
        quoted = '"' + phrase.replace('"', " ").replace("\0", " ") + '"' + ("*" if may_go_on else "")
        with self._lock:
            rows = self._index.execute("SELECT rowid FROM texts WHERE texts MATCH ?", (quoted,)).fetchall()
        return np.fromiter((row for (row,) in rows), np.intp, len(rows))
