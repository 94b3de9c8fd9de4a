"""The life of a deposit, at the site that takes the bytes.

1. ``begin``: names are checked, a draft is opened; the same key finds the same draft again.
2. ``upload``: bytes are written and hashed as they come; what is there is found again after any interruption.
3. ``complete``: when all bytes are there, each file is probed in the sandbox, topologies first.
4. The bytes become objects of the vault: safe on the disk, under their digest.
5. One transaction makes the record, its files and replicas visible. Or the deposit is refused: the reason is kept, the
   bytes are not.

A kill between two steps leaves nothing half-visible; asking for the step again continues.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fomrepo.errors import (
    ArgumentError,
    ConflictError,
    DataError,
    FileRefusedError,
    FomrepoError,
    MethodError,
    NotFoundError,
)
from fomrepo.model.canonical import canonical_json, sha256_hex
from fomrepo.model.deposits import AcceptedFile, Deposit, DepositState, ExpectedFile, Upload
from fomrepo.model.files import RecordName, check_file_name, check_slug, slug_of
from fomrepo.model.operations import check_idempotency_key
from fomrepo.model.people import Principal
from fomrepo.site.log import log_unexpected
from fomrepo.site.parts import SiteParts
from fomrepo.site.probe import Probed, probe_file
from fomrepo.vault.objects import storage_errors
from fomrepo.vault.receive import IncomingFile
from fomrepo.wire.failures import failure_to_wire

#: Longest title of a record, in characters.
TITLE_LIMIT = 300
#: Most files of one deposit.
FILES_LIMIT = 1_000
#: Deposits that are probed at the same time; each run in the sandbox also waits for a slot.
PROBED_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class DepositRequest:
    """What a depositor wants."""

    key: str
    title: str
    #: Empty: the depositor's own.
    project: str
    #: Empty: made from the title.
    name: str
    #: Empty: a new record.
    new_version_of: str
    files: tuple[ExpectedFile, ...]


@dataclass(slots=True)
class _Completion:
    """A deposit that is being probed now."""

    step: str
    ended: threading.Event
    error: FomrepoError | None = None


class DepositDesk:
    """Takes deposits at one site."""

    def __init__(self, site: SiteParts) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._uploading: set[str] = set()
        self._completions: dict[str, _Completion] = {}
        self._workers = ThreadPoolExecutor(PROBED_AT_ONCE, thread_name_prefix="complete-deposit")

    def begin(self, principal: Principal, request: DepositRequest) -> Deposit:
        """1. Open a draft, or find the one that the same key opened.

        Raises
        ------
        ArgumentError
            If a name, the title or the pairing of files is not acceptable.
        """
        _check(request)
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
        )

    def received(self, upload: Upload) -> int:
        """Bytes of a file that are there."""
        if upload.digest is not None:
            return upload.file.size
        path = self._part(upload)
        return path.stat().st_size if path.exists() else 0

    def upload(
        self, principal: Principal, deposit_id: str, name: str, *, offset: int, chunks: Iterator[tuple[bytes, str]]
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
        chunks
            Pairs of bytes and, with the last ones, the digest of the whole file as the sender read it.

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
        with self._alone(upload), IncomingFile(self._part(upload), upload.file.size) as incoming:
            if offset != incoming.received:
                raise ConflictError(
                    f"{incoming.received} bytes of {name} are there, and the sender began at {offset}",
                    remedy="run the command again",
                )
            claimed = ""
            for data, digest in chunks:
                incoming.write(data)
                claimed = digest or claimed
            if incoming.flush() < upload.file.size:
                return incoming.received, None
            digest = incoming.finish(claimed or None)
            self._site.catalog.deposits.received(upload.id, digest)
            return incoming.received, digest

    def complete(self, principal: Principal, deposit_id: str, *, wait_s: float) -> tuple[Deposit, str]:
        """3. - 5. Probe and accept a deposit whose bytes are all there; returns it, and what is being done now."""
        deposit = self._need(principal, deposit_id)
        if deposit.state is DepositState.DRAFT and not self._site.catalog.deposits.probing(deposit_id):
            missing = [one.file.name for one in deposit.uploads if one.digest is None]
            raise ConflictError(
                f"bytes of {', '.join(missing[:3])} are missing", remedy="run the command again; it sends the rest"
            )
        if deposit.state in (DepositState.DRAFT, DepositState.PROBING):
            self._site.need_warden()
            with self._lock:
                running = self._completions.get(deposit_id)
                if running is None:
                    running = self._completions[deposit_id] = _Completion("waiting", threading.Event())
                    self._workers.submit(self._run, self._need(principal, deposit_id), running)
            if running.ended.wait(wait_s):
                with self._lock:
                    self._completions.pop(deposit_id, None)
                if running.error is not None:
                    raise running.error
            return self._need(principal, deposit_id), running.step
        return deposit, ""

    def abandon(self, principal: Principal, deposit_id: str) -> Deposit:
        """Give up a draft; its bytes go."""
        deposit = self._need(principal, deposit_id)
        self._site.catalog.deposits.abandon(deposit_id)
        self._delete_parts(deposit)
        return self._need(principal, deposit_id)

    def sweep(self) -> None:
        """Delete the bytes of deposits that have ended, which a kill at that moment left."""
        open_uploads = {
            upload.id
            for deposit in self._site.catalog.deposits.unfinished(self._site.name)
            for upload in deposit.uploads
        }
        for path in self._site.vault.incoming():
            if path.suffix in (".part", ".offsets") and path.stem not in open_uploads:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Stop taking on work; what is under way is continued when it is asked for again."""
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _run(self, deposit: Deposit, completion: _Completion) -> None:
        try:
            self._probe_and_accept(deposit, completion)
        except (DataError, MethodError, ArgumentError, ConflictError) as error:
            self._site.catalog.deposits.quarantine(deposit.id, failure_to_wire(error).SerializeToString())
            self._delete_parts(deposit)
        except FomrepoError as error:  # the site's own trouble: the deposit stays as it is and can be continued
            completion.error = error
        except Exception as error:
            completion.error = log_unexpected(error)
        finally:
            completion.ended.set()

    def _probe_and_accept(self, deposit: Deposit, completion: _Completion) -> None:
        probed: dict[str, Probed] = {}
        for upload in sorted(deposit.uploads, key=lambda one: one.file.topology is not None):
            completion.step = f"looking at {upload.file.name}"
            topology = probed[upload.file.topology] if upload.file.topology else None
            probed[upload.file.name] = probe_file(
                self._site,
                upload.file,
                self._bytes_of(upload),
                topology,
                principal=deposit.principal,
                project=deposit.project,
            )
        completion.step = "storing"
        accepted = [self._store(upload, probed[upload.file.name]) for upload in deposit.uploads]
        self._site.catalog.deposits.accept(deposit.id, accepted)

    def _store(self, upload: Upload, probed: Probed) -> AcceptedFile:
        """4. Make the bytes of a file, and of its frame offsets, objects of the vault."""
        if upload.digest is None:
            raise FileRefusedError(f"bytes of {upload.file.name} are missing")
        vault = self._site.vault
        offsets = None
        if probed.offsets is not None:
            path = vault.incoming_path(f"{upload.id}.offsets")
            with storage_errors(path):
                path.write_bytes(probed.offsets)
            digest = sha256_hex(probed.offsets)
            offsets = (digest, len(probed.offsets), vault.keep(path, digest))
        return AcceptedFile(
            name=upload.file.name,
            file_type=probed.file_type,
            digest=upload.digest,
            size=upload.file.size,
            fingerprint=vault.keep(self._part(upload), upload.digest),
            facts=probed.facts,
            topology=upload.file.topology,
            offsets=offsets,
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

    def _bytes_of(self, upload: Upload) -> Path:
        """Where a file's bytes lie: still on their way, or stored by an attempt that was killed after step 4."""
        part = self._part(upload)
        return part if part.exists() or upload.digest is None else self._site.vault.path(upload.digest)

    def _delete_parts(self, deposit: Deposit) -> None:
        for upload in deposit.uploads:
            self._part(upload).unlink(missing_ok=True)

    @contextmanager
    def _alone(self, upload: Upload) -> Iterator[None]:
        """Let one stream at a time write to a file."""
        with self._lock:
            if upload.id in self._uploading:
                raise ConflictError(
                    f"{upload.file.name} is being sent by another command",
                    remedy="wait until it has ended, then run yours again",
                )
            self._uploading.add(upload.id)
        try:
            yield
        finally:
            with self._lock:
                self._uploading.discard(upload.id)


def _check(request: DepositRequest) -> None:
    """Check names, title and pairing before anything is opened."""
    check_idempotency_key(request.key)
    title = request.title.strip()
    if not title or len(title) > TITLE_LIMIT or not title.isprintable():
        raise ArgumentError(
            "the deposit has no usable title", remedy=f"give --title with 1 to {TITLE_LIMIT} printable characters"
        )
    if request.project:
        check_slug(request.project, "project")
    if request.name:
        check_slug(request.name, "record")
    if not 1 <= len(request.files) <= FILES_LIMIT:
        raise ArgumentError(f"the deposit has {len(request.files)} files, 1 to {FILES_LIMIT} are allowed")
    names = [check_file_name(one.name) for one in request.files]
    if twice := _first_repeated([name.lower() for name in names]):
        raise ArgumentError(
            f"two files of the deposit are named {twice!r}", remedy="rename one of them; case does not count"
        )
    for one in request.files:
        paired = next((other for other in request.files if other.name == one.topology), None)
        if one.topology and (paired is None or paired.topology or paired is one):
            raise ArgumentError(f"{one.name} is paired with {one.topology!r}, which is no topology of this deposit")


def _first_repeated(names: Sequence[str]) -> str | None:
    return next((name for position, name in enumerate(names) if name in names[:position]), None)
