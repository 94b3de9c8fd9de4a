"""Files of drafts that stay where they lie: what was found when they were read, kept until the deposit has ended.

It is written once a file was read to its end, before the draft is told that it has the file. So a kill costs the file
that was being read, and no other.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from fomrepo.errors import ConflictError, StorageError
from fomrepo.model.deposits import Upload
from fomrepo.model.files import Guard, Place, ReplicaState, StatFingerprint
from fomrepo.site.parts import SiteParts
from fomrepo.vault.in_place import fingerprint_at
from fomrepo.vault.objects import ObjectStore, storage_errors, write_whole


@dataclass(frozen=True, slots=True)
class DraftPlace:
    """Where a file of a draft lies, and what its file system said of it when it had been read."""

    digest: str
    fingerprint: StatFingerprint
    place: Place

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode, which a guest has to find at the path."""
        return self.fingerprint.device, self.fingerprint.inode

    @property
    def unchanged(self) -> bool:
        """Whether it is still there, readable, and what it was; a disk that fails is a ``StorageError``."""
        with storage_errors(Path(self.place.path)):
            return fingerprint_at(self.place.path) == self.fingerprint


class DraftPlaces:
    """The places of all drafts of one site.

    Parameters
    ----------
    vault
        Among whose incoming files they are noted.
    """

    def __init__(self, vault: ObjectStore) -> None:
        self._vault = vault

    def note(self, upload: Upload, found: DraftPlace) -> None:
        """Write down where a file lies that was just read."""
        write_whole(self._vault.incoming_path(f"{upload.id}.place"), json.dumps(asdict(found)).encode())

    def of(self, upload: Upload) -> DraftPlace | None:
        """Where a file lies; None if its bytes came to the site, or were not read yet."""
        if upload.digest is None:
            return None
        try:
            told = json.loads(self._vault.incoming_path(f"{upload.id}.place").read_text())
        except (FileNotFoundError, ValueError):
            return None
        place = Place(**{**told["place"], "guard": Guard(told["place"]["guard"])})
        found = DraftPlace(told["digest"], StatFingerprint(**told["fingerprint"]), place)
        return found if found.digest == upload.digest else None

    def unchanged(self, upload: Upload) -> DraftPlace | None:
        """Where a file lies, which is what it was when it was read; None as for ``of``.

        Raises
        ------
        ConflictError
            If it changed since, vanished, or was closed to this site's user.
        """
        found = self.of(upload)
        if found is not None and not found.unchanged:
            raise ConflictError(
                f"{upload.file.name} is not what it was when it was registered, or the site cannot read it any more",
                remedy="wait until nobody changes it any more",
                facts={"reason": "changed", "file": upload.file.name},
            )
        return found


def stands_in(site: SiteParts, found: DraftPlace) -> bool:
    """Whether a site has another good copy of the same bytes, which it goes on to read.

    Nobody is told: it may be a stranger's. The file is a place of its version all the same.
    """
    known = site.catalog.replicas.get(site.name, found.digest)
    if known is None or known.state is not ReplicaState.GOOD:
        return False
    try:
        unchanged = site.copies.fingerprint(known) == known.fingerprint
    except StorageError:  # of its disk, which is not this file's
        return False
    return unchanged and (known.place is None or known.place.path != found.place.path)
