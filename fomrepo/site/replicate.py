"""Copies of files at other sites: asked for at one site, fetched by the other, verified before they count."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fomrepo import errors
from fomrepo.errors import FomrepoError, NoReplicaError, NotFoundError
from fomrepo.model.files import FileObject, RecordVersion, Replica, ReplicaState
from fomrepo.model.people import Principal
from fomrepo.model.placement import FETCH_LIMIT_BYTES, bytes_to_fetch
from fomrepo.site.log import log_unexpected
from fomrepo.site.parts import SiteParts
from fomrepo.site.peers import Peers
from fomrepo.site.probe import PROBE_REPORT_BYTES
from fomrepo.site.question import Resolution
from fomrepo.site.run import refresh_or_spoil
from fomrepo.site.sites_known import SitesKnown
from fomrepo.vault.receive import IncomingFile, fetch_object
from fomrepo.wire.calls import CALL_WAIT_S
from fomrepo.wire.v1 import files_pb2, sites_pb2

#: Most bytes of an object with frame offsets: what a probe may report.
OFFSETS_LIMIT_BYTES = PROBE_REPORT_BYTES


#: Objects fetched for calls are remembered until so many others were; after that they are read again, at worst.
GATHERED_REMEMBERED = 10_000


class ReplicateDesk:
    """Makes copies at this site, and asks other sites to make theirs."""

    def __init__(self, site: SiteParts, peers: Peers, known: SitesKnown) -> None:
        self._site, self._peers, self._known = site, peers, known
        self._lock = threading.Lock()
        self._fetching: dict[str, _Fetching] = {}
        self._turns = _Turns()
        #: Who had which object fetched for a call of his.
        self._gathered: dict[tuple[str, str], None] = {}

    def to_site(self, principal: Principal, version: RecordVersion, site: str) -> files_pb2.ReplicateReply:
        """Ask for a copy of a record's files at a site; tells how far it is."""
        if site not in self._known.entries():
            known = ", ".join(sorted(self._known.entries()))
            raise NotFoundError(f"no site is named {site!r}", remedy=f"name one of {known}")
        if site == self._site.name:
            return self.fetch_here(principal, version)
        record = f"{version.accession}.v{version.number}"
        return self._peers.fetch(site, sites_pb2.PeerFetchRequest(record=record), principal=principal.id)

    def fetch_here(self, principal: Principal, version: RecordVersion) -> files_pb2.ReplicateReply:
        """Fetch what this site lacks of a record; the same request again tells how far it is.

        An error of the fetch is raised to whoever asks next, and the request after that tries again.
        """
        with self._lock:
            running = self._fetching.get(version.version_id)
            if running is None:
                running = self._fetching[version.version_id] = _Fetching(self._site, self._peers, self._turns, version)
                running.start()
        running.ended.wait(CALL_WAIT_S)
        if running.ended.is_set():
            with self._lock:
                self._fetching.pop(version.version_id, None)
            if running.error is not None:
                raise running.error
        return files_pb2.ReplicateReply(done=running.ended.is_set(), copied=running.copied, total=running.total)

    def gather(self, known: Resolution, principal: str) -> bool:
        """Fetch what this site lacks of the files that a call reads, if no site has all and it is little.

        Such a copy is in no list and serves no other call by being there: nobody put the record here. Whoever asks for
        the first time has it read again, so that the time does not tell whether somebody else has asked before.

        Returns
        -------
        bool
            Whether this site has all of them only by that.
        """
        call, good = known.call, known.good()
        size = bytes_to_fetch(good, call.objects, call.sizes).get(self._site.name)
        put_here = good.get(self._site.name, ())
        if size is None or size > FETCH_LIMIT_BYTES or set(call.objects) <= set(put_here):
            return False
        for one in call.inputs:
            fetching = _Fetching(self._site, self._peers, self._turns, one.version)
            for digest in set(one.objects) - set(put_here):
                with self._turns.of(digest):
                    fetching.fetch(digest, call.sizes.get(digest), known=(principal, digest) in self._gathered)
                with self._lock:
                    self._gathered[principal, digest] = None
                    if len(self._gathered) > GATHERED_REMEMBERED:
                        del self._gathered[next(iter(self._gathered))]
        return True


