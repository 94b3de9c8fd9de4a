"""The life of a deposit in place: files are registered where they lie on this machine, and no byte of them is copied.

1. A draft is opened as for any deposit.
2. Each file that the draft lacks is handed over open, topologies first, read once and looked at (``single_pass``).
3. What was found, and where, is kept among the draft's bytes on their way; then the draft has the file.
4. The draft is completed as any other: one transaction makes the record visible, with replicas that say where they lie.

A kill costs the file that was being read. Such a replica is as durable as the file of whoever owns it: it becomes stale
when that changes or goes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace

from fomrepo.errors import ConflictError
from fomrepo.model.deposits import Deposit, DepositState, Upload
from fomrepo.model.files import Place, ReplicaState
from fomrepo.model.people import Principal
from fomrepo.site.deposit import DepositDesk
from fomrepo.site.fixity import settle_in_place
from fomrepo.site.in_place_draft import DraftPlace
from fomrepo.site.log import logger
from fomrepo.site.parts import SiteParts
from fomrepo.site.probe import Probed
from fomrepo.site.single_pass import HandedFile, PlacedFile, SinglePass, check_place
from fomrepo.vault.memory import MemoryRoom
from fomrepo.vault.objects import write_whole


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the desk asks of whoever registers files, and what it tells him."""

    #: Hands over the file of that name, open.
    hand_over: Callable[[str], HandedFile]
    #: Told what is being done, and the bytes done and to do.
    told: Callable[[str, int, int], None]
    #: Told where each file lies that was read, and its digest.
    placed: Callable[[str, Place, str], None]


class InPlaceDesk:
    """Registers files at one site where they lie."""

    def __init__(self, site: SiteParts, deposits: DepositDesk) -> None:
        self._site, self._deposits = site, deposits
        home = site.home.folder.stat()
        self._memory = MemoryRoom(f"fomrepo-{home.st_dev}-{home.st_ino}")
        self._turn = threading.Lock()

    def place(self, principal: Principal, deposit_id: str, talk: Conversation) -> tuple[str, ...]:
        """Register the files of a draft that it lacks, or that changed since; returns their names.

        Of a deposit that is a record already, files become good again that were stale and are what they were.

        Raises
        ------
        ConflictError, FileRefusedError
            What is wrong with a file; the draft stays, with the files that were registered before.
        NotFoundError, SiteError
            If there is no such draft here, or this site cannot do it now.
        """
        self._site.need_warden()
        deposit = self._deposits.get(principal, deposit_id)
        if deposit.state is DepositState.ACCEPTED:
            self._look_again(deposit)
        return self._place(deposit, talk) if deposit.state is DepositState.DRAFT else ()

    def close(self) -> None:
        """Give back the room that copies took."""
        self._memory.close()

    def _look_again(self, deposit: Deposit) -> None:
        """Make files good again that were stale and are what they were."""
        for digest in (upload.digest for upload in deposit.uploads if upload.digest is not None):
            replica = self._site.catalog.replicas.get(self._site.name, digest)
            if replica is not None and replica.state is ReplicaState.STALE:
                settle_in_place(self._site, replica, again=False)

    def _place(self, deposit: Deposit, talk: Conversation) -> tuple[str, ...]:
        """2. and 3., for each file that is not there as it was."""
        there = {upload.file.name: self._still_there(upload) for upload in deposit.uploads}
        lacking = [upload.file.name for upload in there.values() if upload.digest is None]
        done, total = 0, sum(there[name].file.size for name in lacking)
        probed: dict[str, Probed] = {}
        with ExitStack() as kept:
            reader = SinglePass(self._site, deposit, self._memory, kept)
            for name in sorted(lacking, key=lambda one: there[one].file.topology is not None):
                paired = there.get(there[name].file.topology or "")
                if paired is not None and paired.file.name not in probed:  # it was read by a command before this one
                    probed[paired.file.name] = self._deposits.examined(deposit, paired)
                topology = None if paired is None else probed[paired.file.name]
                with self._deposits.taking(there[name]):
                    found = self._look(reader, there[name], topology, talk, done, total)
                    there[name] = self._keep(there[name], found, paired)
                probed[name] = found.probed
                talk.placed(name, found.place, found.digest)
                done += there[name].file.size
        if lacking:
            logger.info("registered in place", deposit=deposit.id, files=len(lacking))
        return tuple(lacking)

    def _still_there(self, upload: Upload) -> Upload:
        """Forget a file that was registered and is not what it was, or of which a failure of the machine took all."""
        try:
            if self._deposits.places.unchanged(upload) is not None or self._deposits.has_bytes(upload):
                return upload
        except ConflictError:
            pass
        self._site.catalog.deposits.forget(upload.id)
        return replace(upload, digest=None)

    def _look(
        self, reader: SinglePass, upload: Upload, topology: Probed | None, talk: Conversation, done: int, total: int
    ) -> PlacedFile:
        """2. Have a file handed over, and read it."""
        file = upload.file
        handed = talk.hand_over(file.name)
        try:
            check_place(self._site.name, file, handed)
            talk.told(f"reading {file.name}", done, total)
            with self._turn:  # two readings at once make a disk slower than one after the other
                return reader.look(
                    file, handed, topology, told=lambda count: talk.told(f"reading {file.name}", done + count, total)
                )
        finally:
            handed.close()

    def _keep(self, upload: Upload, found: PlacedFile, paired: Upload | None) -> Upload:
        """3. Keep what was found; then the draft has the file."""
        known = replace(upload, digest=found.digest)
        write_whole(self._deposits.examination.kept_report(known, paired), found.report)
        self._deposits.places.note(known, DraftPlace(found.digest, found.fingerprint, found.place))
        self._site.catalog.deposits.received(upload.id, found.digest)
        return known
