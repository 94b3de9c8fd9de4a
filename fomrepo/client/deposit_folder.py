"""The deposit of a folder: ``fomrepo.toml`` says of what, and each step can be done again and again.

1. ``push``: a draft is found or opened, brought to what the plan says, and the files that it lacks are sent, several at
   a time, or handed over at the door of a site on this machine. A link that drops is waited for; a kill of either side
   costs what was on its way.
2. ``check``: the site looks at what it has of the draft, which stays one.
3. ``submit``: what was refused by the check is told, and nothing happens; otherwise the draft becomes a record.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Any, TypeVar

from fomrepo.client.connection import Connection
from fomrepo.client.deposit_answers import CheckedFile, DepositStatus, FileProgress, Pushed, checked_file
from fomrepo.client.deposit_door import WIRE, bring_file
from fomrepo.client.deposit_draft import FolderDraft
from fomrepo.client.deposit_in_place import refuse_mixture, register_in_place
from fomrepo.client.deposit_send import LocalFile
from fomrepo.client.patience import PATIENCE_S, PAUSES_S, patiently
from fomrepo.client.planned_files import look_at_planned, read_plan
from fomrepo.errors import ArgumentError, ConflictError, DigestMismatchError, FomrepoError
from fomrepo.model.deposit_plan import PLAN_NAME
from fomrepo.model.deposits import DepositState
from fomrepo.wire.calls import CALL_WAIT_S
from fomrepo.wire.failures import failure_from_wire
from fomrepo.wire.v1 import deposits_pb2

T = TypeVar("T")

#: Files that are sent at the same time: two keep a processor of each side busy with encryption, a third hides pauses.
STREAMS = 3

#: Called with a file's name, the bytes that are done of it, and its size.
FileListener = Callable[[str, int, int], None]
#: Called with what a site is doing.
StepListener = Callable[[str], None]


class FolderDeposit:
    """The deposit of one folder.

    Parameters
    ----------
    connection
        To the federation.
    folder
        Holds the files, and ``fomrepo.toml``.
    at_site
        Site that shall take the bytes; the one that answers if None. An open draft stays where it is.
    patience_s
        How long a site that does not answer is waited for.
    wire
        Send over the wire, also to a site on this machine.
    """

    def __init__(
        self,
        connection: Connection,
        folder: Path,
        *,
        at_site: str | None = None,
        patience_s: float = PATIENCE_S,
        wire: bool = False,
    ) -> None:
        self._folder, self._patience_s, self._wire = folder, patience_s, wire
        #: What ``fomrepo.toml`` says.
        self.plan = read_plan(folder)
        #: The draft at the site that takes the bytes.
        self.draft = FolderDraft(connection, folder, self.plan, at_site)

    @property
    def site(self) -> str:
        """Name of the site that takes the bytes."""
        return self.draft.site

    def __enter__(self) -> FolderDeposit:
        return self

    def __exit__(self, *_: object) -> None:
        self.draft.connection.close()

    def push(self, *, streams: int = STREAMS, progress: FileListener | None = None) -> Pushed:
        """Send what the site lacks; if it lacks nothing, do nothing.

        Raises
        ------
        ArgumentError
            If a file is missing, or changes while it is sent.
        """
        self._need(*(["title"] if not self.plan.title else []))
        files = look_at_planned(self._folder, self.plan)
        total = sum(one.expected.size for one in files)
        deposit = self._patiently(lambda: self.draft.find_or_open(files))
        if deposit.state != DepositState.DRAFT:
            return Pushed(deposit.site, (), total, deposit.accession)
        abandon = f"fomrepo deposit abandon {quote(str(self._folder))}, then push it again"
        refuse_mixture(deposit, in_place=self.plan.in_place, remedy=abandon)
        if self.plan.in_place:
            return self._registered(deposit, files, progress or (lambda name, done, size: None))
        there = {one.name: one for one in deposit.uploads}
        lacking = [one for one in files if not there[one.expected.name].digest]
        tell = progress or (lambda name, done, size: None)
        for one in lacking:
            tell(one.expected.name, there[one.expected.name].received, one.expected.size)
        stop = threading.Event()
        with ThreadPoolExecutor(max(1, streams), thread_name_prefix="push") as pool:
            sending = [
                pool.submit(self._send, deposit.id, one, there[one.expected.name], tell, stop) for one in lacking
            ]
            try:
                ended, _ = wait(sending, return_when=FIRST_EXCEPTION)
                ways = [each.result() for each in ended]
            except BaseException:
                stop.set()
                for each in sending:
                    each.cancel()
                raise
        way = WIRE if WIRE in ways else max(ways, default="")
        return Pushed(deposit.site, tuple(one.expected.name for one in lacking), total, way=way)

    def _registered(self, deposit: deposits_pb2.Deposit, files: list[LocalFile], tell: FileListener) -> Pushed:
        """Have the files read where they lie, and remember them."""
        registered = register_in_place(
            self.draft.connection, deposit, files, tell=lambda step, done, total: tell("reading", done, total)
        )
        known = {one.expected.name: one for one in files}
        for one in registered:
            self.draft.note(known[one.name], one.sha256)
        return Pushed(
            deposit.site,
            tuple(one.name for one in registered),
            sum(one.expected.size for one in files),
            guards={one.name: one.guard for one in registered},
        )

    def check(self, *, step: StepListener | None = None) -> list[CheckedFile]:
        """Let the site look at what it has of the draft; in the order of the plan."""
        deposit = self._answered(lambda site: site.deposits.Check, step)
        found = [checked_file(one) for one in deposit.uploads]
        self.draft.memory.note_refusal(self._refusal_of(found))
        return found

    def submit(self, *, step: StepListener | None = None) -> str:
        """Make the draft a record; returns its accession with the version. Again: the same.

        Raises
        ------
        FileRefusedError
            If a file is not accepted; the draft stays, and the file can be replaced and pushed again.
        ArgumentError
            If something compulsory was not said.
        ConflictError
            If bytes are missing.
        """
        self._need(*self.plan.missing())
        deposit = self._patiently(lambda: self.draft.find_or_open(look_at_planned(self._folder, self.plan)))
        if deposit.state == DepositState.DRAFT:
            if lacking := [one.name for one in deposit.uploads if not one.digest]:
                raise ConflictError(
                    f"{deposit.site} does not have all of {', '.join(lacking[:3])}",
                    remedy=f"fomrepo deposit push {quote(str(self._folder))}",
                )
            if (refusal := self._refusal_of(self.check(step=step))) is not None:
                raise refusal
        deposit = self._answered(lambda site: site.deposits.Complete, step)
        if deposit.state == DepositState.QUARANTINED:
            raise failure_from_wire(deposit.refusal)
        if deposit.state == DepositState.ABANDONED:
            raise ArgumentError("this deposit was given up", remedy=f"fomrepo deposit push {quote(str(self._folder))}")
        self.draft.memory.write(replace(self.draft.memory.read(), accession=deposit.accession))
        return deposit.accession

    def status(self) -> DepositStatus:
        """How far it is; begins nothing."""
        deposit = self.draft.find()
        if deposit is None:
            return DepositStatus("none")
        files = tuple(
            FileProgress(one.name, one.size, one.received, bool(one.digest), one.guard, one.digest)
            for one in deposit.uploads
        )
        refusal = self.draft.memory.read().refusal if deposit.state == DepositState.DRAFT else None
        if deposit.HasField("refusal"):
            refusal = failure_from_wire(deposit.refusal)
        return DepositStatus(deposit.state, deposit.site, files, deposit.accession, refusal)

    def abandon(self) -> None:
        """Give the draft up; the site deletes its bytes, and the next push begins anew.

        Raises
        ------
        ConflictError
            If it is a record already.
        """
        self.draft.abandon()

    def _need(self, *missing: str) -> None:
        if missing:
            raise ArgumentError(
                f"{PLAN_NAME} does not say {', '.join(missing)}",
                remedy=f"write it there, or let it be asked for: fomrepo deposit init {quote(str(self._folder))}",
            )

    def _send(
        self,
        deposit: str,
        file: LocalFile,
        upload: deposits_pb2.Upload,
        tell: FileListener,
        stop: threading.Event,
    ) -> str:
        """Send one file, however often that is interrupted, and remember it; returns the way that it took."""
        name, size = file.expected.name, file.expected.size
        known = [upload]

        def attempt() -> tuple[str, str]:
            if not known:  # how much there is now, after what was known before has failed
                request = deposits_pb2.CompleteDepositRequest(deposit=deposit)
                now = self.draft.connection.ask(lambda site: site.deposits.Get, request)
                known.extend(one for one in now.uploads if one.name == name)
            there = known.pop() if known else deposits_pb2.Upload()
            if there.digest:
                return there.digest, ""
            return bring_file(
                self.draft.connection,
                deposit,
                file,
                there.received,
                tell=lambda done: tell(name, done, size),
                stop=stop,
                wire=self._wire,
            )

        try:
            digest, way = self._patiently(attempt, stop)
        except DigestMismatchError:  # what the site had was of other bytes, and is gone
            digest, way = self._patiently(attempt, stop)
        tell(name, size, size)
        self.draft.note(file, digest)
        return way

    def _answered(
        self, rpc: Callable[[Any], Any], step: StepListener | None, until: float = CALL_WAIT_S
    ) -> deposits_pb2.Deposit:
        """Ask again and again until the site has done it."""
        deposit = self.draft.memory.read().deposit
        request = deposits_pb2.CompleteDepositRequest(deposit=deposit, wait_s=until)
        while True:
            asked = time.monotonic()
            reply: deposits_pb2.Deposit = self._patiently(lambda: self.draft.connection.ask(rpc, request))
            done = reply.state not in (DepositState.DRAFT, DepositState.PROBING)
            if done or (reply.state == DepositState.DRAFT and not reply.step):
                return reply
            if step is not None:
                step(reply.step)
            if time.monotonic() - asked < PAUSES_S[0]:
                time.sleep(PAUSES_S[0])

    def _refusal_of(self, checked: Sequence[CheckedFile]) -> FomrepoError | None:
        """The first refusal, with a word about the others and about what to do."""
        refused = [one.refusal for one in checked if one.refusal is not None]
        if not refused:
            return None
        more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
        return type(refused[0])(
            f"{refused[0].message}{more}",
            remedy=f"{refused[0].remedy or 'replace the file'}; then: fomrepo deposit push {quote(str(self._folder))}",
            facts=refused[0].facts,
        )

    def _patiently(self, work: Callable[[], T], stop: threading.Event | None = None) -> T:
        return patiently(work, self._patience_s, stop)
