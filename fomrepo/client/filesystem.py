"""``fom://FOM-402917/adk.dcd``: records as folders of a read-only file system of fsspec, which finds it by its name.

Whatever opens URLs through fsspec (pandas, xarray, dask, polars ...) reads files where they are, in blocks::

    pandas.read_csv("fom://FOM-402917/energies.csv")
    fsspec.open("fom:///enzymes/adk/adk_dims.dcd", profile="lab")

Blocks come over TLS from a site that verified the file; they are not hashed again, which only a whole file can be:
``fs.get`` does that, and so do ``fomrepo.fetch`` and ``fomrepo get``.
"""

from __future__ import annotations

import datetime
import errno
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from fsspec.callbacks import DEFAULT_CALLBACK, Callback
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

import fomrepo
from fomrepo.client.download import read_range
from fomrepo.client.paths import split_path
from fomrepo.client.record import Record
from fomrepo.client.remote_file import RemoteFile
from fomrepo.client.repository import Repository
from fomrepo.client.results.whole_file import whole_file
from fomrepo.errors import ArgumentError, NotFoundError

#: Bytes of a block: with 1 MiB the questions took two thirds of the time of reading a file from end to end.
BLOCK_BYTES = 4 * 2**20
#: Blocks that an open file keeps: at most 32 MiB of memory.
BLOCKS = 8
#: Seconds for which a description of a record is used again: opening a file asks for it several times.
RECORD_S = 10.0


class FomFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec ships no types
    """Records of a federation as folders.

    Parameters
    ----------
    address, token, ca, profile
        As :func:`fomrepo.connect` takes them; what is not given comes from the environment or the profile. A token
        that is given here goes wherever the file system is pickled to; a profile does not.
    options
        As fsspec takes them.
    """

    protocol = "fom"
    blocksize = BLOCK_BYTES

    def __init__(
        self,
        address: str | Sequence[str] | None = None,
        token: str | None = None,
        ca: str | None = None,
        profile: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._to_connect = {"address": address, "token": token, "ca": ca, "profile": profile}
        self._lock = threading.RLock()
        self._connected: Repository | None = None
        self._records: dict[str, tuple[float, Record]] = {}

    # --- what there is -----------------------------------------------------------------------------------------------

    def ls(self, path: str, detail: bool = True, **more: Any) -> list[Any]:
        """Files of a record; of the root the records that you may see."""
        path = self._strip_protocol(path)
        if not path:
            found = [_folder(one.accession, one) for one in self._repo.records()]
        else:
            name, file = _split(path)
            record = self._record(name)
            found = [_described(f"{name}/{one.name}", one) for one in record if file in (None, one.name)]
            if file is not None and not found:
                _absent(path)
        return found if detail else [one["name"] for one in found]

    def info(self, path: str, **more: Any) -> dict[str, Any]:
        """Facts of a file, or of the folder that a record is."""
        path = self._strip_protocol(path)
        if not path:
            return {"name": "", "size": 0, "type": "directory"}
        name, file = _split(path)
        return _folder(path, self._record(name)) if file is None else _described(path, self.file(path))

    def exists(self, path: str, **more: Any) -> bool:
        """Whether there is something that you may see; other errors than that there is nothing are raised."""
        try:
            self.info(path)
        except FileNotFoundError:
            return False
        return True

    def file(self, path: str) -> RemoteFile:
        """File of a path.

        Raises
        ------
        FileNotFoundError
            If there is none that you may see.
        IsADirectoryError
            If it is a record.
        """
        path = self._strip_protocol(path)
        accession, name = _split(path)
        record = self._record(accession)
        if name is None:
            raise IsADirectoryError(errno.EISDIR, "is a record", path)
        try:
            return record[name]
        except NotFoundError:
            _absent(path)

    def checksum(self, path: str) -> int:
        """Return the SHA-256 of a file, as a number."""
        return int(self.file(path).sha256, 16)

    def ukey(self, path: str) -> str:
        """Return the SHA-256 of a file, by which caches of fsspec tell that it is the same."""
        return self.file(path).sha256

    def created(self, path: str) -> datetime.datetime:
        """When a file was deposited, UTC."""
        return self._record(_split(self._strip_protocol(path))[0]).created

    modified = created

    # --- bytes -------------------------------------------------------------------------------------------------------

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **more: Any) -> bytes:
        """Bytes of a file, or of a part of it as a slice names it, in one stream."""
        file = self.file(path)
        first, last, _ = slice(start, end).indices(file.size)
        return read_range(file, self._repo._connection, first, last)

    def get_file(
        self, rpath: str, lpath: Any = None, callback: Callback = DEFAULT_CALLBACK, outfile: Any = None, **more: Any
    ) -> None:
        """Fetch a whole file onto this disk; what was there is replaced once the digest was verified."""
        if outfile is not None or not isinstance(lpath, str | os.PathLike) or self.isdir(rpath):
            super().get_file(rpath, lpath, callback=callback, outfile=outfile, **more)
            return
        file, target = self.file(rpath), Path(lpath)
        target.parent.mkdir(parents=True, exist_ok=True)
        callback.set_size(file.size)
        with whole_file(target) as part:
            file.download(part, progress=lambda done, _: callback.absolute_update(done))

    def _open(self, path: str, mode: str = "rb", block_size: int | None = None, **more: Any) -> FomFile:
        if mode != "rb":
            raise OSError(errno.EROFS, "files of records cannot be written; deposit a new version", path)
        return FomFile(self, path, block_size=block_size or self.blocksize, **more)

    def invalidate_cache(self, path: str | None = None) -> None:
        """Ask anew what there is."""
        with self._lock:
            self._records.clear()

    def close(self) -> None:
        """Close the channels to the sites; they are opened again when they are needed."""
        with self._lock:
            if self._connected is not None:
                self._connected.close()
            self._connected = None

    @property
    def _repo(self) -> Repository:
        with self._lock:
            if self._connected is None:
                self._connected = fomrepo.connect(**self._to_connect)  # type: ignore[arg-type]  # one type for all
            return self._connected

    def _record(self, name: str) -> Record:
        with self._lock:
            asked, record = self._records.get(name, (0.0, None))
        if record is None or time.monotonic() - asked > RECORD_S:
            try:
                record = self._repo[name]
            except (NotFoundError, ArgumentError):
                _absent(name)
            with self._lock:
                self._records[name] = time.monotonic(), record
        return record


