"""Disks of this site that fail: they are told as what they are, and no file and no method is blamed for them.

A guest cannot tell a damaged file from a disk that fails, or that gives other bytes without a word. So before a file or
a method is blamed, files that seem to be what they were are read to their end. A disk that fails is a ``StorageError``:
the copy stays what it was, and another site is asked. Other bytes make it ``bad``, with all that was computed from it.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from fomrepo.errors import CancelledError, DataError, MethodFailedError, StorageError
from fomrepo.model.files import Replica, ReplicaState
from fomrepo.model.results import ResolvedCall
from fomrepo.site.fixity import drop_what_came_of, settle_in_place
from fomrepo.site.log import logger
from fomrepo.site.parts import SiteParts


@contextmanager
def disk_of(site: SiteParts, call: ResolvedCall, digest: str) -> Iterator[None]:
    """Tell which file of a call a failing disk does not give, and at which site; the path is the operator's to know."""
    try:
        yield
    except StorageError as error:
        files = (file for one in call.inputs for file in (one.file, one.topology) if file is not None)
        name = next((file.name for file in files if digest in (file.digest, file.offsets_digest)), digest[:12])
        known = site.catalog.replicas.get(site.name, digest)
        place = None if known is None else known.place
        path = str(site.vault.path(digest)) if place is None else place.path
        logger.warning("a disk fails", path=path, error=error.message)
        raise StorageError(
            f"the disk of {site.name} fails: {name} cannot be read there now ({error.message.rpartition(': ')[2]})",
            remedy="try again later; the operator of the site sees in its log which disk it is",
            facts={"site": site.name, "file": name},
        ) from error


def looks_like_a_disk(error: Exception) -> bool:
    """Whether a run that failed so may have met a disk that fails: it could not read, or crashed (SIGBUS)."""
    if isinstance(error, MethodFailedError):
        return error.limit is None and error.type_name in ("", OSError.__name__)
    return isinstance(error, DataError)


def are_given_back(
    site: SiteParts, call: ResolvedCall, held: Mapping[str, Replica], cancelled: threading.Event
) -> bool:
    """Whether the disk gives back all bytes of a run's files; a copy of which it gives others is spoilt.

    Raises
    ------
    StorageError
        If a disk fails.
    CancelledError
        If the run is cancelled meanwhile.
    """
    whole = True
    for digest, replica in held.items():
        read = hashlib.sha256()
        with disk_of(site, call, digest):
            for chunk in site.copies.read(replica):
                read.update(chunk)
                if cancelled.is_set():
                    raise CancelledError("the operation was cancelled")
            if read.hexdigest() == digest:
                continue
            whole = False
            if replica.place is None:
                drop_what_came_of(site, digest, ReplicaState.BAD)
            else:
                settle_in_place(site, replica, again=True)
    return whole
