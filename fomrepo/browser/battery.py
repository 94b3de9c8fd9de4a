"""The few results that everybody is shown of published trajectories: a moving picture, and two plots beside it.

A visitor chooses nothing but the file: methods and arguments are fixed, so that visitors make at most this many runs of
each file, ever. Published bytes do not change, and neither does what was computed from them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.results.result import Result
from fomrepo.errors import MethodError, NotFoundError, SiteBusyError

#: Methods whose results are shown, with their own defaults.
PICTURE, PLOTS = "preview", ("rmsd", "radius_of_gyration")

#: Runs at the same time, and runs that wait for them.
RUNS, WAITING_LIMIT = 2, 40
#: Results that are kept; a moving picture has at most 5 MB.
KEPT = 24
#: How long a request waits for a run, in seconds; the page asks again.
PATIENCE_S = 2.0

_Key: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class StillRunning:
    """There is no result yet; to be asked for again."""


class Battery:
    """Runs these methods, and keeps their results."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(RUNS, thread_name_prefix="fomrepo-battery")
        self._lock = threading.Lock()
        self._futures: OrderedDict[_Key, Future[Result]] = OrderedDict()

    def result(self, file: RemoteFile, method: str) -> Result | StillRunning:
        """Give the result of a method of the battery on a file that everybody may see.

        Raises
        ------
        NotFoundError
            If the method is not one of these, or does not take this file.
        SiteBusyError
            If too many wait already.
        FomrepoError
            What the run raised.
        """
        if method not in (PICTURE, *PLOTS) or "trajectory" not in file.families:
            raise NotFoundError(f"there is no {method} of {file.name} to look at")
        key = (file.sha256, "" if file.topology is None else file.topology.sha256, method)
        with self._lock:
            future = self._futures.get(key)
            if future is None:
                if sum(not one.done() for one in self._futures.values()) >= WAITING_LIMIT:
                    raise SiteBusyError("many look at once; try again in a minute")
                future = self._futures[key] = self._pool.submit(file.methods[method])
            self._futures.move_to_end(key)
            ended = [one for one, each in self._futures.items() if each.done()]
            for one in ended[: max(0, len(ended) - KEPT)]:
                del self._futures[one]
        try:
            return future.result(timeout=PATIENCE_S)
        except TimeoutError:
            return StillRunning()
        except MethodError:
            raise  # it would fail again
        except BaseException:
            with self._lock:
                self._futures.pop(key, None)  # a site that is away now may be there the next time
            raise

    def end(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
