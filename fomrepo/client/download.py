"""Bytes of a file: whole ones onto this disk, continued where they stopped and verified; or a range of them."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from fomrepo.client.connection import Connection
from fomrepo.client.part_file import PartFile
from fomrepo.client.turns import cache_folder, in_turn
from fomrepo.errors import ArgumentError, DigestMismatchError, OutcomeRefusedError, StorageError
from fomrepo.model.files import check_file_name
from fomrepo.wire.v1 import files_pb2

if TYPE_CHECKING:
    from fomrepo.client.remote_file import RemoteFile

#: Called with bytes done and bytes in all.
DownloadProgress: TypeAlias = Callable[[int, int], None]

_BLOCK = 2**20


def download_file(file: RemoteFile, path: Path, connection: Connection, progress: DownloadProgress | None) -> Path:
    """Fetch a file as :meth:`RemoteFile.download` says."""
    target = path.expanduser()
    try:
        if target.is_dir():
            target = target / check_file_name(file.name)  # the name came from a site
        with in_turn(cache_folder(), "download", str(target.absolute())):
            if _fetched(file, target, connection, progress):
                return target
    except OSError as error:
        remedy = "make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "give a path that you may write to"
        raise StorageError(f"{file.name} cannot be written to {target}: {error.strerror}", remedy=remedy) from None
    raise DigestMismatchError(
        f"the bytes of {file.name} that came are not those of {file.record.versioned}",
        remedy="download it again; if it happens again, tell the site's operator",
        facts={"expected": file.sha256},
    )


def _fetched(file: RemoteFile, target: Path, connection: Connection, progress: DownloadProgress | None) -> bool:
    """Fetch a file, unless it is there; False if other bytes came, which are thrown away."""
    if target.exists():
        if target.stat().st_size == file.size and digest_of(target) == file.sha256:
            return True
        raise ArgumentError(f"{target} exists and is another file", remedy="give another path, or move it away")
    with PartFile(target, file.sha256) as part:
        for data in _chunks(file, connection, part.size) if part.size < file.size else ():
            part.append(data)
            if progress is not None:
                progress(part.size, file.size)
            if part.size > file.size:
                break
        return part.complete()


def read_range(file: RemoteFile, connection: Connection, start: int, end: int) -> bytes:
    """Bytes of a file from ``start`` to before ``end``, in one piece; not verified, which only the whole can be.

    Raises
    ------
    OutcomeRefusedError
        If another number of bytes comes than was asked for.
    """
    end = min(end, file.size)
    if start >= end:
        return b""
    received = bytearray()
    for data in _chunks(file, connection, start, end):
        received += data
        if len(received) > end - start:
            break
    if len(received) != end - start:
        raise OutcomeRefusedError(
            f"{end - start} bytes of {file.name} were asked for; {len(received)} came",
            remedy="try again; if it happens again, tell the site's operator",
        )
    return bytes(received)


def digest_of(path: Path) -> str:
    """SHA-256 of a file on this disk."""
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while block := content.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _chunks(file: RemoteFile, connection: Connection, start: int, end: int | None = None) -> Iterator[memoryview]:
    """Bytes from ``start`` to before ``end`` or to the file's end, as they come."""

    def request(offset: int) -> files_pb2.ReadFileRequest:
        length = 0 if end is None else end - offset
        return files_pb2.ReadFileRequest(record=file.record.versioned, name=file.name, offset=offset, length=length)

    for chunk in connection.receive(lambda site: site.read_file, request, offset=start):
        yield chunk
        start += len(chunk)
        if start == end:  # another site, if this one fell silent now, would be asked for 0 bytes, which means all
            return
