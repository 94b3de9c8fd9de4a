"""Files of records on this disk, by their content: fetched once, verified, and dropped when others are used more.

``FOLDER/files/ab/ab12...`` has one folder for each content::

    .content       the bytes, read-only
    .verified      their size and time of writing when they were last hashed; its own time of writing is the last use
    adk.dcd        a hard link to the content for each name that it has in records: programs go by suffixes
    .adk.dcd...    what programs keep beside it, such as MDAnalysis its offsets: they stay as long as the content

The folder is ``FOMREPO_CACHE``, else that of the user's caches; ``FOMREPO_CACHE_GIB`` says how much it may hold.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fomrepo.client.download import DownloadProgress, digest_of
from fomrepo.client.progress import watched_files
from fomrepo.client.several_files import fetch_several
from fomrepo.client.turns import cache_folder, in_turn
from fomrepo.errors import OutcomeRefusedError, SettingsError, StorageError
from fomrepo.model.files import check_file_name

if TYPE_CHECKING:
    from fomrepo.client.remote_file import RemoteFile

#: What the cache may hold if ``FOMREPO_CACHE_GIB`` does not say it: a few trajectories of the usual size.
LIMIT_GIB = 20.0
#: Seconds for which what was asked for is never dropped: a script may open late what it fetched early.
FRESH_S = 3600.0

#: Files of records have no such names.
_CONTENT, _NOTE = ".content", ".verified"
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FileCache:
    """A folder of files by content. Processes and threads may share it."""

    folder: Path
    #: What it may hold; more only while all of it is fresh or just asked for.
    limit_bytes: int

    @classmethod
    def of_this_user(cls) -> FileCache:
        """Return the cache as the environment says.

        Raises
        ------
        SettingsError
            If ``FOMREPO_CACHE_GIB`` is no size.
        """
        named = os.environ.get("FOMREPO_CACHE_GIB") or str(LIMIT_GIB)
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", named):
            raise SettingsError(
                f"FOMREPO_CACHE_GIB is {named!r}, which is no size", remedy="export FOMREPO_CACHE_GIB=20"
            )
        return cls(cache_folder(), int(float(named) * 2**30))

    def paths(self, files: Sequence[RemoteFile], *, verbose: bool = False) -> tuple[Path, ...]:
        """Where the files are, fetched if they were not here; each under its own name, read-only.

        Parameters
        ----------
        files
            Which.
        verbose
            Whether to show a progress bar.

        Raises
        ------
        DigestMismatchError
            If the bytes that came are not those of the record.
        StorageError
            If the cache cannot be written.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # others of this machine may not see the records
            with watched_files("fetch") if verbose else nullcontext() as progress:
                found = fetch_several(files, self._path, progress=progress)
            with suppress(FileNotFoundError):  # another program drops, too
                self._drop_what_is_too_much(keep={file.sha256 for file in files})
        except OSError as error:
            raise StorageError(
                f"the cache {self.folder} cannot be used: {error.strerror}",
                remedy="name a folder with room that you may write to: export FOMREPO_CACHE=FOLDER",
            ) from None
        return tuple(found)

    def _path(self, file: RemoteFile, progress: DownloadProgress) -> Path:
        """1. One process at a time. 2. The content, if it is not here. 3. Its name."""
        if not _DIGEST.fullmatch(file.sha256):
            raise OutcomeRefusedError(f"a site says that {file.name!r} has the digest {file.sha256[:80]!r}")
        entry = self.folder / "files" / file.sha256[:2] / file.sha256
        path, content = entry / check_file_name(file.name), entry / _CONTENT
        with in_turn(self.folder, "content", file.sha256):
            entry.mkdir(parents=True, exist_ok=True)
            if not _is_intact(entry, file.sha256):
                for one in entry.iterdir():
                    if not one.name.startswith(f"{_CONTENT}.part"):
                        one.unlink()
                file.download(content, progress=progress)
                content.chmod(0o444)
                _note(entry)
            os.utime(entry / _NOTE)
            if not (path.exists() and path.samefile(content)):
                path.unlink(missing_ok=True)
                path.hardlink_to(content)
        return path

    def _drop_what_is_too_much(self, *, keep: set[str]) -> None:
        """Drop entries, least recently used first, until the others fit."""
        entries = sorted((_last_use(one), one) for one in (self.folder / "files").glob("??/*"))
        sizes = {one: _size(one) for _, one in entries}
        held = sum(sizes.values())
        for last_use, entry in entries:
            if held <= self.limit_bytes or last_use > time.time() - FRESH_S:
                return
            if entry.name in keep:
                continue
            with in_turn(self.folder, "content", entry.name, wait=False) as ours:
                if ours:  # nobody is fetching it
                    shutil.rmtree(entry)
                    held -= sizes[entry]


def _is_intact(entry: Path, digest: str) -> bool:
    """Whether the content is here; one that was written after it was verified is hashed again."""
    content, note = entry / _CONTENT, entry / _NOTE
    if not content.exists():
        return False
    if note.exists() and note.read_text() == _fingerprint(content):
        return True
    if digest_of(content) != digest:
        return False
    _note(entry)
    return True


def _note(entry: Path) -> None:
    (entry / _NOTE).write_text(_fingerprint(entry / _CONTENT))


def _fingerprint(content: Path) -> str:
    seen = content.stat()
    return f"{seen.st_size} {seen.st_mtime_ns}"


def _last_use(entry: Path) -> float:
    note = entry / _NOTE
    return (note if note.exists() else entry).stat().st_mtime


def _size(entry: Path) -> int:
    """Bytes of an entry; links to one content count once."""
    seen = [one.stat() for one in entry.iterdir()]
    return sum({one.st_ino: one.st_size for one in seen}.values())
