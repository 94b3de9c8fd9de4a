"""How the gate runs a guest: cold, in a fresh sandbox, under the limits that the method declares."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fomrepo.cache.store import ResultStore
from fomrepo.errors import CancelledError, SandboxUnavailableError
from fomrepo.isolation.environment import GuestEnvironment
from fomrepo.isolation.limits import RunLimits
from fomrepo.isolation.orders import InputFile, RunOrder, RunReport
from fomrepo.isolation.warden import Warden
from fomrepo.model.canonical import new_id
from fomrepo.model.methods import Bundle
from fomrepo.site.load import Claim

if TYPE_CHECKING:
    from fomrepo.site.parts import SiteParts


class GuestRunner(Protocol):
    """Runs one method once."""

    def environment(self, bundle: Bundle) -> GuestEnvironment:
        """Guest environment that a bundle names.

        Raises
        ------
        SiteError
            If there is none of that name.
        """

    def folder_of(self, bundle: Bundle) -> Path:
        """Folder on this machine that holds a bundle's files, as they are."""

    def run(
        self,
        bundle: Bundle,
        request: bytes,
        inputs: tuple[InputFile, ...],
        limits: RunLimits,
        *,
        following: Sequence[bytes] = (),
    ) -> AbstractContextManager[tuple[RunReport, Path]]:
        """Run it to its end; gives the report, and the outcome's file, which is gone after the ``with`` block.

        Parameters
        ----------
        bundle
            The method.
        request
            JSON of docs/guest-protocol.md.
        inputs
            All that it may read of the data.
        limits
            What it may use.
        following
            What it reads after its request: the containers of parts that it is to combine.

        Raises
        ------
        SandboxUnavailableError
            If this machine cannot sandbox.
        CancelledError
            If whoever asked has gone.
        """


@dataclass(frozen=True, slots=True)
class SandboxRunner:
    """Runs guests by a warden."""

    warden: Warden
    #: Gives the guest environment that a bundle names.
    choose: Callable[[Bundle], GuestEnvironment]
    #: Takes the outcomes.
    results: ResultStore
    #: Gives the folder that holds a bundle's files.
    unpack: Callable[[Bundle], Path]
    #: Waits until a run with so many bytes of memory may begin, and holds its place.
    admit: Callable[[int], AbstractContextManager[None]] = lambda _: nullcontext()
    cancelled: threading.Event = field(default_factory=threading.Event)

    def environment(self, bundle: Bundle) -> GuestEnvironment:
        """Guest environment that a bundle names."""
        return self.choose(bundle)

    def folder_of(self, bundle: Bundle) -> Path:
        """Folder on this machine that holds a bundle's files."""
        return self.unpack(bundle)

    @contextmanager
    def run(
        self,
        bundle: Bundle,
        request: bytes,
        inputs: tuple[InputFile, ...],
        limits: RunLimits,
        *,
        following: Sequence[bytes] = (),
    ) -> Iterator[tuple[RunReport, Path]]:
        """Run it to its end."""
        order = RunOrder(
            run_id=new_id(),
            task="method",
            environment=self.environment(bundle),
            method_folder=self.folder_of(bundle),
            inputs=inputs,
            limits=limits,
            request=request,
        )
        with self.results.new_blob() as (path, stream):
            try:
                with self.admit(limits.memory_bytes):
                    report = self.warden.run(
                        order, outcome=stream, cancelled=self.cancelled, following=following or None
                    )
            except SandboxUnavailableError:
                self._raise_if_cancelled(bundle)  # it was ended while its sandbox was being made
                raise
            self._raise_if_cancelled(bundle)
            stream.flush()
            yield report, path

    def _raise_if_cancelled(self, bundle: Bundle) -> None:
        if self.cancelled.is_set():
            raise CancelledError(f"the check of {bundle.schema.name} was cancelled")


def site_runner(site: SiteParts, *, principal: str, cancelled: threading.Event) -> SandboxRunner:
    """Runner of a site: its warden, its slots, shared fairly with the calls of others.

    Parameters
    ----------
    site
        Where it runs.
    principal
        Id of whoever asks; their share of the slots is used.
    cancelled
        Set it to end what runs.

    Raises
    ------
    SandboxUnavailableError
        If this machine cannot sandbox.
    """
    return SandboxRunner(
        site.need_warden(),
        site.environments.of,
        site.results,
        site.registry.folder_of,
        lambda memory_bytes: site.slots.one(Claim(principal, "", memory_bytes), cancelled),
        cancelled,
    )