class _Turns:
    """Lets one thread at a time fetch an object: versions share files, and two would write into one another's part."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken: set[str] = set()

    @contextmanager
    def of(self, digest: str) -> Iterator[None]:
        """Wait for the turn at an object and hold it during the ``with`` block."""
        with self._changed:
            self._changed.wait_for(lambda: digest not in self._taken)
            self._taken.add(digest)
        try:
            yield
        finally:
            with self._changed:
                self._taken.remove(digest)
                self._changed.notify_all()


class _Fetching(threading.Thread):
    """Fetches the objects of one version."""

    def __init__(self, site: SiteParts, peers: Peers, turns: _Turns, version: RecordVersion) -> None:
        super().__init__(name="fetch-replica", daemon=True)
        self._site, self._peers, self._turns = site, peers, turns
        self._version = version
        self._objects = {file.digest: file.size for file in version.files}
        self._offsets = [file.offsets_digest for file in version.files if file.offsets_digest]
        self.total = sum(self._objects.values())
        self.copied = 0
        self.ended = threading.Event()
        self.error: FomrepoError | None = None

    def run(self) -> None:
        """Fetch one object after the other, offsets last: a replica is usable when all are there."""
        replicas, version_id, here = self._site.catalog.replicas, self._version.version_id, self._site.name
        try:
            known = replicas.placed_content(version_id, here)
            replicas.coming(version_id, here)
            for digest, size in self._objects.items():
                with self._turns.of(digest):
                    self.fetch(digest, size, known=digest in known)
                self.copied += size
            for digest in self._offsets:
                with self._turns.of(digest):
                    self.fetch(digest, None)
            replicas.place(version_id, here)
        except FomrepoError as error:
            self.error = error
        except Exception as error:
            self.error = log_unexpected(error)
        finally:
            self.ended.set()

    def fetch(self, digest: str, size: int | None, *, known: bool = True) -> None:
        """Copy one object from a site that has a good one, unless it is here and good.

        If it is here for others only (not ``known`` to those who see this record), it is read again all the same: a
        copy that was there at once would tell that somebody else has the same bytes.
        """
        site = self._site
        replica = site.catalog.replicas.get(site.name, digest)
        if replica is not None and _is_good_here(site, replica):
            if not known:
                self._read(digest)
            return
        if replica is not None and replica.state is ReplicaState.GOOD:
            refresh_or_spoil(site, digest)
            if digest in site.catalog.replicas.good([digest]).get(site.name, ()):
                return
        sources = self._sources(digest)
        site.catalog.replicas.begin(site.name, digest)
        last: FomrepoError = NoReplicaError(f"object {digest[:12]} could not be fetched")
        for source in sources:
            try:
                expected = size if size is not None else OFFSETS_LIMIT_BYTES
                with IncomingFile(site.vault.incoming_path(f"{digest}.replica"), expected) as incoming:
                    chunks = self._peers.read_object(source, digest, offset=incoming.received)
                    fingerprint = fetch_object(site.vault, digest, chunks, incoming)
                site.catalog.replicas.finish(site.name, digest, fingerprint)
                return
            except (errors.NetworkError, errors.DataError, errors.NotFoundError, errors.StorageError) as error:
                last = error
        raise last

    def _read(self, digest: str) -> None:
        """Read one object from where the version is, for nothing."""
        last: FomrepoError = NoReplicaError(f"object {digest[:12]} could not be fetched")
        for source in self._sources(digest):
            try:
                for _ in self._peers.read_object(source, digest):
                    pass
                return
            except (errors.NetworkError, errors.NotFoundError) as error:
                last = error
        raise last

    def _sources(self, digest: str) -> list[str]:
        """Sites where the version was put and that hold a good copy of an object of it."""
        found = sorted(_holders(self._site, self._version, digest) - {self._site.name})
        if not found:
            raise NoReplicaError(
                f"no other site holds a good copy of object {digest[:12]}", remedy="deposit the file again"
            )
        return found


def _is_good_here(site: SiteParts, replica: Replica) -> bool:
    return replica.state is ReplicaState.GOOD and site.copies.fingerprint(replica) == replica.fingerprint


def _holders(site: SiteParts, version: RecordVersion, digest: str) -> set[str]:
    """Sites where a version was put and that hold a good copy of an object; what others put elsewhere is theirs."""
    placed = site.catalog.replicas.placed([version.version_id])[version.version_id]
    return {name for name, held in site.catalog.replicas.good([digest]).items() if digest in held} & placed


def read_file(
    site: SiteParts, peers: Peers, version: RecordVersion, file: FileObject, *, offset: int, length: int = 0
) -> Iterator[bytes]:
    """Bytes of a file, from this site's vault or through it from another; a ``length`` of 0 means all to its end."""
    end = min(offset + length, file.size) if length else file.size
    holders = _holders(site, version, file.digest)
    replica = site.catalog.replicas.get(site.name, file.digest)
    last: FomrepoError = NoReplicaError(
        f"no site holds a good copy of {file.name} now", remedy=f"see where it is: fomrepo show {version.versioned}"
    )
    for source in sorted(holders, key=lambda one: (one != site.name, one)):
        if offset >= end:
            return
        try:
            if source != site.name:
                chunks = peers.read_object(source, file.digest, offset=offset, length=end - offset)
            elif replica is not None and _is_good_here(site, replica):
                chunks = site.copies.read(replica, offset=offset, length=end - offset)
            else:
                continue
            for data in chunks:
                offset += len(data)
                yield data
            return
        except (errors.NetworkError, errors.NotFoundError, errors.StorageError) as error:
            last = error
    raise last
