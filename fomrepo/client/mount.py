"""``fomrepo mount``: the file system of filesystem.py for programs that know nothing but files, by FUSE.

::

    DIR/FOM-402917/adk_dims.dcd        the newest version of a record
    DIR/FOM-402917.v1/adk_dims.dcd     a certain one; not listed, but there
    DIR/enzymes/adk                    a link to the record of that path
"""

from __future__ import annotations

import errno
import itertools
import math
import os
import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeVar

from fomrepo.client.results.optional import imports_for
from fomrepo.errors import ArgumentError, FomrepoError, SettingsError, StorageError

if TYPE_CHECKING:
    from fomrepo.client.filesystem import FomFile, FomFileSystem

#: Seconds for which the list of records is used again, and the kernel believes what it was told of names.
NAMES_S = 10.0
#: What does without FUSE the same.
INSTEAD = "fomrepo.fetch(...) and fom:// need no FUSE"

Answer = TypeVar("Answer")

_FOLDER, _FILE, _LINK = stat.S_IFDIR | 0o555, stat.S_IFREG | 0o444, stat.S_IFLNK | 0o777


class RecordTree:
    """Answers the kernel: the operations of FUSE that reading needs, as mfusepy calls them. Threads may share it.

    Parameters
    ----------
    fs
        What it shows.
    ready
        Called once the kernel has mounted it.
    say
        Told what went wrong: the kernel can only pass on a number.
    """

    use_ns = True  # times are integers

    def __init__(self, fs: FomFileSystem, *, ready: Callable[[], None], say: Callable[[str], None]) -> None:
        self._fs, self._ready, self._say = fs, ready, say
        self.mounted = False
        self._handles = itertools.count(1)
        self._open: dict[int, tuple[FomFile, threading.Lock]] = {}
        self._listing = threading.Lock()
        self._listed: tuple[float, list[dict[str, Any]]] = (-math.inf, [])

    def init(self, path: str) -> None:
        """It is mounted."""
        self.mounted = True
        self._ready()

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        """Facts of a file, folder or link."""
        first, _, rest = path[1:].partition("/")
        if not first:
            return _facts(_FOLDER)
        if not first.startswith("FOM-"):
            return _facts(_LINK, size=len(self.readlink(path))) if rest else self._project(first)
        info = self._asked(path, lambda: self._fs.info(path[1:]))
        mode = _FOLDER if info["type"] == "directory" else _FILE
        return _facts(mode, size=info["size"], created_s=info["created"].timestamp())

    def readdir(self, path: str, fh: int) -> list[str]:
        """Names in a folder."""
        if path == "/":
            records = self._records()
            names = [str(one["name"]) for one in records] + sorted({_project_of(one) for one in records})
        elif not path.startswith("/FOM-"):
            names = [_name_of(one) for one in self._records() if _project_of(one) == path[1:]]
        else:
            found = self._asked(path, lambda: self._fs.ls(path[1:], detail=False))
            names = [one.rpartition("/")[2] for one in found]
        return [".", "..", *names]

    def readlink(self, path: str) -> str:
        """Where the path of a record leads: to its accession."""
        for one in self._records():
            if one["path"] == path:
                return f"../{one['name']}"
        raise FileNotFoundError(errno.ENOENT, "no such record", path)

    def open(self, path: str, flags: int) -> int:
        """Open a file for reading, and return its handle."""
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(errno.EROFS, "files of records cannot be written", path)
        file = self._asked(path, lambda: self._fs.open(path[1:]))
        handle = next(self._handles)
        self._open[handle] = file, threading.Lock()
        return handle

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        """Bytes of an open file."""
        file, lock = self._open[fh]

        def at_offset() -> bytes:
            file.seek(offset)
            return bytes(file.read(size))

        with lock:
            return self._asked(path, at_offset)

    def release(self, path: str, fh: int) -> int:
        """Close an open file."""
        file, _ = self._open.pop(fh)
        file.close()
        return 0

    def _project(self, name: str) -> dict[str, int]:
        if all(_project_of(one) != name for one in self._records()):
            raise FileNotFoundError(errno.ENOENT, "no such project", name)
        return _facts(_FOLDER)

    def _records(self) -> list[dict[str, Any]]:
        with self._listing:
            if time.monotonic() - self._listed[0] > NAMES_S:
                self._listed = time.monotonic(), self._asked("/", lambda: self._fs.ls(""))
            return self._listed[1]

    def _asked(self, path: str, question: Callable[[], Answer]) -> Answer:
        """Ask a site; what it cannot answer is an error of input and output, and is said."""
        try:
            return question()
        except FomrepoError as error:
            self._say(f"{path}: {error}")
            raise OSError(errno.EIO, error.message, path) from None


