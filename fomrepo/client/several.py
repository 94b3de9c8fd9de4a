"""Several methods on one file, asked for together, so that the site reads its frames in one pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fomrepo.client.calls import Calls
from fomrepo.client.progress import watched
from fomrepo.client.remote_methods import Send, call_order, no_attribute
from fomrepo.client.results.result import Result
from fomrepo.client.unchanging import Unchanging
from fomrepo.errors import ArgumentError
from fomrepo.model.operations import CallOrder
from fomrepo.wire.calls import CALL_WAIT_S, TOGETHER_LIMIT
from fomrepo.wire.replies import Reply

if TYPE_CHECKING:
    from fomrepo.client.remote_file import RemoteFile


class Results(Unchanging, Mapping[str, Result]):
    """Results of several methods, by the methods' names: ``results["rmsd"]``, ``results.rmsd``.

    Each has its own provenance and is kept by the site as if its method had been called alone.
    """

    def __init__(self, results: Mapping[str, Result]) -> None:
        self._results = dict(results)
        self._made()

    def __getitem__(self, name: str) -> Result:
        return self._results[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._results)

    def __len__(self) -> int:
        return len(self._results)

    def __getattr__(self, name: str) -> Result:
        if name.startswith("_") or name not in self._results:
            raise no_attribute(self, name, list(self._results) if not name.startswith("_") else [])
        return self._results[name]

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._results})

    def __repr__(self) -> str:
        return "\n".join(map(repr, self._results.values()))

    def _repr_html_(self) -> str:
        return "".join(one._repr_html_() for one in self._results.values())


def run_several(
    file: RemoteFile, calls: Calls, methods: Mapping[str, Any], frames: Mapping[str, Any], *, verbose: bool
) -> Results:
    """Call methods on a file and wait for all of them.

    Parameters
    ----------
    file
        Their first input.
    calls
        Sends and follows them.
    methods
        Name of each -> its arguments.
    frames
        Choice of frames for those that have frames, unless their own arguments choose.
    verbose
        Whether to show a progress bar.

    Raises
    ------
    ArgumentError
        If an argument is wrong. Nothing was sent.
    FomrepoError
        What the first of them ended with that failed; the others go on, and their answers are kept.
    """
    if not methods:
        raise ArgumentError("run() was given no method", remedy='name some, such as run(rmsd={"select": "name CA"})')
    asked: dict[str, _Asked] = {}
    for name, arguments in methods.items():
        if not isinstance(arguments, Mapping):
            raise ArgumentError(f"{name}={arguments!r} are no arguments", remedy=f"give {name}={{}}, or a dict of them")
        method, send = file.methods.find(name)
        chosen = {**frames, **arguments} if method.schema.has_frames else arguments
        asked[name] = _Asked(call_order(method.schema, (file,), chosen)[0], method.digest, send)
    replies = _sent(calls, asked)
    results = {}
    for name, one in asked.items():
        if verbose:
            with watched(name) as on_reply:
                replies[name] = calls.until_final(replies[name], watched=True, on_reply=on_reply)
        results[name] = calls.outcome(calls.until_final(replies[name]), method_digest=one.digest)
    return Results(results)


@dataclass(frozen=True, slots=True)
class _Asked:
    order: CallOrder
    #: Digest that the method must have.
    digest: str
    #: Sends a call of a method that is attached to the file; None for a published one.
    send: Send | None


def _sent(calls: Calls, asked: Mapping[str, _Asked]) -> dict[str, Reply]:
    """Send all calls, those of published methods together."""
    replies = {name: one.send(one.order, wait_s=0.0) for name, one in asked.items() if one.send is not None}
    published = [name for name, one in asked.items() if one.send is None]
    for first in range(0, len(published), TOGETHER_LIMIT):
        names = published[first : first + TOGETHER_LIMIT]
        wait_s = CALL_WAIT_S if names[-1] == published[-1] else 0.0
        replies |= zip(names, calls.call_together([asked[name].order for name in names], wait_s=wait_s), strict=True)
    return replies
