"""What a site believes of the federation's root, list and lease: the client's half of The Update Framework.

The documents come from the catalog, which anybody may have written to. `tuf`'s own updater verifies them in the order
of its specification: each root by the one before it, the lease, the snapshot that the lease names, the list that the
snapshot names; what was seen before is remembered on the disk, and nothing older is believed.
"""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from tuf.api.exceptions import DownloadError, DownloadHTTPError, ExpiredMetadataError, RepositoryError
from tuf.api.metadata import Metadata, Snapshot, Targets, Timestamp
from tuf.api.serialization import DeserializationError
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from fomrepo.catalog.trust import LEASE_DOCUMENT
from fomrepo.errors import FomrepoError, MethodNotTrustedError, SiteError
from fomrepo.model.trust import MethodList, TrustRoot
from fomrepo.site.trust_documents import read_list, read_root
from fomrepo.vault.objects import storage_errors

#: Longest documents that are read, in bytes. A list says 250 bytes of each method; ours has some dozens.
LONGEST_ROOT = 2**20
LONGEST_LIST = 4 * 2**20
LONGEST_OTHER = 2**14
#: Rotations of the root that are followed at once.
MOST_ROOTS = 1024

#: Documents by name and greatest length; None if there is none.
Source = Callable[[str, int], bytes | None]


@dataclass(frozen=True, slots=True)
class NewestLease:
    """The newest lease whose signature holds, run out or not."""

    #: What lies where all sites look, whatever it is.
    offered: bytes
    #: Of the newest root that was verified here.
    root: int
    version: int
    list_version: int
    #: Seconds since 1970; 0 if it is not the one that is offered.
    ends: float
    #: Ids of the keys that may sign leases.
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Trusted:
    """What holds at one moment."""

    root: TrustRoot
    listed: MethodList
    #: Seconds since 1970 when the lease and the list run out.
    lease_ends: float
    list_ends: float
    #: Ids of the keys that may sign leases, and lists.
    lease_keys: frozenset[str]
    list_keys: frozenset[str]


class TrustedList:
    """The documents that one site has verified.

    Parameters
    ----------
    source
        Where documents come from; not trusted.
    folder
        Where this site remembers what it has seen.
    pinned_root
        The root that the site got when it was made.
    """

    def __init__(self, source: Source, folder: Path, pinned_root: bytes) -> None:
        self._source, self._folder, self._pinned = source, folder, pinned_root
        logging.getLogger("tuf").setLevel(logging.ERROR)  # what it warns of, we raise

    def refresh(self) -> Trusted:
        """Verify the newest documents; all of them or nothing.

        Raises
        ------
        MethodNotTrustedError
            If a document is not signed as it must be, older than one seen before, does not fit the others, or is no
            document of ours.
        SiteError
            If nobody has said for too long that this is the newest list.
        """
        config = UpdaterConfig(
            max_root_rotations=MOST_ROOTS,
            root_max_length=LONGEST_ROOT,
            timestamp_max_length=LONGEST_OTHER,
            snapshot_max_length=LONGEST_OTHER,
            targets_max_length=LONGEST_LIST,
        )
        fetcher = _FromSource(self._source)
        with only_one(self._folder):
            try:
                Updater(
                    str(self._folder), "catalog:/", fetcher=fetcher, config=config, bootstrap=self._pinned
                ).refresh()
            except (RepositoryError, DownloadError) as error:
                raise _refusal(error) from error
            return self._trusted()

    def root(self) -> bytes:
        """Newest root that was verified here; the pinned one before the first refresh."""
        path = self._folder / "root.json"
        return path.read_bytes() if path.exists() else self._pinned

    def newest_lease(self) -> NewestLease:
        """Find the newest of the lease that is offered and the one that is remembered here, run out or not.

        Raises
        ------
        MethodNotTrustedError
            If neither is signed by somebody who may.
        """
        offered = self._source(LEASE_DOCUMENT, LONGEST_OTHER) or b""
        remembered = self._folder / LEASE_DOCUMENT
        root = read_root(self.root())[0].signed
        keys = frozenset(root.roles[Timestamp.type].keyids)
        found, refusal = [], None
        for content in (offered, remembered.read_bytes() if remembered.exists() else b""):
            try:
                document = Metadata[Timestamp].from_bytes(content)
                root.verify_delegate(Timestamp.type, document.signed_bytes, document.signatures)
            except (RepositoryError, DeserializationError) as error:
                refusal = refusal or error
            else:
                lease = document.signed
                ends = lease.expires.timestamp() if content == offered else 0.0
                found.append(NewestLease(offered, root.version, lease.version, lease.snapshot_meta.version, ends, keys))
        if not found:
            raise _refusal(refusal or RepositoryError("there is no lease")) from refusal
        return max(found, key=lambda one: (one.version, one.ends))

    def _trusted(self) -> Trusted:
        """Read what was just verified."""
        document, root = read_root(self.root())
        lease = Metadata[Timestamp].from_bytes((self._folder / LEASE_DOCUMENT).read_bytes()).signed
        snapshot = Metadata[Snapshot].from_bytes((self._folder / "snapshot.json").read_bytes()).signed
        roles = document.signed.roles
        return Trusted(
            root=root,
            listed=read_list((self._folder / "targets.json").read_bytes()),
            lease_ends=lease.expires.timestamp(),
            list_ends=snapshot.expires.timestamp(),
            lease_keys=frozenset(roles[Timestamp.type].keyids),
            list_keys=frozenset(roles[Targets.type].keyids),
        )


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Be the only one who reads or writes what is remembered in a folder; the lock goes with the process."""
    with storage_errors(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        with (folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class _FromSource(FetcherInterface):
    """Gives the updater its documents."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = unquote(url.rpartition("/")[2])
        longest = LONGEST_LIST if name.endswith("targets.json") else LONGEST_ROOT if "root" in name else LONGEST_OTHER
        content = self._source(name, longest)
        if content is None:
            raise DownloadHTTPError(f"there is no {name} of at most {longest} bytes", 404)
        return iter((content,))


def _refusal(error: Exception) -> FomrepoError:
    if isinstance(error.__cause__, FomrepoError):  # the catalog could not be read
        return error.__cause__
    if isinstance(error, ExpiredMetadataError):
        return SiteError(
            f"nobody has confirmed lately which methods may run ({error}); this site runs none until somebody does",
            remedy="see whether the clocks of the sites agree, and which sites are up: fomrepo site status",
        )
    return MethodNotTrustedError(
        f"the signed list of methods is refused: {error}",
        remedy="tell the operators of the federation; nothing was run",
    )
