"""The life of a deposit in place: files are registered where they lie on this machine, and no byte of them is copied.

1. ``begin``: as any deposit, by the same rules; the same request again finds the same deposit.
2. Each file is handed over open, topologies first, read once and looked at (``single_pass``).
3. What this site makes itself, the frame offsets, becomes objects of the vault.
4. One transaction makes the record visible, with replicas that say where they lie. Until then there is nothing: after a
   kill the same command reads the files again.

Such a replica is as durable as the file of whoever owns it: it becomes stale when that changes or goes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from fomrepo.errors import FileRefusedError
from fomrepo.model.canonical import sha256_hex
from fomrepo.model.deposits import AcceptedFile, Deposit, ExpectedFile, Upload
from fomrepo.model.files import Place, ReplicaState, StatFingerprint
from fomrepo.model.people import Principal
from fomrepo.site.deposit import DepositDesk
from fomrepo.site.deposit_request import DepositRequest
from fomrepo.site.fixity import settle_in_place
from fomrepo.site.log import logger
from fomrepo.site.parts import SiteParts
from fomrepo.site.probe import Probed
from fomrepo.site.quality import planned_checks
from fomrepo.site.single_pass import HandedFile, PlacedFile, SinglePass, check_place
from fomrepo.vault.memory import MemoryRoom
from fomrepo.vault.objects import storage_errors
from fomrepo.wire.failures import failure_from_wire, failure_to_wire
from fomrepo.wire.v1 import failures_pb2


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the desk asks of whoever registers files, and what it tells him."""

    #: Hands over the file of that name, open.
    hand_over: Callable[[str], HandedFile]
    #: Told what is being done, and the bytes done and to do.
    told: Callable[[str, int, int], None]
    #: Told the guard of each file that was read.
    guarded: Callable[[str, Place], None]


class InPlaceDesk:
    """Registers files at one site where they lie."""

    def __init__(self, site: SiteParts, deposits: DepositDesk) -> None:
        self._site, self._deposits = site, deposits
        home = site.home.folder.stat()
        self._memory = MemoryRoom(f"fomrepo-{home.st_dev}-{home.st_ino}")
        self._turn = threading.Lock()

    def register(self, principal: Principal, request: DepositRequest, talk: Conversation) -> str:
        """Register files as one record; returns its accession with its version.

        Raises
        ------
        ArgumentError, ConflictError, FileRefusedError
            What is wrong with the request or a file.
        SiteError
            If this site cannot do it now.
        """
        self._site.need_warden()
        deposit = self._deposits.begin(principal, request)
        if deposit.accession is not None:
            self._look_again(deposit)
            return deposit.accession
        if deposit.refusal is not None:
            raise failure_from_wire(failures_pb2.Failure.FromString(deposit.refusal))
        return self._register(deposit, talk)

    def close(self) -> None:
        """Give back the room that copies took."""
        self._memory.close()

    def _look_again(self, deposit: Deposit) -> None:
        """Make files good again that were stale and are what they were."""
        for digest in (upload.digest for upload in deposit.uploads if upload.digest is not None):
            replica = self._site.catalog.replicas.get(self._site.name, digest)
            if replica is not None and replica.state is ReplicaState.STALE:
                settle_in_place(self._site, replica, again=False)

    def _register(self, deposit: Deposit, talk: Conversation) -> str:
        placed: dict[str, PlacedFile] = {}
        total = sum(upload.file.size for upload in deposit.uploads)
        with ExitStack() as kept:
            reader = SinglePass(self._site, deposit, self._memory, kept)
            for upload in sorted(deposit.uploads, key=lambda one: one.file.topology is not None):
                name, done = upload.file.name, sum(one.fingerprint.size for one in placed.values())
                topology = placed[upload.file.topology].probed if upload.file.topology else None
                placed[name] = self._look(deposit, reader, upload.file, topology, talk, done, total)
                talk.guarded(name, placed[name].place)
            talk.told("storing", total, total)
            accepted = [self._accepted(upload, placed[upload.file.name]) for upload in deposit.uploads]
        deposits, versions = self._site.catalog.deposits, []
        self._site.catalog.together([
            *(partial(deposits.received, upload.id, placed[upload.file.name].digest) for upload in deposit.uploads),
            partial(deposits.probing, deposit.id),
            lambda: versions.append(deposits.accept(deposit.id, accepted)),
        ])  # fmt: skip
        version = versions[-1]
        logger.info("registered in place", record=version.accession, files=len(accepted))
        return f"{version.accession}.v{version.number}"

    def _look(
        self,
        deposit: Deposit,
        reader: SinglePass,
        file: ExpectedFile,
        topology: Probed | None,
        talk: Conversation,
        done: int,
        total: int,
    ) -> PlacedFile:
        """2. Read a file; one that the probes refuse ends the deposit, as it would end another."""
        handed = talk.hand_over(file.name)
        try:
            check_place(self._site.name, file, handed)
            talk.told(f"reading {file.name}", done, total)
            with self._turn:  # two readings at once make a disk slower than one after the other
                return reader.look(
                    file, handed, topology, told=lambda count: talk.told(f"reading {file.name}", done + count, total)
                )
        except FileRefusedError as error:
            if error.facts.get("reason") != "place":
                self._site.catalog.deposits.quarantine(deposit.id, failure_to_wire(error).SerializeToString())
            raise
        finally:
            handed.close()

    def _accepted(self, upload: Upload, placed: PlacedFile) -> AcceptedFile:
        """3. Keep the frame offsets, and say what the record gets."""
        vault, probed = self._site.vault, placed.probed
        offsets = None
        if probed.offsets is not None:
            path, digest = vault.incoming_path(f"{upload.id}.offsets"), sha256_hex(probed.offsets)
            with storage_errors(path):
                path.write_bytes(probed.offsets)
            offsets = (digest, len(probed.offsets), vault.keep(path, digest))
        fingerprint, place = self._best_copy(placed)
        has_topology = upload.file.topology is not None
        return AcceptedFile(
            name=upload.file.name,
            file_type=probed.file_type,
            digest=placed.digest,
            size=upload.file.size,
            fingerprint=fingerprint,
            facts=probed.facts,
            topology=upload.file.topology,
            offsets=offsets,
            place=place,
            checks=planned_checks(probed.facts, has_topology=has_topology)
            if self._site.settings.checks_on_deposit
            else (),
        )

    def _best_copy(self, placed: PlacedFile) -> tuple[StatFingerprint, Place | None]:
        """Prefer the vault's copy of the same bytes, where there is a good one: nobody else can change it."""
        known = self._site.catalog.replicas.get(self._site.name, placed.digest)
        if known is not None and known.place is None and known.state is ReplicaState.GOOD:
            fingerprint = self._site.vault.fingerprint(placed.digest)
            if fingerprint == known.fingerprint:
                return known.fingerprint, None
        return placed.fingerprint, placed.place
