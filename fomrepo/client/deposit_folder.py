"""The deposit of a folder: ``fomrepo.toml`` says of what, and each step can be done again and again.

1. ``push``: a draft is found or opened, brought to what the plan says, and the files that it lacks are sent, several at
   a time, or handed over at the door of a site on this machine. A link that drops is waited for; a kill of either side
   costs what was on its way.
2. ``check``: the site looks at what it has of the draft, which stays one.
3. ``submit``: what was refused by the check is told, and nothing happens; otherwise the draft becomes a record.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from fomrepo.client.connection import Connection
from fomrepo.client.deposit_answers import CheckedFile, DepositStatus, FileProgress, Pushed, checked_file
from fomrepo.client.deposit_door import WIRE, bring_file
from fomrepo.client.deposit_in_place import refuse_mixture, register_in_place
from fomrepo.client.deposit_memory import MEMORY_NAME, DepositMemory, Remembered, SentFile
from fomrepo.client.deposit_send import LocalFile, digest_of_file
from fomrepo.client.planned_files import look_at_planned, read_plan
from fomrepo.errors import (
    ArgumentError,
    ConflictError,
    DigestMismatchError,
    FomrepoError,
    NetworkError,
    NotFoundError,
    SiteBusyError,
)
from fomrepo.model.canonical import canonical_json, sha256_hex
from fomrepo.model.deposit_plan import PLAN_NAME
from fomrepo.model.deposits import DepositState
from fomrepo.wire.calls import CALL_WAIT_S
from fomrepo.wire.failures import failure_from_wire
from fomrepo.wire.v1 import deposits_pb2, sites_pb2

T = TypeVar("T")

#: Files that are sent at the same time: two keep a processor of each side busy with encryption, a third hides pauses.
STREAMS = 3
#: How long a site that does not answer is asked again, since it last did: it may be starting anew.
PATIENCE_S = 120.0
#: Pauses between two attempts begin with the first and are doubled up to the second.
PAUSES_S = (0.2, 5.0)

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
        self.plan = read_plan(folder)
        identity = connection.ask(lambda site: site.sites.WhoAmI, sites_pb2.WhoAmIRequest())
        self._memory = DepositMemory(folder, f"{identity.federation}/{identity.principal}")
        self._target = (self.plan.project, self.plan.name, self.plan.new_version_of)
        wanted = self._memory.read().site or at_site or identity.site
        if at_site is not None and wanted != at_site:
            raise ArgumentError(
                f"the draft of {folder} lies at {wanted}, not at {at_site}",
                remedy=f"leave out --at, or give the draft up first: fomrepo deposit abandon {folder}",
            )
        listed = connection.ask(lambda site: site.sites.ListSites, sites_pb2.ListSitesRequest())
        self._addresses = {one.name: one.address for one in listed.sites} | {identity.site: connection.address}
        if wanted not in self._addresses:
            known = ", ".join(sorted(self._addresses))
            raise NotFoundError(f"no site is named {wanted!r}", remedy=f"name one of {known}")
        #: Site that takes the bytes.
        self.site = wanted
        self._connection = connection.only(self._addresses[wanted])

    def __enter__(self) -> FolderDeposit:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

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
        deposit = self._patiently(lambda: self._draft(files))
        if deposit.state != DepositState.DRAFT:
            return Pushed(deposit.site, (), total, deposit.accession)
        abandon = f"fomrepo deposit abandon {self._folder}, then push it again"
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
            self._connection, deposit, files, tell=lambda step, done, total: tell("reading", done, total)
        )
        known = {one.expected.name: one for one in files}
        for one in registered:
            file = known[one.name]
            self._memory.note(one.name, SentFile(file.expected.size, file.mtime_ns, one.sha256))
        return Pushed(
            deposit.site,
            tuple(one.name for one in registered),
            sum(one.expected.size for one in files),
            guards={one.name: one.guard for one in registered},
        )

    def check(self, *, step: StepListener | None = None) -> list[CheckedFile]:
        """Let the site look at what it has of the draft; in the order of the plan."""
        deposit = self._answered(lambda site: site.deposits.Check, step)
        return [checked_file(one) for one in deposit.uploads]

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
        deposit = self._patiently(lambda: self._draft(look_at_planned(self._folder, self.plan)))
        if deposit.state == DepositState.DRAFT:
            if lacking := [one.name for one in deposit.uploads if not one.digest]:
                raise ConflictError(
                    f"{deposit.site} does not have all of {', '.join(lacking[:3])}",
                    remedy=f"fomrepo deposit push {self._folder}",
                )
            refused = [one for one in self.check(step=step) if one.refusal is not None]
            if refused and refused[0].refusal is not None:
                raise _told_of(refused[0].refusal, len(refused), self._folder)
        deposit = self._answered(lambda site: site.deposits.Complete, step)
        if deposit.state == DepositState.QUARANTINED:
            raise failure_from_wire(deposit.refusal)
        if deposit.state == DepositState.ABANDONED:
            raise ArgumentError("this deposit was given up", remedy=f"fomrepo deposit push {self._folder}")
        self._memory.write(replace(self._memory.read(), accession=deposit.accession))
        return deposit.accession

    def status(self) -> DepositStatus:
        """How far it is; begins nothing."""
        deposit = self._remembered()
        if deposit is None:
            return DepositStatus("none")
        files = tuple(
            FileProgress(one.name, one.size, one.received, bool(one.digest), one.guard, one.digest)
            for one in deposit.uploads
        )
        refusal = failure_from_wire(deposit.refusal) if deposit.HasField("refusal") else None
        return DepositStatus(deposit.state, deposit.site, files, deposit.accession, refusal)

    def abandon(self) -> None:
        """Give the draft up; the site deletes its bytes, and the next push begins anew.

        Raises
        ------
        ConflictError
            If it is a record already.
        """
        if (deposit := self._remembered()) is not None:
            if not deposit.accession:
                request = deposits_pb2.CompleteDepositRequest(deposit=deposit.id)
                deposit = self._connection.ask(lambda site: site.deposits.Abandon, request)
            if deposit.accession:  # also if it has become one this very moment
                raise ConflictError(
                    f"{self._folder} is {deposit.accession} already",
                    remedy=f"take the record back: fomrepo withdraw {deposit.accession} --reason TEXT",
                )
        self._memory.write(Remembered())

    def _need(self, *missing: str) -> None:
        if missing:
            raise ArgumentError(
                f"{PLAN_NAME} does not say {', '.join(missing)}",
                remedy=f"write it there, or let it be asked for: fomrepo deposit init {self._folder}",
            )

    def _draft(self, files: list[LocalFile]) -> deposits_pb2.Deposit:
        """Find the draft, or open it, and bring it to what the plan says now."""
        deposit = self._remembered()
        if deposit is not None and self._memory.read().target != self._target:
            if deposit.state == DepositState.DRAFT:
                self.abandon()
            deposit = None
        while deposit is None or deposit.state in _ENDED:
            # Its key is used, so what comes after a draft that ended without a record needs another.
            request = self._beginning(files, after="" if deposit is None else deposit.id)
            deposit = self._connection.ask(lambda site: site.deposits.Begin, request)
            if deposit.site != self.site:  # the memory of the folder was lost, and another site answers today
                self._connection.close()
                self.site, self._connection = deposit.site, self._connection.only(self._addresses[deposit.site])
                deposit = self._connection.ask(lambda site: site.deposits.Begin, request)
            self._memory.write(Remembered(deposit.id, deposit.site, self._target, deposit.accession))
        if deposit.state != DepositState.DRAFT:
            self._compare(deposit, files)
            return deposit
        wanted = deposits_pb2.ReviseDepositRequest(
            deposit=deposit.id,
            title=self.plan.title,
            claims_json=canonical_json(self.plan.claims()).decode(),
            files=[self._to_come(one, self._digest_now(deposit, one)) for one in files],
        )
        if _says(deposit) == _says(wanted):
            return deposit
        return self._connection.ask(lambda site: site.deposits.Revise, wanted)

    def _compare(self, deposit: deposits_pb2.Deposit, files: list[LocalFile]) -> None:
        """Refuse to take files for deposited that are not."""
        there = {one.name: (one.size, one.digest) for one in deposit.uploads}
        here = {one.expected.name: (one.expected.size, self._digest_now(deposit, one)) for one in files}
        if here != there:
            changed = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
            accession = deposit.accession.partition(".")[0] or "FOM-..."
            raise ArgumentError(
                f"{self._folder} is deposited as {deposit.accession or 'a record'}; not so {', '.join(changed[:3])}",
                remedy=f'for a new version, write new_version_of = "{accession}" into {PLAN_NAME}; '
                f"for another record, remove {MEMORY_NAME} and give it another title",
            )

    def _beginning(self, files: list[LocalFile], *, after: str) -> deposits_pb2.BeginDepositRequest:
        project, name, new_version_of = self._target
        listed = [[one.expected.name, one.expected.size, one.expected.topology, one.mtime_ns] for one in files]
        return deposits_pb2.BeginDepositRequest(
            idempotency_key=sha256_hex(canonical_json(["folder", self.plan.title, *self._target, listed, after])),
            title=self.plan.title,
            project=project,
            name=name,
            new_version_of=new_version_of,
            files=[self._to_come(one) for one in files],
            claims_json=canonical_json(self.plan.claims()).decode(),
        )

    def _remembered(self) -> deposits_pb2.Deposit | None:
        """The deposit that the folder remembers, if the site knows it."""
        remembered = self._memory.read()
        if not remembered.deposit:
            return None
        request = deposits_pb2.CompleteDepositRequest(deposit=remembered.deposit)
        try:
            return self._connection.ask(lambda site: site.deposits.Get, request)
        except NotFoundError:
            return None

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
                now = self._connection.ask(lambda site: site.deposits.Get, request)
                known.extend(one for one in now.uploads if one.name == name)
            there = known.pop() if known else deposits_pb2.Upload()
            if there.digest:
                return there.digest, ""
            return bring_file(
                self._connection,
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
        with _NOTING:
            self._memory.note(name, SentFile(size, file.mtime_ns, digest))
        return way

    def _has(self, deposit: deposits_pb2.Deposit, file: LocalFile) -> bool:
        return any(one.name == file.expected.name and one.digest for one in deposit.uploads)

    def _digest_now(self, deposit: deposits_pb2.Deposit, file: LocalFile) -> str:
        """SHA-256 of a file of which the site has all bytes, read again only if it changed since it was sent."""
        if not self._has(deposit, file):
            return ""
        sent = self._memory.read().files.get(file.expected.name)
        if sent is not None and (sent.size, sent.mtime_ns) == (file.expected.size, file.mtime_ns):
            return sent.sha256
        digest = digest_of_file(file.path)
        with _NOTING:
            self._memory.note(file.expected.name, SentFile(file.expected.size, file.mtime_ns, digest))
        return digest

    def _answered(
        self, rpc: Callable[[Any], Any], step: StepListener | None, until: float = CALL_WAIT_S
    ) -> deposits_pb2.Deposit:
        """Ask again and again until the site has done it."""
        deposit = self._memory.read().deposit
        request = deposits_pb2.CompleteDepositRequest(deposit=deposit, wait_s=until)
        while True:
            asked = time.monotonic()
            reply: deposits_pb2.Deposit = self._patiently(lambda: self._connection.ask(rpc, request))
            done = reply.state not in (DepositState.DRAFT, DepositState.PROBING)
            if done or (reply.state == DepositState.DRAFT and not reply.step):
                return reply
            if step is not None:
                step(reply.step)
            if time.monotonic() - asked < PAUSES_S[0]:
                time.sleep(PAUSES_S[0])

    def _patiently(self, work: Callable[[], T], stop: threading.Event | None = None) -> T:
        """Do something that may be done twice, again if nobody answers or another command is at it."""
        give_up, pause = time.monotonic() + self._patience_s, PAUSES_S[0]
        while True:
            began = time.monotonic()
            try:
                return work()
            except (NetworkError, SiteBusyError, ConflictError) as error:
                if isinstance(error, ConflictError) and error.facts.get("reason") != "busy":
                    raise
                if time.monotonic() - began > PAUSES_S[1]:  # it went well for a while
                    give_up, pause = time.monotonic() + self._patience_s, PAUSES_S[0]
                if time.monotonic() + pause > give_up:
                    raise
            if stop is not None and stop.wait(pause):
                raise ConflictError("another file could not be sent", remedy=f"fomrepo deposit push {self._folder}")
            if stop is None:
                time.sleep(pause)
            pause = min(2 * pause, PAUSES_S[1])

    def _to_come(self, file: LocalFile, digest: str = "") -> deposits_pb2.FileToCome:
        expected = file.expected
        return deposits_pb2.FileToCome(
            name=expected.name, size=expected.size, topology=expected.topology or "", digest=digest
        )


#: States in which a deposit ended without a record.
_ENDED = (DepositState.QUARANTINED, DepositState.ABANDONED)
#: Files are remembered one at a time.
_NOTING = threading.Lock()


def _says(message: deposits_pb2.Deposit | deposits_pb2.ReviseDepositRequest) -> Any:
    """What a draft is to become, in a form that can be compared."""
    listed = message.uploads if isinstance(message, deposits_pb2.Deposit) else message.files
    files = [(one.name, one.size, one.topology, one.digest) for one in listed]
    return message.title, json.loads(message.claims_json or "{}"), files


def _told_of(refusal: FomrepoError, count: int, folder: Path) -> FomrepoError:
    """The first refusal, with a word about the others and about what to do."""
    more = f", and {count - 1} more" if count > 1 else ""
    return type(refusal)(
        f"{refusal.message}{more}",
        remedy=f"{refusal.remedy or 'replace the file'}; then: fomrepo deposit push {folder}",
        facts=refusal.facts,
    )
