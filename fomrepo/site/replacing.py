"""Small files of a site's home that take the place of older ones: keys and certificates."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fomrepo.vault.objects import storage_errors

#: Mode of a file that was not there before: nobody else may read it.
PRIVATE_MODE = 0o600


@contextmanager
def replacing(path: Path, content: bytes) -> Iterator[None]:
    """Write a file in the place of another, which has gone when the block has ended without an error.

    Before the block, the new one is safe on the disk, beside the old one; after a kill there is one of both, whole.
    Owner and mode stay: the site may run as somebody else than root, who replaces it. A file that was not there before
    gets the owner of its folder.
    """
    fresh = path.with_name(f"{path.name}.new")
    with storage_errors(path):
        kept = path.stat() if path.exists() else None
        owner = kept or path.parent.stat()
        fresh.unlink(missing_ok=True)
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
            with os.fdopen(descriptor, "wb") as stream:
                os.fchmod(descriptor, PRIVATE_MODE if kept is None else kept.st_mode & 0o777)
                if os.geteuid() == 0:
                    os.fchown(descriptor, owner.st_uid, owner.st_gid)
                stream.write(content)
                stream.flush()
                os.fsync(descriptor)
            yield
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
