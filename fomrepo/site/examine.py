"""Looks at the files of a deposit, each once: reports of the probes are kept until the deposit has ended.

A report lies beside the bytes that it is about, under the digests of all that it depends on: the file, its topology,
and the environment of the probes. So a kill, a refusal of another file or a revised draft costs no second look.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from fomrepo.errors import ArgumentError, ConflictError, DataError, FileRefusedError, MethodError, StorageError
from fomrepo.isolation.environment import GuestEnvironment
from fomrepo.model.canonical import canonical_json, sha256_hex
from fomrepo.model.deposits import Deposit, Upload
from fomrepo.site.load import Claim
from fomrepo.site.parts import SiteParts
from fomrepo.site.probe import PROBE_MEMORY_BYTES, Probed, read_report, run_probe
from fomrepo.vault.objects import digest_of, storage_errors, write_whole

#: Files of one deposit that are looked at side by side; each waits for a slot like everybody else's runs.
LOOKS_AT_ONCE = 4

#: Errors by which a file or a deposit is refused; others are the site's own trouble.
REFUSALS = (DataError, MethodError, ArgumentError, ConflictError)
Refusal: TypeAlias = DataError | MethodError | ArgumentError | ConflictError

#: What became of each file that was looked at, by its name, topologies first.
Findings: TypeAlias = Mapping[str, Probed | Refusal]

#: Where the bytes of a file lie, and device and inode of the file where others may lead the path elsewhere.
BytesThere: TypeAlias = tuple[Path, tuple[int, int] | None]


class Examination:
    """Looks at deposited files at one site."""

    def __init__(self, site: SiteParts) -> None:
        self._site = site

    def of_each(
        self, deposit: Deposit, bytes_of: Callable[[Upload], BytesThere], *, step: Callable[[str], None]
    ) -> Findings:
        """Look at each file whose bytes are all there, topologies first.

        Parameters
        ----------
        deposit
            Whose files.
        bytes_of
            Where the bytes of a file lie; raises what the file is refused by if they are not what they were.
        step
            Told what is being done.

        Raises
        ------
        SiteError
            If the sandbox could not be used; what was found until then is kept.
        """
        by_name = {upload.file.name: upload for upload in deposit.uploads}
        there = [upload for upload in deposit.uploads if upload.digest is not None]
        found: dict[str, Probed | Refusal] = {}

        def look(upload: Upload) -> Probed | Refusal:
            step(f"looking at {upload.file.name}")
            paired = by_name[upload.file.topology] if upload.file.topology else None
            topology = found.get(paired.file.name) if paired else None
            if paired is not None and not isinstance(topology, Probed):
                return _not_looked_at(upload.file.name, paired.file.name, refused=topology is not None)
            try:
                known = topology if isinstance(topology, Probed) else None
                return self._report(deposit, upload, *bytes_of(upload), known, paired)
            except REFUSALS as error:
                return error

        with ThreadPoolExecutor(min(self._site.settings.slots, LOOKS_AT_ONCE), thread_name_prefix="look") as pool:
            for second in (False, True):
                turn = [upload for upload in there if (upload.file.topology is not None) is second]
                looks = pool.map(look, turn)
                found |= {upload.file.name: one for upload, one in zip(turn, looks, strict=True)}
        return found

    def kept_report(self, upload: Upload, paired: Upload | None) -> Path:
        """Where the report of a file is kept whose bytes are there, as those of its topology are."""
        tag = _tag(upload, paired, self._site.environments.shipped)
        return self._site.vault.incoming_path(f"{upload.id}.{tag}.report")

    def _report(
        self,
        deposit: Deposit,
        upload: Upload,
        path: Path,
        identity: tuple[int, int] | None,
        topology: Probed | None,
        paired: Upload | None,
    ) -> Probed:
        """Read the report of a file, which is made if there is none."""
        site, environment = self._site, self._site.environments.shipped
        kept = self.kept_report(upload, paired)
        if kept.exists():
            with storage_errors(kept):
                return replace(read_report(upload.file, path, kept), identity=identity)
        with (
            site.slots.one(Claim(deposit.principal, deposit.project, PROBE_MEMORY_BYTES), threading.Event()),
            site.results.new_blob() as (report, stream),
        ):
            warden, ended = site.need_warden(), False
            try:
                run_probe(warden, environment, upload.file, path, topology, report=stream, identity=identity)
                ended = True
                found: Probed | Refusal = read_report(upload.file, path, report)
            except REFUSALS as error:
                need_sent_bytes(path, upload)
                found = error
            with suppress(StorageError):  # a second look is all that it costs
                if ended:
                    write_whole(kept, report.read_bytes())
            if isinstance(found, Probed):
                return replace(found, identity=identity)
            raise found


def need_sent_bytes(path: Path, upload: Upload) -> None:
    """Before a file is refused, see that it is still what was sent: otherwise not its depositor is to blame.

    Raises
    ------
    StorageError
        If the disk does not give its bytes back, or gives others.
    """
    with storage_errors(path):
        digest = digest_of(path)
    if upload.digest is not None and digest != upload.digest:
        raise StorageError(
            f"{path} does not hold the bytes of {upload.file.name} any more",
            remedy="see what the kernel says of its disk (dmesg), then give the deposit up and begin anew",
        )


def _not_looked_at(name: str, topology: str, *, refused: bool) -> FileRefusedError:
    return FileRefusedError(
        f"{name} was not looked at, because its topology {topology} {'was refused' if refused else 'is not there'}",
        remedy=f"mend {topology} first",
        facts={"reason": "topology", "file": name},
    )


def _tag(upload: Upload, paired: Upload | None, environment: GuestEnvironment) -> str:
    digests = [upload.digest, None if paired is None else paired.digest, environment.digest]
    return sha256_hex(canonical_json([*digests, upload.file.name]))[:16]
