"""``fomrepo get``: files of a record onto this disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fomrepo.cli.commands import continued_by_same_command
from fomrepo.cli.connected import ProfileName, RecordPath, connected
from fomrepo.cli.output import Json, print_json, progress_bar
from fomrepo.client.paths import split_path
from fomrepo.errors import ArgumentError, StorageError

if TYPE_CHECKING:
    from fomrepo.client.download import DownloadProgress
    from fomrepo.client.record import Record
    from fomrepo.client.remote_file import RemoteFile


def get(
    path: RecordPath,
    files: Annotated[list[str] | None, typer.Argument(metavar="[FILE]...", help="Files of it; all if none.")] = None,
    to: Annotated[Path, typer.Option("--to", help="Folder to put the files in.", file_okay=False)] = Path(),
    at_once: Annotated[int, typer.Option(help="Files that are fetched at the same time.", min=1, max=32)] = 4,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Fetch files of a record, each verified by its digest. The same command again continues an interrupted one."""
    from fomrepo.client.several_files import fetch_several

    record_name, file_name = split_path(path)
    if file_name is not None and files:
        raise ArgumentError(f"{path} is a file already", remedy=f"fomrepo get {record_name} FILE FILE ...")
    with continued_by_same_command("the download"), connected(profile) as repo:
        wanted = _wanted(repo[record_name], files or ([file_name] if file_name else []))
        try:
            to.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"{to} cannot be made a folder: {error.strerror}", remedy="give --to a folder that you may write to"
            ) from None

        def fetch(file: RemoteFile, progress: DownloadProgress) -> Path:
            return file.download(to, progress=progress)

        title = wanted[0].name if len(wanted) == 1 else f"{len(wanted)} files"
        with progress_bar(title, of_bytes=True, hidden=json) as move:

            def heard(finished: int, done: int, total: int) -> None:
                move(done, total, title if len(wanted) == 1 else f"{finished} of {title}")

            targets = fetch_several(wanted, fetch, progress=heard, at_once=at_once)
    for file, target in zip(wanted, targets, strict=True):
        if json:
            print_json({"file": file.name, "path": str(target), "size": file.size, "sha256": file.sha256})
        else:
            typer.echo(str(target))


def _wanted(record: Record, names: list[str]) -> list[RemoteFile]:
    """Files of a record by name, each once; all if none is named."""
    record.require_files()
    return [record[name] for name in dict.fromkeys(names)] or list(record)