class FomFile(AbstractBufferedFile):  # type: ignore[misc]  # fsspec ships no types
    """An open file of a record. It stays with the version that was newest when it was opened, also in other processes.

    Parameters
    ----------
    fs
        Its file system.
    path
        Of the file.
    block_size
        Bytes that are fetched at once.
    cache_type, cache_options, more
        As fsspec takes them; by default the last 8 blocks are kept.
    """

    def __init__(
        self,
        fs: FomFileSystem,
        path: str,
        block_size: int = BLOCK_BYTES,
        cache_type: str = "blockcache",
        cache_options: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        self._file = fs.file(path)
        if cache_type == "blockcache" and not cache_options:
            cache_options = {"maxblocks": BLOCKS}
        more["size"] = self._file.size
        versioned = f"{self._file.record.versioned}/{self._file.name}"
        super().__init__(fs, versioned, "rb", block_size, cache_type=cache_type, cache_options=cache_options, **more)

    def _fetch_range(self, start: int, end: int) -> bytes:
        return read_range(self._file, self.fs._repo._connection, start, end)


def _split(path: str) -> tuple[str, str | None]:
    try:
        return split_path(path)
    except ArgumentError:
        _absent(path)


def _folder(path: str, record: Record) -> dict[str, Any]:
    return {
        "name": path,
        "size": 0,
        "type": "directory",
        "created": record.created,
        "title": record.title,
        "path": record.path,
    }


def _described(path: str, file: RemoteFile) -> dict[str, Any]:
    return {
        "name": path,
        "size": file.size,
        "type": "file",
        "created": file.record.created,
        "sha256": file.sha256,
        "file_type": file.file_type,
    }


def _absent(path: str) -> NoReturn:
    raise FileNotFoundError(errno.ENOENT, "nothing of that name that you may see", path) from None
