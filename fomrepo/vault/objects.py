"""Content-addressed objects in a folder: named by the SHA-256 of their bytes, written once, never changed.

``objects/ab/abcd...`` holds what is whole and verified; ``incoming/`` what is on its way. An object becomes visible
by one rename after its bytes are safe on the disk, so that a kill at any moment leaves whole objects or none.
The index of what exists is the catalog's: an object without a row is garbage.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from fomrepo.errors import NotFoundError, StorageError
from fomrepo.model.canonical import is_digest
from fomrepo.model.files import StatFingerprint

#: Errors of the operating system that mean that a disk has no room.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

#: Errors that mean that a disk fails, or that its file system is damaged: they say nothing about a file on it.
DISK_FAILS = frozenset({errno.EIO, errno.EBADMSG, errno.EUCLEAN})


class ObjectStore:
    """Objects below one folder.

    Parameters
    ----------
    folder
        Made if it is not there; must lie on one file system.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._objects = str(folder / "objects")
        with storage_errors(folder):
            for part in ("objects", "incoming"):
                (folder / part).mkdir(parents=True, exist_ok=True)

    def path(self, digest: str) -> Path:
        """Where the object of that digest is, or would be.

        Raises
        ------
        NotFoundError
            If the text is no digest: it may come from another machine, and must not climb out of the folder.
        """
        if not is_digest(digest):
            raise NotFoundError(f"{digest[:80]!r} is no digest of an object")
        return Path(f"{self._objects}/{digest[:2]}/{digest}")

    def incoming_path(self, name: str) -> Path:
        """Where bytes that are on their way under a name are collected."""
        return self.folder / "incoming" / name

    def incoming(self) -> list[Path]:
        """All that is on its way, or was left on it."""
        return list((self.folder / "incoming").iterdir())

    def fingerprint(self, digest: str) -> StatFingerprint | None:
        """What the file system says of an object now; None if it is not there."""
        return fingerprint_of(self.path(digest))

    def holds(self, digest: str) -> bool:
        """Whether an object is there and its bytes are still what its name says; reads all of them."""
        try:
            return self.gives_back(digest)
        except StorageError:
            return False

    def gives_back(self, digest: str) -> bool:
        """Whether an object is there with the bytes that its name says, as ``holds``.

        Raises
        ------
        StorageError
            If the disk fails, which says nothing about its bytes.
        """
        path = self.path(digest)
        try:
            return digest_of(path) == digest
        except OSError as error:
            if error.errno in DISK_FAILS:
                with storage_errors(path):
                    raise
            return False

    def keep(self, incoming: Path, digest: str, *, durable: bool = True) -> StatFingerprint:
        """Make collected bytes an object; the caller has verified their digest.

        1. Bytes to the disk. 2. Read-only. 3. One rename. 4. The folder's entry to the disk.
        An object that is there already stays if its bytes are good, and the collected ones go. Without ``durable`` the
        steps 1 and 4 are left out: for what can be made again and is verified whenever it is read.
        """
        target = self.path(digest)
        with storage_errors(target):
            if target.exists() and not incoming.exists():
                return _present(target)
            if durable:
                _sync(incoming, os.O_RDONLY)
            incoming.chmod(0o440)
            target.parent.mkdir(exist_ok=True)
            if self.holds(digest):
                incoming.unlink()
            else:
                incoming.rename(target)
            if durable:
                _sync(target.parent, os.O_RDONLY | os.O_DIRECTORY)
            return _present(target)

    def discard(self, digest: str) -> None:
        """Delete an object, if it is there."""
        with storage_errors(self.folder):
            self.path(digest).unlink(missing_ok=True)

    def digests(self) -> Iterator[str]:
        """Digests of all objects."""
        for folder in (self.folder / "objects").iterdir():
            yield from (path.name for path in folder.iterdir())


def fingerprint_of(path: Path) -> StatFingerprint | None:
    """What the file system says of a regular file now; None if there is none."""
    with storage_errors(path):
        try:
            found = path.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
    return StatFingerprint(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes; read, not mapped: of a disk that fails a mapping ends the whole process."""
    with path.open("rb", buffering=0) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file: after a kill it is whole, or as it was before."""
    fresh = path.with_suffix(".new")
    with storage_errors(path):
        try:
            fresh.write_bytes(content)
            fresh.rename(path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn errors of the operating system into a ``StorageError`` that names the folder and the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageError(
                f"the disk of {path} is full",
                remedy=f"free some space (see df -h {quote(str(path.parent))}) and run the command again",
            ) from error
        remedy = "see whether the disk is mounted and writable"
        if error.errno in DISK_FAILS:
            remedy = "the disk fails: see what the kernel says of it (dmesg); once it works, run the command again"
        raise StorageError(f"{path} cannot be used: {error.strerror}", remedy=remedy) from error


def _present(path: Path) -> StatFingerprint:
    found = fingerprint_of(path)
    if found is None:
        raise StorageError(f"{path} vanished while it was being stored", remedy="see who else writes into the vault")
    return found


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
