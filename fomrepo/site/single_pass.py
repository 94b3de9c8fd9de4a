"""A file in place is read once: hashed from its first byte to its last, while the probes look at the same bytes.

1. It is the file that its path leads to, and this site's user may read it by that path as well.
2. Nobody is writing: a read lease says so, or the file has rested for a while.
3. It is read once. A small one is copied into memory on the way, and the probes look at the copy. Of a larger one they
   look at the file itself, close behind the reading, and find the bytes in the page cache: the disk is read once.
4. It is still the same, and nobody wanted to write meanwhile. What its file system says of it now is what it is
   compared with from now on.
"""

from __future__ import annotations

import fcntl
import os
import stat
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from fomrepo.errors import ArgumentError, CancelledError, ConflictError, FileRefusedError
from fomrepo.model.deposits import Deposit, ExpectedFile
from fomrepo.model.files import Place, StatFingerprint
from fomrepo.site.in_place_pace import Pace
from fomrepo.site.load import Claim
from fomrepo.site.parts import SiteParts
from fomrepo.site.probe import PROBE_MEMORY_BYTES, Probed, read_report, run_probe
from fomrepo.vault.in_place import (
    BeingWrittenError,
    fingerprint_of_open,
    guard_of,
    is_made_by_a_program,
    open_in_place,
    read_once,
    take_lease,
    watched_lease,
)
from fomrepo.vault.memory import MemoryRoom


@dataclass(frozen=True, slots=True)
class HandedFile:
    """An open file that somebody on this machine has handed over."""

    #: Opened for reading with the rights of whoever hands it over.
    descriptor: int
    #: Absolute, without symbolic links.
    path: str
    #: Number of the user who handed it over, as the kernel says.
    user: int
    #: Lets go of it, and of its lease, without waiting for its file system.
    close: Callable[[], None]


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """A file in place that was read and looked at."""

    probed: Probed
    #: What the probes wrote.
    report: bytes
    digest: str
    fingerprint: StatFingerprint
    place: Place


def check_place(site: str, file: ExpectedFile, handed: HandedFile) -> None:
    """1. Compare the open file with what this site's user finds at its path.

    Raises
    ------
    ArgumentError, FileRefusedError, ConflictError
        If it cannot be registered there.
    """
    flags = fcntl.fcntl(handed.descriptor, fcntl.F_GETFL)
    if flags & os.O_PATH or flags & os.O_ACCMODE == os.O_WRONLY:
        raise ArgumentError(f"{file.name} was not opened for reading")
    if is_made_by_a_program(handed.descriptor):
        raise FileRefusedError(
            f"{file.name} lies on a file system that a program of an ordinary user plays",
            remedy="register it where it really lies, or deposit it without --in-place",
            facts={"reason": "place", "file": file.name},
        )
    if not handed.path.isprintable() or not os.path.isabs(handed.path) or os.path.normpath(handed.path) != handed.path:
        raise ArgumentError(f"{handed.path[:200]!r} is not the absolute path of a file")
    given = os.fstat(handed.descriptor)
    if not stat.S_ISREG(given.st_mode):
        raise FileRefusedError(f"{file.name} is not a regular file", facts={"reason": "place", "file": file.name})
    if given.st_size != file.size:
        raise being_written(file)
    try:
        descriptor = open_in_place(handed.path)
    except OSError:
        found = None
    else:
        found = os.fstat(descriptor)
        os.close(descriptor)
    if found is None or (found.st_dev, found.st_ino) != (given.st_dev, given.st_ino):  # which of them is not said:
        raise FileRefusedError(  # whoever asks may not know what lies where
            f"the user of {site} (number {os.geteuid()}) cannot read {file.name} at {handed.path}, or finds another "
            "file there",
            remedy=f"run the command on the site's machine, and let that user read the file and pass the folders above "
            f"it: setfacl -m u:{os.geteuid()}:rX on each of them",
            facts={"reason": "place", "file": file.name},
        )


