"""Life of a deposit, seen from the client.

1. The files are looked at here: present, regular, not empty, with names that a record can hold. Nothing is sent before.
2. A draft is opened under a key made of what is deposited, so that the same command again continues it.
3. Each file is handed over at the door of a site on this machine; otherwise it is streamed from where the draft has it,
   hashed on the way, and the last message carries the digest.
4. The site is asked how far its probes are until the deposit is accepted or refused.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any, TypeAlias

from fomrepo.client.connection import Connection
from fomrepo.client.deposit_door import bring_file
from fomrepo.client.deposit_draft import ENDED
from fomrepo.client.deposit_in_place import refuse_mixture, register_in_place
from fomrepo.client.deposit_send import LocalFile
from fomrepo.errors import ArgumentError
from fomrepo.installed_types import InstalledType, installed_types
from fomrepo.model.canonical import canonical_json, sha256_hex
from fomrepo.model.deposits import DepositState, ExpectedFile
from fomrepo.model.files import check_file_name
from fomrepo.wire.calls import CALL_WAIT_S
from fomrepo.wire.failures import failure_from_wire
from fomrepo.wire.v1 import deposits_pb2, sites_pb2

#: Pause between two questions how far the probes are, when the site answers at once.
POLL_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class DepositProgress:
    """How far a deposit is."""

    #: What is being done, for people.
    step: str
    #: Bytes that the site has, of all files together.
    done: int
    total: int
    #: How the last file came there, ``door`` or ``wire``; empty before.
    way: str = ""


DepositListener: TypeAlias = Callable[[DepositProgress], None]


def deposit_files(
    connection: Connection,
    paths: tuple[Path, ...],
    *,
    title: str,
    project: str,
    name: str,
    new_version_of: str,
    claims: Mapping[str, Any],
    progress: DepositListener | None,
    wire: bool = False,
    in_place: bool = False,
    door: Path | None = None,
) -> str:
    """Deposit files as :meth:`Repository.deposit` says; return the accession with its version."""
    files = look_at_files(paths)
    if new_version_of and (project or name):
        raise ArgumentError(
            f"a new version of {new_version_of} stays in its project, under its name",
            remedy="leave out --project and --name (project=, name=), or deposit a record of its own",
        )
    if not title.strip():
        raise ArgumentError("the deposit has no title", remedy="say in a sentence what it is: --title, or title=")
    request = deposits_pb2.BeginDepositRequest(
        idempotency_key=_key(files, title, project, name, new_version_of, claims),
        title=title,
        project=project,
        name=name,
        new_version_of=new_version_of,
        files=[
            deposits_pb2.FileToCome(
                name=one.expected.name, size=one.expected.size, topology=one.expected.topology or ""
            )
            for one in files
        ],
        claims_json=canonical_json(dict(claims)).decode(),
    )
    deposit = connection.ask(lambda site: site.deposits.Begin, request)
    while deposit.state in ENDED:  # whoever asks again means it: files are as they were, but a site learns new types
        request.idempotency_key = sha256_hex(canonical_json([request.idempotency_key, deposit.id]))
        deposit = connection.ask(lambda site: site.deposits.Begin, request)
    site = _site_of(connection, deposit)
    tell = progress if progress is not None else lambda _: None
    try:
        if site.address != connection.address:  # only the site that takes the bytes knows how many it has
            deposit = site.ask(lambda channel: channel.deposits.Begin, request)
        if deposit.state == DepositState.DRAFT:
            refuse_mixture(deposit, in_place=in_place, remedy="give the deposit another --name (name=)")
            if in_place:
                register_in_place(site, deposit, files, tell=lambda *told: tell(DepositProgress(*told)), door=door)
            else:
                _upload_all(site, deposit, files, tell, wire=wire)
        elif in_place and deposit.accession:  # what was stale may be good again
            register_in_place(site, deposit, files, tell=lambda *told: None, door=door)
        return _accepted(site, deposit, tell)
    finally:
        site.close()


def look_at_files(paths: tuple[Path, ...]) -> list[LocalFile]:
    """Check files on this disk and pair them: the first is the topology of those that do not know their own atoms.

    Raises
    ------
    ArgumentError
        Naming the file and what is wrong with it.
    """
    found: list[LocalFile] = []
    for path in (one.expanduser() for one in paths):
        try:
            stat = path.stat()
        except OSError as error:
            raise ArgumentError(f"{path} cannot be read: {error.strerror}", remedy="check the path") from None
        if not path.is_file():
            remedy = f"name the files one by one, or deposit a folder in steps: fomrepo deposit init {quote(str(path))}"
            raise ArgumentError(f"{path} is no file", remedy=remedy)
        if not os.access(path, os.R_OK):
            raise ArgumentError(
                f"{path} cannot be read: permission denied", remedy=f"chmod u+r {quote(str(path))}, if it is yours"
            )
        if not stat.st_size:
            raise ArgumentError(f"{path} is empty", remedy="leave it out, or write it again")
        name = check_file_name(path.name)
        if any(name == one.expected.name for one in found):
            raise ArgumentError(f"two files are named {name}", remedy="rename one; names in a record are unique")
        topology = found[0].expected.name if found and _takes_topology(path) else None
        found.append(LocalFile(path, ExpectedFile(name, stat.st_size, topology), stat.st_mtime_ns))
    if not found:
        raise ArgumentError("no file was given", remedy="fomrepo deposit TOPOLOGY TRAJECTORY...")
    first = found[0].path
    if _types_named_like(first) and _needs_topology(first):
        raise ArgumentError(
            f"{first.name} is a trajectory and does not say what its atoms are",
            remedy="name its topology first: fomrepo deposit TOPOLOGY TRAJECTORY...",
        )
    return found


def _upload_all(
    site: Connection, deposit: deposits_pb2.Deposit, files: list[LocalFile], tell: DepositListener, *, wire: bool
) -> None:
    total = sum(one.expected.size for one in files)
    there = {one.name: one for one in deposit.uploads}
    before, way = 0, ""
    for file in files:
        name, upload = file.expected.name, there.get(file.expected.name, deposits_pb2.Upload())

        def sent(done: int, name: str = name, before: int = before) -> None:
            tell(DepositProgress(f"sending {name}", before + done, total))

        if not upload.digest:
            _, way = bring_file(site, deposit.id, file, upload.received, tell=sent, wire=wire)
        before += file.expected.size
        tell(DepositProgress(f"sent {name}", before, total, way))


def _accepted(site: Connection, deposit: deposits_pb2.Deposit, tell: DepositListener) -> str:
    """Wait for the probes; return the accession or raise the refusal."""
    total = sum(one.size for one in deposit.uploads)
    while True:
        if deposit.state == DepositState.ACCEPTED:
            return deposit.accession
        if deposit.state == DepositState.QUARANTINED:
            raise failure_from_wire(deposit.refusal)
        if deposit.state == DepositState.ABANDONED:
            raise ArgumentError("this deposit was given up", remedy="change the title or the name and deposit again")
        asked = time.monotonic()
        request = deposits_pb2.CompleteDepositRequest(deposit=deposit.id, wait_s=CALL_WAIT_S)
        deposit = site.ask(lambda channel: channel.deposits.Complete, request)
        tell(DepositProgress(deposit.step or "the site looks at the files", total, total))
        if time.monotonic() - asked < POLL_PAUSE_S:
            time.sleep(POLL_PAUSE_S)


def _site_of(connection: Connection, deposit: deposits_pb2.Deposit) -> Connection:
    """Connection to the one site that takes the bytes of a deposit."""
    answering = connection.ask(lambda site: site.sites.WhoAmI, sites_pb2.WhoAmIRequest())
    if deposit.site in ("", answering.site):
        return connection.only(connection.address)
    listed = connection.ask(lambda site: site.sites.ListSites, sites_pb2.ListSitesRequest())
    return connection.only(next(one.address for one in listed.sites if one.name == deposit.site))


def _key(
    files: list[LocalFile], title: str, project: str, name: str, new_version_of: str, claims: Mapping[str, Any]
) -> str:
    """Key that is the same for the same deposit, and another one when a file was written again."""
    listed = [[one.expected.name, one.expected.size, one.expected.topology, one.mtime_ns] for one in files]
    claimed = [dict(claims)] if claims else []
    return sha256_hex(canonical_json([title, project, name, new_version_of, listed, *claimed]))


def _types_named_like(path: Path) -> list[InstalledType]:
    return [one for one in installed_types().values() if path.suffix.lower() in one.suffixes]


def _needs_topology(path: Path) -> bool:
    """Whether a file's name leaves no other choice; its content is the site's business."""
    return all(one.families == ("trajectory",) for one in _types_named_like(path))


def _takes_topology(path: Path) -> bool:
    """Whether it is read with a topology if there is one: it is no structure of its own."""
    return all(one.families[0] == "trajectory" and "structure" not in one.families for one in _types_named_like(path))
