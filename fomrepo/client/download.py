"""Bytes of a file onto this disk: continued where they stopped, kept only if their digest is right."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from fomrepo.client.connection import Connection
from fomrepo.client.results.remote_bytes import chunk_length
from fomrepo.errors import ArgumentError, DigestMismatchError, StorageError
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
        if target.exists():
            if target.stat().st_size == file.size and _digest_of(target).hexdigest() == file.sha256:
                return target
            raise ArgumentError(f"{target} exists and is another file", remedy="give another path, or move it away")
        part = target.with_name(f"{target.name}.part")
        digest = _digest_of(part) if part.exists() else hashlib.sha256()
        with part.open("ab") as output:
            done = output.tell()
            for chunk in connection.receive(
                lambda site: site.files.ReadFile,
                lambda offset: files_pb2.ReadFileRequest(record=file.record.versioned, name=file.name, offset=offset),
                length=chunk_length,
                offset=done,
            ):
                done += output.write(chunk.data)
                digest.update(chunk.data)
                if progress is not None:
                    progress(done, file.size)
                if done > file.size:
                    break
        if digest.hexdigest() != file.sha256:
            part.unlink()
            raise DigestMismatchError(
                f"the bytes of {file.name} that came are not those of {file.record.versioned}",
                remedy="download it again; if it happens again, tell the site's operator",
                facts={"expected": file.sha256, "came": digest.hexdigest()},
            )
        return part.replace(target)
    except OSError as error:
        remedy = "make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "give a path that you may write to"
        raise StorageError(f"{file.name} cannot be written to {target}: {error.strerror}", remedy=remedy) from None


def _digest_of(path: Path) -> hashlib._Hash:
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while block := content.read(_BLOCK):
            digest.update(block)
    return digest
