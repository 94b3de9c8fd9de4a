"""The draft of a folder: found by what the folder remembers or by its key, and brought to what the plan says."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from shlex import quote
from typing import Any

from fomrepo.client.connection import Connection
from fomrepo.client.deposit_memory import MEMORY_NAME, DepositMemory, Remembered, SentFile
from fomrepo.client.deposit_send import LocalFile, digest_of_file
from fomrepo.errors import ArgumentError, ConflictError, NotFoundError
from fomrepo.model.canonical import canonical_json, sha256_hex
from fomrepo.model.deposit_plan import PLAN_NAME, DepositPlan
from fomrepo.model.deposits import DepositState
from fomrepo.wire.v1 import deposits_pb2, sites_pb2

#: States in which a deposit ended without a record.
ENDED = (DepositState.QUARANTINED, DepositState.ABANDONED)


class FolderDraft:
    """The draft of one folder, at the site that takes its bytes.

    Parameters
    ----------
    connection
        To the federation.
    folder
        Holds the files.
    plan
        What its ``fomrepo.toml`` says.
    at_site
        Site that shall take the bytes; the one that answers if None. An open draft stays where it is.
    """

    def __init__(self, connection: Connection, folder: Path, plan: DepositPlan, at_site: str | None) -> None:
        self._folder, self._plan = folder, plan
        identity = connection.ask(lambda site: site.sites.WhoAmI, sites_pb2.WhoAmIRequest())
        #: What the folder remembers.
        self.memory = DepositMemory(folder, f"{identity.federation}/{identity.principal}")
        self._target = (plan.project, plan.name, plan.new_version_of)
        self._noting = threading.Lock()
        wanted = self.memory.read().site or at_site or identity.site
        if at_site is not None and wanted != at_site:
            raise ArgumentError(
                f"the draft of {folder} lies at {wanted}, not at {at_site}",
                remedy=f"leave out --at, or give the draft up first: fomrepo deposit abandon {quote(str(folder))}",
            )
        listed = connection.ask(lambda site: site.sites.ListSites, sites_pb2.ListSitesRequest())
        self._addresses = {one.name: one.address for one in listed.sites} | {identity.site: connection.address}
        if wanted not in self._addresses:
            known = ", ".join(sorted(self._addresses))
            raise NotFoundError(f"no site is named {wanted!r}", remedy=f"name one of {known}")
        #: Site that takes the bytes, and the connection to it.
        self.site, self.connection = wanted, connection.only(self._addresses[wanted])

    def find(self) -> deposits_pb2.Deposit | None:
        """The deposit that the folder remembers, if the site knows it."""
        remembered = self.memory.read()
        if not remembered.deposit:
            return None
        request = deposits_pb2.CompleteDepositRequest(deposit=remembered.deposit)
        try:
            return self.connection.ask(lambda site: site.deposits.Get, request)
        except NotFoundError:
            return None

    def find_or_open(self, files: list[LocalFile]) -> deposits_pb2.Deposit:
        """Find the draft, or open it, and bring it to what the plan says now.

        Raises
        ------
        ArgumentError
            If it is a record already, and these files are others.
        """
        deposit = self.find()
        if deposit is not None and self.memory.read().target != self._target:
            if deposit.state == DepositState.DRAFT:
                self.abandon()
            deposit = None
        while deposit is None or deposit.state in ENDED:
            # Its key is used, so what comes after a draft that ended without a record needs another.
            request = self._beginning(files, after="" if deposit is None else deposit.id)
            deposit = self.connection.ask(lambda site: site.deposits.Begin, request)
            if deposit.site != self.site:  # the memory of the folder was lost, and another site answers today
                self.connection.close()
                self.site, self.connection = deposit.site, self.connection.only(self._addresses[deposit.site])
                deposit = self.connection.ask(lambda site: site.deposits.Begin, request)
            self.memory.write(Remembered(deposit.id, deposit.site, self._target, deposit.accession))
        if deposit.state != DepositState.DRAFT:
            self._compare(deposit, files)
            return deposit
        wanted = deposits_pb2.ReviseDepositRequest(
            deposit=deposit.id,
            title=self._plan.title,
            claims_json=canonical_json(self._plan.claims()).decode(),
            files=[_to_come(one, self._digest_now(deposit, one)) for one in files],
        )
        if _says(deposit) == _says(wanted):
            return deposit
        self.memory.note_refusal(None)
        return self.connection.ask(lambda site: site.deposits.Revise, wanted)

    def abandon(self) -> None:
        """Give it up; the site deletes its bytes, and the folder forgets it.

        Raises
        ------
        ConflictError
            If it is a record already.
        """
        if (deposit := self.find()) is not None:
            if not deposit.accession:
                request = deposits_pb2.CompleteDepositRequest(deposit=deposit.id)
                deposit = self.connection.ask(lambda site: site.deposits.Abandon, request)
            if deposit.accession:  # also if it has become one this very moment
                raise ConflictError(
                    f"{self._folder} is {deposit.accession} already",
                    remedy=f"take the record back: fomrepo withdraw {deposit.accession} --reason TEXT",
                )
        self.memory.write(Remembered())

    def note(self, file: LocalFile, digest: str) -> None:
        """Remember that the site has a file; several threads may."""
        with self._noting:
            self.memory.note(file.expected.name, SentFile(file.expected.size, file.mtime_ns, digest))

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
            idempotency_key=sha256_hex(canonical_json(["folder", self._plan.title, *self._target, listed, after])),
            title=self._plan.title,
            project=project,
            name=name,
            new_version_of=new_version_of,
            files=[_to_come(one) for one in files],
            claims_json=canonical_json(self._plan.claims()).decode(),
        )

    def _digest_now(self, deposit: deposits_pb2.Deposit, file: LocalFile) -> str:
        """SHA-256 of a file of which the site has all bytes, read again only if it changed since it was sent."""
        name = file.expected.name
        if not any(one.name == name and one.digest for one in deposit.uploads):
            return ""
        sent = self.memory.read().files.get(name)
        if sent is not None and (sent.size, sent.mtime_ns) == (file.expected.size, file.mtime_ns):
            return sent.sha256
        digest = digest_of_file(file.path)
        self.note(file, digest)
        return digest


def _to_come(file: LocalFile, digest: str = "") -> deposits_pb2.FileToCome:
    expected = file.expected
    return deposits_pb2.FileToCome(
        name=expected.name, size=expected.size, topology=expected.topology or "", digest=digest
    )


def _says(message: deposits_pb2.Deposit | deposits_pb2.ReviseDepositRequest) -> Any:
    """What a draft is to become, in a form that can be compared."""
    listed = message.uploads if isinstance(message, deposits_pb2.Deposit) else message.files
    files = [(one.name, one.size, one.topology, one.digest) for one in listed]
    return message.title, json.loads(message.claims_json or "{}"), files
