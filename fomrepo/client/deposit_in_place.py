"""Registers files of a draft where they lie: each is handed over open, at the door of the draft's site on this machine.

The site reads them there, and copies nothing (docs/in-place.md). What a draft has already is not read again.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fomrepo.client.connection import Connection
from fomrepo.client.deposit_door import door_of, opened_under_lease
from fomrepo.client.deposit_send import LocalFile
from fomrepo.errors import ConflictError, SiteUnreachableError
from fomrepo.wire.door import PROTOCOL, checked, receive_message, send_message
from fomrepo.wire.v1 import deposits_pb2


@dataclass(frozen=True, slots=True)
class RegisteredFile:
    """A file that a site has read where it lies."""

    name: str
    sha256: str
    #: How a change of it is noticed from now on: ``lease``, ``rehash`` or ``none``.
    guard: str


def register_in_place(
    site: Connection,
    deposit: deposits_pb2.Deposit,
    files: Sequence[LocalFile],
    *,
    tell: Callable[[str, int, int], None],
    door: Path | None = None,
) -> list[RegisteredFile]:
    """Let a site read the files of a draft that it lacks, or that changed since it read them.

    Parameters
    ----------
    site
        Connection to the site of the draft.
    deposit
        The draft.
    files
        All its files, on this disk. Symbolic links are resolved: the site follows none.
    tell
        Told what is being done, and the bytes done and to do.
    door
        Socket of the site; None: the site says where it is.

    Raises
    ------
    SiteUnreachableError
        If the site runs on another machine, or has no door.
    ConflictError
        If somebody has a file open for writing, or the draft has bytes that were copied.
    FileRefusedError
        If the site refuses a file, or cannot read it.
    """
    paths = {one.expected.name: one.path.expanduser().resolve() for one in files}
    done, total = 0, sum(one.expected.size for one in files)
    registered: list[RegisteredFile] = []
    with _at_the_door(site, deposit.site, door) as talk:
        send_message(talk, {"protocol": PROTOCOL, "do": "place", "token": site.token, "deposit": deposit.id})
        while True:
            match checked(receive_message(talk)[0]):
                case {"want": str(name)} if name in paths:
                    with opened_under_lease(paths[name]) as descriptor:
                        send_message(talk, {"path": str(paths[name])}, descriptor=descriptor)
                case {"file": str(name), "guard": str(guard), "digest": str(digest)}:
                    registered.append(RegisteredFile(name, digest, guard))
                    tell(f"{name} is registered (guard: {guard})", done, total)
                case {"step": str(step), "done": int(done), "total": int(total)}:
                    tell(step, done, total)
                case {"placed": list()}:
                    return registered
                case _:
                    raise SiteUnreachableError(
                        "the site speaks otherwise at its door", remedy="use the same version as the site does"
                    )


def refuse_mixture(deposit: deposits_pb2.Deposit, *, in_place: bool, remedy: str) -> None:
    """Refuse to copy some files of a draft and to register others.

    Raises
    ------
    ConflictError
        Naming those that came by the other way.
    """
    others = [one.name for one in deposit.uploads if one.digest and bool(one.guard) is not in_place]
    if others:
        done = "copied" if in_place else "registered in place"
        raise ConflictError(f"the draft at {deposit.site} has {', '.join(others[:3])} {done} already", remedy=remedy)


@contextmanager
def _at_the_door(site: Connection, name: str, door: Path | None) -> Iterator[socket.socket]:
    """Knock at the door of the draft's site, which must be on this machine."""
    with door_of(site, door) as talk:
        if talk is None:
            elsewhere = f"{name} runs on another machine, or has no door on this one"
            where = elsewhere if door is None else f"no site opens at {door}"
            raise SiteUnreachableError(
                f"{where}: files stay in place only where their site runs",
                remedy=f"run the command on the machine of {name}; or have the files copied: leave out --in-place, "
                "and in_place in fomrepo.toml",
            )
        yield talk
