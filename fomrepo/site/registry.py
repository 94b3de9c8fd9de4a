"""Published methods as this site believes them: every bundle verified against the pinned root key, kept by snapshot."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fomrepo.catalog import Catalog
from fomrepo.errors import MethodNotTrustedError, NotFoundError
from fomrepo.model.canonical import new_id
from fomrepo.model.methods import Bundle, version_rank
from fomrepo.model.operations import MethodRef
from fomrepo.model.statements import SignedMethod
from fomrepo.site.trust import verify_method
from fomrepo.vault.objects import storage_errors


@dataclass(frozen=True, slots=True)
class RegistrySnapshot:
    """All methods that may run, at one moment."""

    number: int
    #: Name and version -> bundle.
    methods: Mapping[tuple[str, str], Bundle]
    #: Those that are listed and not trusted, with the reason.
    refused: Mapping[tuple[str, str], MethodNotTrustedError]


class Registry:
    """Methods of the federation at this site.

    Parameters
    ----------
    catalog
        Where signed methods are listed; nothing in it is believed without its signature.
    root_public_key
        Pinned at this site.
    bundles
        Folder where bundles are unpacked for the sandbox.
    """

    def __init__(self, catalog: Catalog, root_public_key: bytes, bundles: Path) -> None:
        self._catalog = catalog
        self._root_public_key = root_public_key
        self._bundles = bundles
        self._lock = threading.Lock()
        self._snapshot = RegistrySnapshot(-1, {}, {})

    def snapshot(self) -> RegistrySnapshot:
        """All methods, as of now; read again only when the catalog has another snapshot number."""
        if self._catalog.methods.changes() == self._snapshot.number:
            return self._snapshot
        with self._lock:
            number = self._catalog.methods.changes()
            trusted: dict[tuple[str, str], Bundle] = {}
            refused: dict[tuple[str, str], MethodNotTrustedError] = {}
            for row in self._catalog.methods.published():
                try:
                    packed = self._catalog.methods.bundle(row.id) or b""
                    bundle = verify_method(SignedMethod(packed, row.approvals), root_public_key=self._root_public_key)
                    if (row.name, row.version) != (bundle.schema.name, bundle.schema.version):
                        raise MethodNotTrustedError(f"the method {row.name} {row.version} is another one in truth")
                    trusted[row.name, row.version] = bundle
                except MethodNotTrustedError as error:
                    refused[row.name, row.version] = error
            self._snapshot = RegistrySnapshot(number, trusted, refused)
            return self._snapshot

    def find(self, wanted: MethodRef) -> Bundle:
        """Find a method; the newest version if none is named.

        Raises
        ------
        MethodNotTrustedError
            If it is listed, and its signature does not hold.
        NotFoundError
            If there is none; the message names close ones.
        """
        snapshot = self.snapshot()
        methods = snapshot.methods
        versions = [version for name, version in methods if name == wanted.name]
        if wanted.version in versions or (versions and wanted.version is None):
            return methods[wanted.name, wanted.version or max(versions, key=version_rank)]
        for (name, version), error in snapshot.refused.items():
            if name == wanted.name and wanted.version in (None, version):
                raise error
        if versions:
            raise NotFoundError(
                f"there is no method {wanted}",
                remedy=f"use {wanted.name} {' or '.join(sorted(versions, key=version_rank))}",
            )
        close = difflib.get_close_matches(wanted.name, {name for name, _ in methods}, n=3)
        remedy = f"did you mean {', '.join(close)}?" if close else "see them all: fomrepo method list"
        raise NotFoundError(f"there is no method {wanted.name!r}", remedy=remedy)

    def folder_of(self, bundle: Bundle) -> Path:
        """Folder with the files of a bundle, unpacked once and compared byte for byte before each use."""
        folder = self._bundles / bundle.digest
        if not _holds(folder, bundle):
            fresh = self._bundles / new_id()
            with storage_errors(fresh):
                for path, content in bundle.files.items():
                    target = fresh / path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(content)
                    target.chmod(0o444)
            if folder.exists():
                folder.rename(self._bundles / f"changed-{new_id()}")
            try:
                fresh.rename(folder)
            except OSError:  # another thread was quicker; what it wrote is compared like anything else
                if not _holds(folder, bundle):
                    raise
        return folder


def _holds(folder: Path, bundle: Bundle) -> bool:
    """Whether a folder holds exactly the files of a bundle."""
    try:
        found = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
        return found == set(bundle.files) and all(
            (folder / path).read_bytes() == content for path, content in bundle.files.items()
        )
    except OSError:
        return False
