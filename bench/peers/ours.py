"""fomrepo itself, as its users use it: a client that is connected to a site."""

from __future__ import annotations

import functools
import shutil
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import fomrepo
from bench.peers.work import Work
from bench.places import METHODS, ROOT
from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.repository import Repository
from fomrepo.client.results.result import Result

#: Where the step of the first frame stands in an XTC: four bytes that no analysis looks at.
XTC_STEP = 8

#: From a deposit to the first call on it; people take longer. A site at rest has its spare sandbox by then.
REST_S = 3.0

ANALYSES = ("rmsd", "rmsf", "radius_of_gyration")


@contextmanager
def opened(setup: Mapping[str, Any]) -> Iterator[dict[str, Work]]:
    """Connect, and give the works of the bench whose files the setup names."""
    with fomrepo.connect(setup["address"], token=setup["token"], ca=setup["ca"]) as repo:
        works: dict[str, Work] = {}
        if "adk" in setup:
            works |= _calls(repo, repo.file(setup["adk"]))
        if "long" in setup:
            works |= _analyses(repo, repo.file(setup["long"]), setup["fresh"])
        if "large" in setup:
            works |= _transfers(repo.file(setup["large"]), setup)
        yield works


def _calls(repo: Repository, adk: RemoteFile) -> dict[str, Work]:
    """Calls on 98 frames: each once uncached, once from the cache, once as an unreviewed draft, which runs cold."""
    n_frames = adk.n_frames or 0
    draft = repo.try_draft
    null, megabyte, rmsd = METHODS / "null_call", METHODS / "megabyte", ROOT / "methods" / "rmsd"
    return {
        "null": Work(lambda n: uncached(adk.null_call(salt=float(n)))),
        "null_cached": cached(lambda: adk.null_call(salt=-1.0)),
        "null_cold": Work(lambda n: draft(null, adk, salt=float(n))),
        "megabyte": Work(lambda n: uncached(adk.megabyte(salt=float(n))).values),
        "megabyte_cached": cached(lambda: adk.megabyte(salt=-1.0)),
        "megabyte_cold": Work(lambda n: draft(megabyte, adk, salt=float(n)).values),
        "rmsd_1": Work(lambda n: uncached(adk.rmsd(**one_frame(n, n_frames))).rmsd),
        "rmsd_1_cached": cached(lambda: adk.rmsd(stop=1)),
        "rmsd_1_cold": Work(lambda n: draft(rmsd, adk, **one_frame(n, n_frames)).rmsd),
        # A stop beyond the end is the end: the same work, asked for in words that nobody has used.
        "rmsd_98": Work(lambda n: uncached(adk.rmsd(stop=n_frames + 1 + n)).rmsd),
        "rmsd_98_cached": cached(lambda: adk.rmsd()),
        "rmsd_98_cold": Work(lambda n: draft(rmsd, adk).rmsd),
        "close_pairs": Work(lambda n: uncached(adk.close_pairs(salt=float(n))).close_pairs),
    }


def one_frame(number: int, n_frames: int) -> dict[str, Any]:
    """Arguments that ask for one frame and differ from number to number."""
    frame = number % n_frames
    return {"start": frame, "stop": frame + 1, "ref_frame": number // n_frames % n_frames}


def _analyses(repo: Repository, long: RemoteFile, fresh: Mapping[str, str]) -> dict[str, Work]:
    """Each analysis on the file in use, and as the first call on a file that was deposited just before."""
    works = {}
    for name in ANALYSES:
        arrival = FreshDeposit(repo, fresh)
        works[name] = Work(partial(_analysed, lambda: long, name))
        works[f"{name}_first"] = Work(partial(_analysed, arrival.file, name), arrival.deposit)
    return works


def _analysed(file: Callable[[], RemoteFile], name: str, number: int) -> Any:
    """Call a method on all frames, in words that nobody has used; returns the field that is called like it."""
    traj = file()
    return getattr(uncached(getattr(traj, name)(stop=(traj.n_frames or 0) + 1 + number)), name)


class FreshDeposit:
    """Deposits the same trajectory again and again, each time with another step number in its first frame.

    To the site these are bytes that it has never seen; to an analysis they are the same.
    """

    def __init__(self, repo: Repository, fresh: Mapping[str, str]) -> None:
        self._repo = repo
        self._topology = Path(fresh["topology"])
        self._source, self._folder = Path(fresh["trajectory"]), Path(fresh["folder"])
        self._file: RemoteFile

    def file(self) -> RemoteFile:
        """What was deposited last."""
        return self._file

    def deposit(self, number: int) -> None:
        """Make new bytes and deposit them."""
        copy = self._folder / f"fresh-{number}.xtc"
        shutil.copy(self._source, copy)
        with copy.open("r+b") as content:
            content.seek(XTC_STEP)
            content.write(struct.pack(">i", number + 1))
        record = self._repo.deposit(self._topology, copy, title=f"Adenylate kinase again, {number}")
        copy.unlink()
        self._file = record[copy.name]
        time.sleep(REST_S)


def _transfers(large: RemoteFile, setup: Mapping[str, Any]) -> dict[str, Work]:
    """Download a file, and a result that is in the cache."""
    target = Path(setup["target"])
    return {
        "file": Work(lambda n: large.download(target), lambda n: target.unlink(missing_ok=True)),
        "result": cached(lambda: large.many_numbers(mebibytes=setup["mebibytes"])),
    }


def cached(call: Callable[[], Result]) -> Work:
    """Answer from the cache: computed once before, off the clock."""

    def from_cache(number: int) -> Result:
        result = call()
        if not result.cached:
            raise RuntimeError(f"{result.method} was not answered from the cache")
        for value in result.to_dict().values():
            np.asarray(value)  # a large one is at the site until somebody asks for it
        return result

    compute_once = functools.cache(call)
    return Work(from_cache, lambda number: compute_once())


def uncached(result: Result) -> Result:
    """Make sure that a result was computed for this call.

    Raises
    ------
    RuntimeError
        If it came from the cache.
    """
    if result.cached:
        raise RuntimeError(f"{result.method} was answered from the cache")
    return result
