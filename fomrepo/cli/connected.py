"""How commands reach a federation, and how records and files are named on a command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fomrepo.client.paths import split_path
from fomrepo.errors import ArgumentError, FomrepoError

if TYPE_CHECKING:
    from fomrepo.client.repository import Repository

#: The option of every command that talks to a site.
ProfileName = Annotated[
    str | None, typer.Option("--profile", help="Profile to use, as `fomrepo login --profile` named it.")
]


def connected(profile: str | None = None) -> Repository:
    """Connect as the environment or the profile says."""
    import fomrepo

    return fomrepo.connect(profile=profile)


def split_file_path(path: str) -> tuple[str, str]:
    """Split what must name a file."""
    record, name = split_path(path)
    if name is None:
        raise ArgumentError(
            f"{path!r} names no file", remedy=f"write {record}/FILE; see the files: fomrepo ls {record}"
        )
    return record, name


def complete_path(incomplete: str) -> list[str]:
    """Names of records, and of their files after a slash, for the shell."""
    try:
        with connected() as repo:
            record, separator, _ = incomplete.rpartition("/")
            if not separator or (incomplete.startswith("/") and incomplete.count("/") < 3):
                names = [name for one in repo.records() for name in (one.accession, one.path)]
            else:
                names = [f"{record}/{one.name}" for one in repo[record]]
    except FomrepoError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def complete_method(incomplete: str) -> list[str]:
    """Names of methods, for the shell."""
    try:
        with connected() as repo:
            return [one.schema.name for one in repo.methods() if one.schema.name.startswith(incomplete)]
    except FomrepoError:
        return []


#: A record, or a file of one.
RecordPath = Annotated[
    str, typer.Argument(metavar="RECORD[/FILE]", help="Accession or path.", autocompletion=complete_path)
]
FilePath = Annotated[
    str, typer.Argument(metavar="RECORD/FILE", help="A file of a record.", autocompletion=complete_path)
]
MethodName = Annotated[str, typer.Argument(metavar="METHOD", help="Name of a method.", autocompletion=complete_method)]
