"""Several files at once onto this disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from fomrepo.client.download import DownloadProgress

if TYPE_CHECKING:
    from fomrepo.client.remote_file import RemoteFile

#: Files that are fetched at the same time: one stream seldom fills a line, and more of them only share it.
AT_ONCE = 4

#: Called with files done, bytes done and bytes in all.
FilesProgress: TypeAlias = Callable[[int, int, int], None]


class _StoppedError(Exception):
    """The others need not go on."""


def fetch_several(
    files: Sequence[RemoteFile],
    fetch: Callable[[RemoteFile, DownloadProgress], Path],
    *,
    progress: FilesProgress | None = None,
    at_once: int = AT_ONCE,
) -> list[Path]:
    """Fetch files side by side; where each one is, in their order.

    If one fails, the others are fetched all the same, and then the failure is raised. Ctrl-C interrupts all at their
    next bytes; what came so far is kept.

    Parameters
    ----------
    files
        What to fetch.
    fetch
        Fetches one: called with the file and what hears of its bytes.
    progress
        Hears of all of them; one call at a time.
    at_once
        How many at the same time.
    """
    stopped, lock = threading.Event(), threading.Lock()
    done = dict.fromkeys(range(len(files)), 0)
    total, finished = sum(file.size for file in files), 0

    def one(number: int) -> Path:
        nonlocal finished

        def heard(here: int, _: int) -> None:
            if stopped.is_set():
                raise _StoppedError
            tell(number, here)

        path = fetch(files[number], heard)
        with lock:
            finished += 1
        tell(number, files[number].size)
        return path

    def tell(number: int, here: int) -> None:
        with lock:
            done[number] = here
            if progress is not None:
                progress(finished, sum(done.values()), total)

    pool = ThreadPoolExecutor(at_once, thread_name_prefix="fomrepo-fetch")
    try:
        futures = [pool.submit(one, number) for number in range(len(files))]
        wait(futures)
        return [future.result() for future in futures]
    except BaseException:
        stopped.set()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
