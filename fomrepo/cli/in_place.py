"""``fomrepo site scrub``, and the option that names the door of a site on this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from fomrepo.cli.homes import Home
from fomrepo.cli.output import Json, print_json, print_table
from fomrepo.errors import FomrepoError, SiteUnreachableError

#: Option of the commands that go through a door.
Door = Annotated[
    Path | None,
    typer.Option(
        "--door", help="Socket of a site on this machine, if it is not where the site says.", envvar="FOMREPO_DOOR"
    ),
]

#: Option of the commands that would go through a door if they can.
Wire = Annotated[bool, typer.Option("--wire", help="Send over the wire, also to a site on this machine.")]


def scrub(
    home: Home,
    door: Door = None,
    mib_s: Annotated[float, typer.Option("--mib-s", help="How fast, in MiB/s; as fast as possible if 0.", min=0)] = 0.0,
    json: Json = False,
) -> None:
    """Read all files in place of a site again, and say which are what they were. For root and the site's own user.

    A running site does so by itself, a week after it last read a file, at the rate `scrub_mib_s` of its settings.
    """
    from fomrepo.wire.door import PROTOCOL, checked, receive_message, send_message

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


@contextmanager
def _at(path: Path) -> Iterator[socket.socket]:
    """Knock at a site's door."""
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
        case "unknown":
            return "not read to its end: its disk fails (see dmesg)"
        case _:
            return "registered no more"
