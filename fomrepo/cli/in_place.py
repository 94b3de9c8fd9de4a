"""``fomrepo deposit --in-place`` and ``fomrepo site scrub``: what is said at the door of a site on this machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fomrepo.cli.homes import Home, default_home
from fomrepo.cli.output import Json, print_json, print_table
from fomrepo.errors import ArgumentError, ConflictError, FomrepoError, SiteUnreachableError

if TYPE_CHECKING:
    from fomrepo.client.deposit import DepositProgress

PROTOCOL = 1

#: Option of the commands that go through a door.
Door = Annotated[
    Path | None,
    typer.Option("--door", help="Socket of a site on this machine; in its home if not given.", envvar="FOMREPO_DOOR"),
]


def register_in_place(
    paths: tuple[Path, ...],
    *,
    title: str,
    project: str | None,
    name: str | None,
    new_version_of: str | None,
    claims: Mapping[str, Any],
    door: Path | None,
    profile: str | None,
    progress: Callable[[DepositProgress], None],
) -> str:
    """Register files where they lie, at the site of this machine.

    Each file is opened here, with the rights of whoever runs the command, and handed over open. Who owns it also takes
    a read lease on it, by which the site knows that nobody writes while it reads.

    Returns
    -------
    str
        Accession with its version.
    """
    from fomrepo.client.deposit import DepositProgress, look_at_files
    from fomrepo.client.profile import choose_profile
    from fomrepo.model.canonical import canonical_json, sha256_hex
    from fomrepo.wire.door import checked, receive_message, send_message

    files = look_at_files(tuple(path.expanduser().resolve() for path in paths))
    if not title.strip():
        raise ArgumentError("the deposit has no title", remedy="say in a sentence what it is: --title")
    by_name = {one.expected.name: one.path for one in files}
    wanted = {
        "title": title,
        "project": project or "",
        "name": name or "",
        "new_version_of": new_version_of or "",
        "claims": dict(claims),
        "files": [
            {"name": one.expected.name, "size": one.expected.size, "topology": one.expected.topology} for one in files
        ],
    }
    # The same for the same request, and another one when a file was written again.
    key = sha256_hex(canonical_json([wanted, [[str(one.path), one.mtime_ns] for one in files]]))
    token = choose_profile(None, None, None, profile).token
    done, total = 0, sum(one.expected.size for one in files)
    with _at(door) as talk:
        deposit = wanted | {"key": key}
        send_message(talk, {"protocol": PROTOCOL, "do": "deposit", "token": token, "deposit": deposit})
        while True:
            told = checked(receive_message(talk)[0])
            match told:
                case {"want": str(file)} if file in by_name:
                    _hand_over(talk, by_name[file])
                case {"file": str(file), "guard": str(guard)}:
                    progress(DepositProgress(f"{file} is registered (guard: {guard})", done, total))
                case {"step": str(step), "done": int(done), "total": int(total)}:
                    progress(DepositProgress(step, done, total))
                case {"accession": str(accession)}:
                    return accession
                case _:
                    raise _other_tongue()


def scrub(
    home: Home,
    door: Door = None,
    mib_s: Annotated[float, typer.Option("--mib-s", help="How fast, in MiB/s; as fast as possible if 0.", min=0)] = 0.0,
    json: Json = False,
) -> None:
    """Read all files in place of a site again, and say which are what they were. For root and the site's own user.

    A running site does so by itself, a week after it last read a file, at the rate `scrub_mib_s` of its settings.
    """
    from fomrepo.wire.door import checked, receive_message, send_message

    rows: list[tuple[str, str]] = []
    with _at(door or home / "door.sock") as talk:
        send_message(talk, {"protocol": PROTOCOL, "do": "scrub", "mib_s": mib_s})
        while "ended" not in (told := checked(receive_message(talk)[0])):
            if not {"path", "digest", "before", "now"} <= told.keys():
                raise _other_tongue()
            if json:
                print_json({name: told[name] for name in ("path", "digest", "before", "now")})
            rows.append((str(told["path"]), _verdict(told["before"], told["now"])))
    if not json:
        print_table(rows)
        if not rows:
            typer.echo("no file of this site lies in place", err=True)


def _hand_over(talk: socket.socket, path: Path) -> None:
    """Open a file as whoever runs this, take a lease on it if it is his to take, and hand it over."""
    from fomrepo.vault.in_place import BeingWrittenError, take_lease
    from fomrepo.wire.door import send_message

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ArgumentError(f"{path} cannot be read: {error.strerror}", remedy="check its permissions") from None
    try:
        try:
            take_lease(descriptor)
        except BeingWrittenError:  # which only he can find out whose file it is
            raise ConflictError(
                f"somebody has {path} open for writing",
                remedy="wait until the program that writes it has ended (see fuser -v), then run the command again",
                facts={"reason": "being_written", "file": path.name},
            ) from None
        send_message(talk, {"path": str(path)}, descriptor=descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _at(door: Path | None) -> Iterator[socket.socket]:
    """Knock at a site's door."""
    path = door or default_home() / "door.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as talk:
        try:
            talk.connect(str(path))
        except OSError as error:
            raise SiteUnreachableError(
                f"no site opens at {path}: {error.strerror or error}",
                remedy="run this on the machine of a running site, and name its socket: --door HOME/door.sock",
            ) from None
        yield talk


def _other_tongue() -> FomrepoError:
    return SiteUnreachableError("the site speaks otherwise at its door", remedy="use the same version as the site does")


def _verdict(before: object, now: object) -> str:
    match now:
        case "good":
            return "good" if before == "good" else "good again"
        case "stale":
            return "stale" if before == "stale" else "changed, vanished or not readable: it is stale now"
        case _:
            return "registered no more"