class SinglePass:
    """Reads the files of one deposit.

    Parameters
    ----------
    site
        Where they are.
    deposit
        What they belong to.
    memory
        Room for copies of small ones.
    kept
        Ends when no file of the deposit is looked at any more: a topology is shown to the probes of its trajectories.
    """

    def __init__(self, site: SiteParts, deposit: Deposit, memory: MemoryRoom, kept: ExitStack) -> None:
        self._site, self._deposit, self._memory, self._kept = site, deposit, memory, kept

    def look(
        self, file: ExpectedFile, handed: HandedFile, topology: Probed | None, *, told: Callable[[int], None]
    ) -> PlacedFile:
        """Read a file once and find out all about it; its place was checked.

        Parameters
        ----------
        file
            What the deposit says of it.
        handed
            The open file.
        topology
            What was found of its topology; None if it needs none.
        told
            Called with the bytes read so far.

        Raises
        ------
        ConflictError
            If somebody writes to it.
        FileRefusedError
            If the probes refuse it.
        """
        leased = _lease_or_rest(file, handed.descriptor, self._site.settings.stable_s)
        with watched_lease(handed.descriptor) as still_held:
            before = fingerprint_of_open(handed.descriptor)

            def undisturbed() -> bool:
                return not leased or still_held()

            digest, (probed, report) = self._read(file, handed, before, topology, undisturbed, told)
            now = fingerprint_of_open(handed.descriptor)
            if not digest or not undisturbed() or now != before:
                raise being_written(file)
            guard = guard_of(handed.descriptor, leased=leased)
        return PlacedFile(probed, report, digest, now, Place(handed.path, guard, handed.user, time.time()))

    def _read(
        self,
        file: ExpectedFile,
        handed: HandedFile,
        fingerprint: StatFingerprint,
        topology: Probed | None,
        undisturbed: Callable[[], bool],
        told: Callable[[int], None],
    ) -> tuple[str, tuple[Probed, bytes]]:
        """3. Digest of the file, and what the probes found, as they wrote it."""
        stop = threading.Event()

        def go_on() -> bool:
            return not stop.is_set() and undisturbed()

        copy = self._kept.enter_context(self._memory.file(file.size))
        if copy is not None:
            digest = read_once(handed.descriptor, copy=copy, go_on=go_on, told=told)
            copy.flush()
            if not digest:
                raise being_written(file)
            return digest, self._probe(file, Path(copy.name), None, topology, stop)

        pace = Pace()

        def in_step(done: int) -> None:
            told(done)
            pace.keep(done)

        def read_beside() -> str:
            try:
                digest = read_once(handed.descriptor, go_on=go_on, told=in_step)
                if not digest:
                    stop.set()
                return digest
            finally:
                pace.end_reading()

        with ThreadPoolExecutor(1, thread_name_prefix="read-once") as beside:
            reading = beside.submit(read_beside)
            try:
                identity = (fingerprint.device, fingerprint.inode)
                probed = self._probe(file, Path(handed.path), identity, topology, stop, pace)
            except CancelledError:
                if not undisturbed():
                    raise being_written(file) from None
                raise
            except BaseException:
                stop.set()
                raise
            finally:
                pace.end()
            return reading.result(), probed

    def _probe(
        self,
        file: ExpectedFile,
        path: Path,
        identity: tuple[int, int] | None,
        topology: Probed | None,
        cancelled: threading.Event,
        pace: Pace | None = None,
    ) -> tuple[Probed, bytes]:
        site, deposit = self._site, self._deposit
        claim = Claim(deposit.principal, deposit.project, PROBE_MEMORY_BYTES)
        with site.slots.one(claim, cancelled), site.results.new_blob() as (report, stream):
            run_probe(
                site.need_warden(),
                site.environments.shipped,
                file,
                path,
                topology,
                report=stream,
                identity=identity,
                cancelled=cancelled,
                pace=pace,
            )
            return replace(read_report(file, path, report), identity=identity), report.read_bytes()


def _lease_or_rest(file: ExpectedFile, descriptor: int, stable_s: float) -> bool:
    """2. Whether there is a lease; without one the file has not been written to for a while."""
    try:
        if take_lease(descriptor):
            return True
    except BeingWrittenError:
        raise being_written(file) from None
    before = fingerprint_of_open(descriptor)
    rested_s = time.time() - max(before.mtime_ns, before.ctime_ns) / 1e9
    if not rested_s >= stable_s:
        time.sleep(min(max(stable_s - rested_s, 0.0), stable_s))
        if fingerprint_of_open(descriptor) != before:
            raise being_written(file)
    return False


def being_written(file: ExpectedFile) -> ConflictError:
    """Error for a file that changes, or that somebody could change, while it is read."""
    return ConflictError(
        f"somebody writes to {file.name}, or has it open for writing",
        remedy="wait until the program that writes it has ended (see fuser -v), then run the command again",
        facts={"reason": "being_written", "file": file.name},
    )
