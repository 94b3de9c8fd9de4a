"""The life of a deposit, at the site that takes the bytes.

1. ``begin``: names are checked, a draft is opened; the same key finds the same draft again.
2. ``upload``: bytes are written and hashed as they come; what is there is found again after any interruption.
3. ``complete``: when all bytes are there, each file is probed in the sandbox, topologies first. ``check`` does as much
   for a draft, which stays one: what was refused can be sent again, in the place of the old.
4. The bytes become objects of the vault: safe on the disk, under their digest.
5. One transaction makes the record, its files and replicas visible. Or the deposit is refused: the reason is kept, the
   bytes are not.

A kill between two steps leaves nothing half-visible; asking for the step again continues.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fomrepo.errors import ConflictError, FileRefusedError, FomrepoError, NotFoundError
from fomrepo.model.canonical import canonical_json, sha256_hex
from fomrepo.model.deposits import AcceptedFile, Deposit, DepositState, ExpectedFile, Upload
from fomrepo.model.files import RecordName, slug_of
from fomrepo.model.people import Principal
from fomrepo.site.deposit_request import DepositRequest, check_description, check_files, check_request
from fomrepo.site.examine import REFUSALS, BytesThere, Examination, Findings, Refusal
from fomrepo.site.in_place_draft import DraftPlaces, stands_in
from fomrepo.site.log import log_unexpected
from fomrepo.site.parts import SiteParts
from fomrepo.site.probe import Probed
from fomrepo.site.quality import planned_checks
from fomrepo.site.sweep import Undecided, VaultSweep
from fomrepo.vault.objects import storage_errors
from fomrepo.vault.receive import IncomingFile
from fomrepo.wire.failures import failure_to_wire

#: Deposits that are probed at the same time; each run in the sandbox also waits for a slot.
PROBED_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class ReceivedPiece:
    """One message of an upload."""

    data: bytes | memoryview
    #: With the last bytes: SHA-256 of the whole file as the sender read it; otherwise empty.
    digest: str = ""
    #: Before the first bytes: SHA-256 of what is there already, as the sender reads it; otherwise empty.
    prefix_digest: str = ""


@dataclass(slots=True)
class _Look:
    """A deposit whose files are being looked at now."""

    step: str
    ended: threading.Event
    findings: Findings = field(default_factory=dict)
    error: FomrepoError | None = None


class DepositDesk:
    """Takes deposits at one site."""

    def __init__(self, site: SiteParts) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._looks: dict[tuple[str, str], _Look] = {}
        #: Where files of drafts lie that stay in place.
        self.places = DraftPlaces(site.vault)
        self.examination = Examination(site)
        self._uploading, self._storing = Undecided(), Undecided()
        self._sweep = VaultSweep(site, self._uploading, self._storing)
        self._workers = ThreadPoolExecutor(PROBED_AT_ONCE, thread_name_prefix="complete-deposit")

    def begin(self, principal: Principal, request: DepositRequest) -> Deposit:
        """1. Open a draft, or find the one that the same key opened.

        Raises
        ------
        ArgumentError
            If a name, the title or the pairing of files is not acceptable.
        """
        check_request(request)
        digest = sha256_hex(canonical_json([
            request.title, request.project, request.name, request.new_version_of,
            [[one.name, one.size, one.topology] for one in request.files],
        ]))  # fmt: skip
        return self._site.catalog.deposits.begin(
            principal.id,
            key=request.key,
            request_digest=digest,
            title=request.title.strip(),
            project=request.project or principal.name,
            name=request.name or slug_of(request.title),
            new_version_of=RecordName.parse(request.new_version_of) if request.new_version_of else None,
            site=self._site.name,
            files=request.files,
            claims=request.claims,
        )

    def get(self, principal: Principal, deposit_id: str) -> Deposit:
        """How far a deposit is."""
        return self._need(principal, deposit_id)

    def revise(
        self,
        principal: Principal,
        deposit_id: str,
        *,
        title: str,
        claims: Mapping[str, Any],
        files: Sequence[tuple[ExpectedFile, str | None]],
    ) -> Deposit:
        """Say anew what a draft shall become; bytes of files that stay the same stay, others go.

        Parameters
        ----------
        principal
            The depositor.
        deposit_id
            Which draft.
        title, claims
            What the depositor says of it.
        files
            All its files, each with its SHA-256 where that is known.
        """
        before = self._need(principal, deposit_id)
        check_description(title, claims)
        check_files([file for file, _ in files])
        after = self._site.catalog.deposits.revise(deposit_id, title=title.strip(), claims=claims, files=files)
        kept = {upload.id for upload in after.uploads}
        self._delete_parts([upload for upload in before.uploads if upload.id not in kept])
        return after

    def received(self, upload: Upload) -> int:
        """Bytes of a file that are there."""
        if upload.digest is not None:
            return upload.file.size
        path = self._part(upload)
        return path.stat().st_size if path.exists() else 0

    def upload(
        self, principal: Principal, deposit_id: str, name: str, *, offset: int, pieces: Iterator[ReceivedPiece]
    ) -> tuple[int, str | None]:
        """2. Take bytes of one file.

        Parameters
        ----------
        principal
            The depositor.
        deposit_id, name
            Which file.
        offset
            Where the sender begins; must be what :meth:`received` says.
        pieces
            What the sender sends.

        Returns
        -------
        tuple of int and str or None
            Bytes that are there now, and the digest once that is all of them.
        """
        deposit = self._need(principal, deposit_id)
        upload = next((one for one in deposit.uploads if one.file.name == name), None)
        if upload is None:
            raise NotFoundError(f"{name!r} is no file of deposit {deposit_id}")
        if upload.digest is not None or deposit.state is not DepositState.DRAFT:
            return upload.file.size, upload.digest
        with (
            self.taking(upload),
            IncomingFile(self._part(upload), upload.file.size) as incoming,
        ):
            if offset != incoming.received:
                raise ConflictError(
                    f"{incoming.received} bytes of {name} are there, and the sender began at {offset}",
                    remedy="run the command again",
                )
            claimed = ""
            for piece in pieces:
                if piece.prefix_digest:
                    incoming.check_prefix(piece.prefix_digest)
                incoming.write(piece.data)
                claimed = piece.digest or claimed
            if incoming.flush() < upload.file.size:
                return incoming.received, None
            digest = incoming.finish(claimed or None)
            self._site.catalog.deposits.received(upload.id, digest)
            return incoming.received, digest

    def taking(self, upload: Upload) -> AbstractContextManager[None]:
        """Keep everybody else from bringing the same file meanwhile.

        Raises
        ------
        ConflictError
            If another command does so now.
        """
        busy = ConflictError(
            f"{upload.file.name} is being sent by another command",
            remedy="wait until it has ended, then run yours again",
            facts={"reason": "busy"},
        )
        return self._uploading.alone(upload.id, busy)

    def guard(self, upload: Upload) -> str:
        """How a change of a file is noticed that stays in place; empty for one of which this site has the bytes."""
        placed = self.places.of(upload)
        return "" if placed is None else placed.place.guard.value

    def has_bytes(self, upload: Upload) -> bool:
        """Whether the bytes of a file are on this site's own disk."""
        return upload.digest is not None and self._bytes_of(upload)[0].exists()

    def examined(self, deposit: Deposit, upload: Upload) -> Probed:
        """What the probes say of one file of a draft that needs no topology.

        Raises
        ------
        DataError, MethodError, ArgumentError, ConflictError
            By which it is refused.
        """
        found = self.examination.of_each(replace(deposit, uploads=(upload,)), self._bytes_of, step=lambda _: None)
        return _accepted_or_raise(found[upload.file.name])

    def complete(self, principal: Principal, deposit_id: str, *, wait_s: float) -> tuple[Deposit, str]:
        """3. - 5. Probe and accept a deposit whose bytes are all there; returns it, and what is being done now."""
        deposit = self._need(principal, deposit_id)
        if deposit.state is DepositState.DRAFT and not self._site.catalog.deposits.probing(deposit_id):
            missing = [one.file.name for one in deposit.uploads if one.digest is None]
            raise ConflictError(
                f"bytes of {', '.join(missing[:3])} are missing", remedy="run the command again; it sends the rest"
            )
        if deposit.state in (DepositState.DRAFT, DepositState.PROBING):
            look = self._looking(self._need(principal, deposit_id), "complete", wait_s)
            return self._need(principal, deposit_id), look.step
        return deposit, ""

    def check(self, principal: Principal, deposit_id: str, *, wait_s: float) -> tuple[Deposit, str, Findings]:
        """Look at what is there of a draft, which stays one; returns it, what is being done now, and what was found."""
        deposit = self._need(principal, deposit_id)
        if deposit.state is not DepositState.DRAFT:
            return deposit, "", {}
        look = self._looking(deposit, "check", wait_s)
        return deposit, "" if look.ended.is_set() else look.step, look.findings

    def _looking(self, deposit: Deposit, what: str, wait_s: float) -> _Look:
        """Have a deposit looked at, once at a time, and wait a little for the end of that.

        Raises
        ------
        SiteError
            If it ended by trouble of the site's own.
        """
        self._site.need_warden()
        key = (deposit.id, what)
        with self._lock:
            look = self._looks.get(key)
            if look is None:
                look = self._looks[key] = _Look("waiting", threading.Event())
                self._workers.submit(self._run, deposit, look, self._accept if what == "complete" else self._check)
        if look.ended.wait(wait_s):
            with self._lock:
                self._looks.pop(key, None)
            if look.error is not None:
                raise look.error
        return look

    def abandon(self, principal: Principal, deposit_id: str) -> Deposit:
        """Give up a draft; its bytes go."""
        deposit = self._need(principal, deposit_id)
        self._site.catalog.deposits.abandon(deposit_id)
        self._delete_parts(deposit.uploads)
        return self._need(principal, deposit_id)

    def start(self) -> None:
        """Clear away what a kill left, and go on with what it interrupted."""
        self._sweep.start()
        if self._site.warden is not None:
            for deposit in self._site.catalog.deposits.unfinished(self._site.name):
                if deposit.state is DepositState.PROBING:
                    self._looking(deposit, "complete", wait_s=0.0)

    def close(self) -> None:
        """Stop taking on work; what is under way is continued by the next start."""
        self._sweep.close()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _run(self, deposit: Deposit, look: _Look, work: Callable[[Deposit, _Look], None]) -> None:
        try:
            work(deposit, look)
        except FomrepoError as error:  # the site's own trouble: the deposit stays as it is and can be continued
            look.error = error
        except Exception as error:
            look.error = log_unexpected(error)
        finally:
            look.ended.set()

    def _examined(self, deposit: Deposit, look: _Look) -> Findings:
        def step(text: str) -> None:
            look.step = text

        return self.examination.of_each(deposit, self._bytes_of, step=step)

    def _check(self, deposit: Deposit, look: _Look) -> None:
        look.findings = {
            name: replace(found, offsets=None) if isinstance(found, Probed) else found  # which may be large
            for name, found in self._examined(deposit, look).items()
        }

    def _accept(self, deposit: Deposit, look: _Look) -> None:
        try:
            accepted = {name: _accepted_or_raise(found) for name, found in self._examined(deposit, look).items()}
            look.step = "storing"
            offsets = {one.name: sha256_hex(one.offsets) for one in accepted.values() if one.offsets is not None}
            digests = {upload.digest for upload in deposit.uploads if upload.digest is not None}
            with self._storing.together(digests | set(offsets.values())):
                files = [
                    self._store(upload, accepted[upload.file.name], offsets.get(upload.file.name))
                    for upload in deposit.uploads
                ]
                self._site.catalog.deposits.accept(deposit.id, files)
        except REFUSALS as error:
            self._site.catalog.deposits.quarantine(deposit.id, failure_to_wire(error).SerializeToString())
        self._delete_parts(deposit.uploads)

    def _store(self, upload: Upload, probed: Probed, offsets_digest: str | None) -> AcceptedFile:
        """4. Make the bytes of a file, and of its frame offsets, objects of the vault."""
        if upload.digest is None:
            raise FileRefusedError(f"bytes of {upload.file.name} are missing")
        vault = self._site.vault
        offsets = None
        if probed.offsets is not None and offsets_digest is not None:
            path = vault.incoming_path(f"{upload.id}.offsets")
            with storage_errors(path):
                path.write_bytes(probed.offsets)
            offsets = (offsets_digest, len(probed.offsets), vault.keep(path, offsets_digest))
        placed = self.places.unchanged(upload)
        fingerprint = placed.fingerprint if placed else vault.keep(self._part(upload), upload.digest)
        return AcceptedFile(
            name=upload.file.name,
            file_type=probed.file_type,
            digest=upload.digest,
            size=upload.file.size,
            fingerprint=fingerprint,
            facts=probed.facts,
            topology=upload.file.topology,
            offsets=offsets,
            place=placed.place if placed else None,
            stands_in=placed is not None and stands_in(self._site, placed),
            checks=planned_checks(probed.facts, has_topology=upload.file.topology is not None)
            if self._site.settings.checks_on_deposit
            else (),
        )

    def _need(self, principal: Principal, deposit_id: str) -> Deposit:
        deposit = self._site.catalog.deposits.get(deposit_id, principal.id)
        if deposit is None or deposit.site != self._site.name:
            raise NotFoundError(
                f"no deposit {deposit_id} of yours at {self._site.name}", remedy="run fomrepo deposit again"
            )
        return deposit

    def _part(self, upload: Upload) -> Path:
        return self._site.vault.incoming_path(f"{upload.id}.part")

    def _bytes_of(self, upload: Upload) -> BytesThere:
        """Where a file's bytes lie: in place, still on their way, or stored by an attempt killed after step 4."""
        if (placed := self.places.unchanged(upload)) is not None:
            return Path(placed.place.path), placed.identity
        part = self._part(upload)
        return (part if part.exists() or upload.digest is None else self._site.vault.path(upload.digest)), None

    def _delete_parts(self, uploads: Sequence[Upload]) -> None:
        """Delete what lies there of uploads: bytes, and reports of probes."""
        ended = {upload.id for upload in uploads}
        for path in self._site.vault.incoming():
            if path.name.partition(".")[0] in ended:
                path.unlink(missing_ok=True)


def _accepted_or_raise(found: Probed | Refusal) -> Probed:
    if isinstance(found, Probed):
        return found
    raise found
