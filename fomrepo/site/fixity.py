"""Whether a copy that lies in place still has the bytes that it was registered with."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from fomrepo.errors import StorageError
from fomrepo.model.files import Replica, ReplicaState
from fomrepo.site.log import logger
from fomrepo.site.parts import SiteParts


def settle_in_place(
    site: SiteParts, known: Replica, *, again: bool, told: Callable[[int], None] = lambda _: None
) -> Replica | None:
    """Find out what a copy in place is now, and write it down: good, or stale with all that was computed from it.

    1. One thread at a time; who waited finds what the other one found.
    2. The file is read to its end, unless the file system says that it is the one that was read before. If it is not
       what it was, others are read that were registered with the same bytes, until one still has them.
    3. Good: what the file system says of it now counts from now on. Otherwise stale: it changed, vanished, or is not
       for this site's user to read any more.

    Parameters
    ----------
    site
        This site.
    known
        What the catalog said of it when the question came up.
    again
        Whether to read it though its file system says nothing new: because that may not tell everything.
    told
        Called with the bytes read so far.

    Returns
    -------
    Replica or None
        What the catalog says of it now.

    Raises
    ------
    StorageError
        If a disk fails: then it stays what it was, and nothing is answered from it.
    """
    digest = known.digest
    with site.copies.turn(digest):
        replica = site.catalog.replicas.get(site.name, digest)
        if replica is None or replica.place is None:
            return replica  # the vault has a copy meanwhile
        same = replica.state is ReplicaState.GOOD and site.copies.fingerprint(replica) == replica.fingerprint
        if same and (not again or replica.generation != known.generation):
            return replica
        failed: StorageError | None = None
        for place in (replica.place, *site.catalog.replicas.stand_ins(site.name, digest)):
            try:
                found = site.copies.read_again(replace(replica, place=place), told=told)
            except StorageError as error:
                failed, found = error, None
            if found is not None:
                break
        if found is None and failed is not None:
            raise failed
        if found is None:
            if replica.state is ReplicaState.GOOD:
                drop_what_came_of(site, digest, ReplicaState.STALE)
        elif same and place == replica.place:
            site.catalog.replicas.checked(site.name, digest, time.time())
        else:
            fingerprint, guard = found
            if site.holders is not None:
                site.holders.forget(digest)  # it holds the file that was there before
            site.ledger.flush()  # a result on its way would find another generation, and be thrown away
            there = replace(place, guard=guard, checked=time.time())
            site.catalog.replicas.finish(site.name, digest, fingerprint, there)
        return site.catalog.replicas.get(site.name, digest)


def drop_what_came_of(site: SiteParts, digest: str, state: ReplicaState) -> None:
    """Mark a copy as no longer good, close what holds it open, and delete what was computed from it."""
    logger.warning("replica spoilt", digest=digest, state=state.value)
    site.ledger.flush()  # what was computed from it is in the index, and goes with it
    if site.holders is not None:
        site.holders.forget(digest)
    for blob in site.catalog.replicas.spoil(site.name, digest, state):
        site.results.discard(blob)
