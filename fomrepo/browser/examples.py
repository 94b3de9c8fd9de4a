"""One example of each method on its page: run once on a small published file, and kept as a picture.

A visitor chooses nothing: file and arguments follow from what is published and from the method's golden cases, so that
all visitors together make one run of each version of a method.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Any

from fomrepo.browser.answer_view import table_of
from fomrepo.browser.figures import SCHEMES, figures_of, png_of
from fomrepo.browser.listed import Listed
from fomrepo.browser.method_view import PapersShelf, cases_of
from fomrepo.browser.shelf import Shelf
from fomrepo.browser.snippets import Asked
from fomrepo.client.registry import PublishedMethod
from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.remote_methods import fits
from fomrepo.client.repository import Repository
from fomrepo.client.results.result import Result
from fomrepo.errors import CallerError, DataError, FomrepoError, MethodError

#: Frames that an example uses at most, evenly chosen; and the largest system that one is made of.
FRAMES_LIMIT, ATOMS_LIMIT = 100, 60_000
#: Records that are tried, the smallest first, and lists of arguments for each.
RECORDS_LIMIT, ARGUMENTS_LIMIT = 3, 3
#: Runs at the same time, and examples that wait for them.
RUNS, WAITING_LIMIT = 1, 60
#: How long a page waits for an example that is nearly there, in seconds.
PATIENCE_S = 0.3

#: After this long it is tried again, in seconds: something that fits may have been published.
RETRY_S = 600.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Example:
    """A call that anybody can make again, and what it gave."""

    asked: Asked
    #: Sentence below the picture; empty where there is no picture.
    caption: str
    #: Picture by the scheme of colours and whether it is for a narrow screen; empty where there is nothing to draw.
    pictures: Mapping[tuple[str, bool], bytes]
    #: First rows, for what is no picture; None where there are none.
    table: Mapping[str, Any] | None
    #: The result as ``print`` shows it.
    text: str


class Examples:
    """Makes examples in a thread of its own, and keeps them by the digest of the method.

    Parameters
    ----------
    visitor
        Client of a principal who is a member of no project.
    shelf
        What is published.
    papers
        What methods are made of.
    """

    def __init__(self, visitor: Repository, shelf: Shelf, papers: PapersShelf) -> None:
        self._visitor, self._shelf, self._papers = visitor, shelf, papers
        self._pool = ThreadPoolExecutor(RUNS, thread_name_prefix="fomrepo-example")
        self._lock = threading.Lock()
        self._futures: dict[str, Future[Example | None]] = {}
        #: When methods had no example, by the monotonic clock.
        self._none: dict[str, float] = {}

    def example(self, name: str, version: str | None) -> tuple[Example | None, bool]:
        """Give the example of a method, and whether it is still being made; None if there is none."""
        method = self._visitor.method(name, version)
        with self._lock:
            if time.monotonic() - self._none.get(method.digest, -RETRY_S) < RETRY_S:
                return None, False
            future = self._futures.get(method.digest)
            if future is None:
                if sum(not one.done() for one in self._futures.values()) >= WAITING_LIMIT:
                    return None, True
                future = self._futures[method.digest] = self._pool.submit(self._made, method)
        try:
            found = future.result(timeout=PATIENCE_S)
        except TimeoutError:
            return None, True
        except FomrepoError as error:  # a site that is away
            _log.info("there is no example of %s: %s", name, error)
            found = None
        if found is None:
            with self._lock:
                self._futures.pop(method.digest, None)
                self._none[method.digest] = time.monotonic()
        return found, False

    def end(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _made(self, method: PublishedMethod) -> Example | None:
        for file in self._files(method):
            for arguments in self._arguments(method):
                try:
                    return _run(file, method, arguments)
                except (CallerError, DataError, MethodError) as error:  # it is not about this file
                    _log.info("%s of %s is no example: %s", method.schema.name, file.name, error)
        return None

    def _files(self, method: PublishedMethod) -> Iterator[RemoteFile]:
        """Published files that the method takes, of the smallest records."""
        name = method.schema.name
        able = [one for one in self._shelf.catalogue.records if name in one.facets.get("method", ())]
        for one in sorted(filter(_is_small, able), key=_cost)[:RECORDS_LIMIT]:
            yield from (file for file in [*self._visitor[one.versioned]][::-1] if fits(method.schema, file))

    def _arguments(self, method: PublishedMethod) -> Iterator[dict[str, Any]]:
        """Arguments that show something: none if none are needed, else those of golden cases."""
        schema = method.schema
        if not any(one.required for one in schema.parameters):
            yield {}
        papers = self._papers.papers(self._visitor, schema.name, schema.version)
        given = [dict(one.arguments) for one in cases_of(papers) if not one.fails]
        yield from [one for n, one in enumerate(given) if one and one not in given[:n]][:ARGUMENTS_LIMIT]


def _run(file: RemoteFile, method: PublishedMethod, arguments: dict[str, Any]) -> Example:
    schema = method.schema
    if schema.has_frames and (file.n_frames or 0) > FRAMES_LIMIT:
        arguments = {**arguments, "step": -(-(file.n_frames or 0) // FRAMES_LIMIT)}
    others = tuple(f"{file.record.versioned}/{file.name}" for _ in schema.inputs[1:])
    result: Result = file.methods[schema.name, schema.version](*(file for _ in others), **arguments)
    asked = Asked(file.record.versioned, file.name, schema.name, schema.version, others, arguments)
    figures = figures_of(result)
    chosen = next((one for one in figures if one.name in ("pairs", "ramachandran", "covariance")), (*figures, None)[0])
    looks = product(SCHEMES, (False, True))
    pictures = {} if chosen is None else {one: png_of(chosen, one[0], narrow=one[1]) for one in looks}
    table = table_of(result) if chosen is None else None
    return Example(asked, "" if chosen is None else chosen.caption, pictures, table, str(result))


def _is_small(one: Listed) -> bool:
    return one.n_atoms <= ATOMS_LIMIT


def _cost(one: Listed) -> tuple[float, str]:
    """What a run over a record comes to, in atoms times frames; a record without frames shows least."""
    frames = min(FRAMES_LIMIT, max((each.n_frames for each in one.trajectories), default=0))
    return (one.n_atoms * frames if frames > 1 else float("inf")), one.accession