def mount(fs: FomFileSystem, folder: Path, *, ready: Callable[[], None], say: Callable[[str], None]) -> None:
    """Show records below a folder until Ctrl-C, SIGTERM or ``fusermount3 -u``.

    1. The folder is empty. 2. mfusepy and libfuse are there. 3. The kernel lets us. 4. A site answers. 5. Serve.

    Raises
    ------
    ArgumentError
        If the folder is none, or has something in it.
    SettingsError
        If this machine has no FUSE, or does not let this user mount; the message says which.
    """
    try:
        if any(folder.iterdir()):
            raise ArgumentError(
                f"{folder} is not empty", remedy=f"give an empty folder: mkdir {quote(f'{folder}/records')}"
            )
    except NotADirectoryError:
        raise ArgumentError(f"{folder} is no folder", remedy="give an empty folder") from None
    except FileNotFoundError:
        raise ArgumentError(f"there is no folder {folder}", remedy=f"mkdir -p {quote(str(folder))}") from None
    except OSError as error:
        raise StorageError(f"{folder} cannot be read: {error.strerror}", remedy="give a folder of your own") from None
    mfusepy = _fuse()
    fs.ls("")
    tree = RecordTree(fs, ready=ready, say=say)
    options = {"attr_timeout": NAMES_S, "entry_timeout": NAMES_S, "negative_timeout": NAMES_S}
    try:
        mfusepy.FUSE(tree, str(folder.absolute()), foreground=True, ro=True, noexec=True, fsname="fomrepo", **options)
    except RuntimeError:  # also at the end, if a signal brought it
        if not tree.mounted:
            raise SettingsError(
                f"this machine does not let you mount {folder}; libfuse said why, above",
                remedy=f"ask an administrator whether users may mount by FUSE; {INSTEAD}",
            ) from None


def _fuse() -> Any:
    """Return mfusepy, where the kernel and the system have what it needs."""
    try:
        if sys.platform == "linux":
            os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        raise SettingsError(
            f"this machine does not let you mount: /dev/fuse: {error.strerror}",
            remedy=f"ask an administrator for it, in a container: --device /dev/fuse --cap-add SYS_ADMIN; {INSTEAD}",
        ) from None
    with imports_for("fomrepo mount", install="fomrepo[mount]"):
        try:
            import mfusepy
        except OSError:
            raise SettingsError(
                "fomrepo mount needs libfuse, which is not installed",
                remedy=f"apt-get install fuse3, or as this system installs it; {INSTEAD}",
            ) from None
    return mfusepy


def _project_of(record: dict[str, Any]) -> str:
    return str(record["path"]).split("/")[1]


def _name_of(record: dict[str, Any]) -> str:
    return str(record["path"]).split("/")[2]


def _facts(mode: int, *, size: int = 0, created_s: float = 0.0) -> dict[str, int]:
    return {
        "st_mode": mode,
        "st_nlink": 2 if stat.S_ISDIR(mode) else 1,
        "st_size": size,
        "st_blocks": -(-size // 512),
        "st_mtime": int(created_s * 1e9),
        "st_ctime": int(created_s * 1e9),
        "st_uid": os.getuid(),
        "st_gid": os.getgid(),
    }
