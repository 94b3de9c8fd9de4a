"""Golden cases run at sites: of a method of one's own, and of published ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fomrepo.client.bundle_folder import read_folder
from fomrepo.client.connection import ANSWER_S, Connection
from fomrepo.client.tracebacks import short_tracebacks
from fomrepo.errors import CancelledError, NotFoundError, OutcomeRefusedError
from fomrepo.model.gate_report import GateReport
from fomrepo.model.health import MethodHealth
from fomrepo.wire.checks import health_from_wire
from fomrepo.wire.failures import failure_from_wire
from fomrepo.wire.methods import bundle_to_wire
from fomrepo.wire.v1 import checks_pb2, sites_pb2

#: Longest wait in one request, so that somebody who looks on sees the cases pass.
LOOK_S = 2.0

#: Told how many golden cases are done, how many there are, and which one is next.
Progress = Callable[[int, int, str], None]


class Checks:
    """Tests of methods at sites: ``repo.checks``. Any site does, unless one is named.

    Examples
    --------
    >>> repo.checks.test("my_method").passed                   # doctest: +SKIP
    True
    >>> repo.checks.verify("rmsd", at_site="site-b").passed    # doctest: +SKIP
    True
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @short_tracebacks
    def test(
        self, folder: str | Path, *, at_site: str | None = None, progress: Progress = lambda *_: None
    ) -> GateReport:
        """Run the gate on the method in a folder, at a site: the same sandbox and limits as for everybody's calls.

        Parameters
        ----------
        folder
            The bundle: method.toml, its modules, its golden cases.
        at_site
            Name of a site; the one that answers first if None.
        progress
            Called now and then.
        """
        request = checks_pb2.TestMethodRequest(bundle=bundle_to_wire(read_folder(Path(folder)).files))
        with self._at(at_site) as site:
            return _report(site, site.ask(lambda one: one.checks.TestMethod, request), progress)

    @short_tracebacks
    def verify(
        self,
        method: str,
        version: str | None = None,
        *,
        at_site: str | None = None,
        progress: Progress = lambda *_: None,
    ) -> GateReport:
        """Run the golden cases of a published method at a site; the verdict is kept for all to see."""
        request = checks_pb2.VerifyMethodRequest(method=method, version=version or "")
        with self._at(at_site) as site:
            return _report(site, site.ask(lambda one: one.checks.VerifyMethod, request), progress)

    @short_tracebacks
    def health(self) -> list[MethodHealth]:
        """What each site found last of each published method."""
        reply = self._connection.ask(lambda one: one.checks.ListHealth, checks_pb2.ListHealthRequest())
        return [health_from_wire(one) for one in reply.verdicts]

    @contextmanager
    def _at(self, name: str | None) -> Iterator[Connection]:
        """Connect to one site alone: a check is known to no other one."""
        sites = self._connection.ask(lambda one: one.sites.ListSites, sites_pb2.ListSitesRequest()).sites
        addresses = {one.name: one.address for one in sites}
        if name is not None and name not in addresses:
            raise NotFoundError(f"there is no site {name!r}", remedy=f"there are: {', '.join(addresses)}")
        only = self._connection.only(self._connection.address if name is None else addresses[name])
        try:
            yield only
        finally:
            only.close()


def _report(site: Connection, reply: checks_pb2.CheckReply, progress: Progress) -> GateReport:
    """Wait until a check has ended; Ctrl-C ends it at the site, too."""
    try:
        while not reply.ended:
            progress(reply.done, reply.total, reply.step)
            wait = checks_pb2.WaitForCheckRequest(check=reply.check, wait_s=LOOK_S)
            reply = site.ask(lambda one: one.checks.WaitForCheck, wait, deadline_s=LOOK_S + ANSWER_S)
    except KeyboardInterrupt:
        site.ask(lambda one: one.checks.CancelCheck, checks_pb2.CancelCheckRequest(check=reply.check))
        raise CancelledError("the check was cancelled") from None
    if reply.HasField("failure"):
        raise failure_from_wire(reply.failure)
    try:
        return GateReport.from_json(reply.report_json)
    except (ValueError, TypeError, KeyError) as error:
        raise OutcomeRefusedError(f"{reply.site} sent no report that can be read: {error}") from None
