"""``fomrepo deposit | ls | show | replicate``: records and their bytes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fomrepo.cli.commands import continued_by_same_command
from fomrepo.cli.connected import ProfileName, RecordPath, complete_path, connected
from fomrepo.cli.deposit_said import Category, Claims, Creators, Licence, claims_of, with_said
from fomrepo.cli.in_place import Door, Wire
from fomrepo.cli.metadata import warn_of_slips
from fomrepo.cli.output import Json, counted, print_json, print_table, progress_bar
from fomrepo.cli.quality import check_document
from fomrepo.cli.similar_data import asked_for_similar, print_similar, similar_documents
from fomrepo.client.paths import split_path
from fomrepo.model.deposit_plan import DepositPlan
from fomrepo.model.pairing import Candidate

if TYPE_CHECKING:
    from fomrepo.client.record import Record
    from fomrepo.client.remote_file import RemoteFile
    from fomrepo.client.sites import ReplicaStatus
    from fomrepo.model.quality import QualityCheck

#: Seconds between two questions how far a copy is.
POLL_S = 0.5


def deposit(
    topology: Annotated[
        Path, typer.Argument(help="The file that says what the atoms are.", show_default=False, readable=False)
    ],
    trajectories: Annotated[list[Path] | None, typer.Argument(help="Files that go with it.", readable=False)] = None,
    title: Annotated[str, typer.Option(help="What it is, in a sentence.")] = "",
    project: Annotated[str | None, typer.Option(help="Whose members see it; your own one if not given.")] = None,
    name: Annotated[str | None, typer.Option(help="Name in the project; made from the title if not given.")] = None,
    new_version_of: Annotated[
        str | None, typer.Option(help="Record that gets a new version.", autocompletion=complete_path)
    ] = None,
    creators: Creators = None,
    licence: Licence = None,
    category: Category = None,
    metadata: Claims = None,
    wire: Wire = False,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Copy nothing: register them where they lie, on a site's own machine.")
    ] = False,
    door: Door = None,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Deposit files as one record. The same command again continues one that was interrupted."""
    from fomrepo.client.deposit import DepositProgress, look_at_files

    files = (topology, *(trajectories or ()))
    look_at_files(files)
    said = with_said(DepositPlan(()), creators=creators, licence=licence, category=category, metadata=metadata)
    warn_of_slips(said.metadata, as_json=json)
    claims = claims_of(said)
    with (
        continued_by_same_command("the deposit"),
        connected(profile) as repo,
        progress_bar("deposit", of_bytes=True, hidden=json) as move,
    ):
        way = ""

        def told(progress: DepositProgress) -> None:
            nonlocal way
            way = progress.way or way
            move(progress.done, progress.total, progress.step)

        record = repo.deposit(
            *files,
            title=title,
            project=project,
            name=name,
            new_version_of=new_version_of,
            claims=claims,
            progress=told,
            wire=wire,
            in_place=in_place,
            door=door,
        )
        similar = asked_for_similar(lambda: repo.lifecycle.similar(record.versioned), quiet=json)
    if json:
        print_json(record_facts(record) | {"similar": similar_documents(similar), "way": way or None})
    else:
        typer.echo(record.accession if record.version == 1 else record.versioned)
        print_similar(similar, record.accession, more=f"fomrepo similar {record.versioned}")


def ls(
    path: Annotated[str | None, typer.Argument(metavar="[RECORD[/FILE]]", autocompletion=complete_path)] = None,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """List the records that you may see, or the files of one."""
    with connected(profile) as repo:
        if path is not None:
            name, file_name = split_path(path)
            record = repo[name]
            files = record.files if file_name is None else (record[file_name],)
            if json:
                for file in files:
                    print_json(file_facts(file))
            else:
                print_table([_file_row(file) for file in files], right=(2, 3, 4))
            return
        found = list(repo.records())
    if json:
        for one in found:
            print_json({key: value for key, value in record_facts(one).items() if key != "files"})
    else:
        print_table([(one.accession, f"v{one.version}", one.state, one.path, one.title) for one in found])
        if not found:
            typer.echo("no records yet; deposit one: fomrepo deposit TOPOLOGY TRAJECTORY... --title TITLE", err=True)


def show(path: RecordPath, profile: ProfileName = None, json: Json = False) -> None:
    """Show what is known of a record, or of a file in it."""
    record_name, file_name = split_path(path)
    with connected(profile) as repo:
        record = repo[record_name]
        file = None if file_name is None else record[file_name]
        replicas = repo.replicas(record.versioned)
        methods = [] if file is None or _lacks_topology(file) else list(file.methods)
        doubtful = [] if file_name else [str(one) for one in repo.metadata.of(record.versioned).disagreements]
        checks = [] if file_name else repo.quality.of(record.versioned)
    if file is not None:
        copies = [one for one in replicas if one.file == file.name]
        if json:
            states = {one.site: one.state for one in copies}
            print_json(file_facts(file) | {"replicas": states, "guards": _guards(copies), "methods": methods})
            return
        facts = file_facts(file) | {"facts": None, "size": f"{file.size:,} bytes"}
        rows = [(name, str(value)) for name, value in facts.items() if value is not None]
        rows += [(name, _fact(value)) for name, value in file.facts.items() if name not in dict(rows) and value != []]
        rows += [("replicas", ", ".join(f"{one.site} ({one})" for one in copies))]
        none = "none: no topology in its record says what its atoms are; deposit it anew behind one"
        print_table([*rows, ("methods", none if _lacks_topology(file) else ", ".join(methods))])
        return
    held: dict[str, list[str]] = {}
    for one in replicas:
        plain = one.state == "good" and not one.guard
        held.setdefault(one.site, []).append(one.file if plain else f"{one.file} ({one})")
    if json:
        quality = [check_document(one) for one in checks]
        print_json(
            record_facts(record)
            | {"replicas": held, "guards": _guards(replicas), "disagreements": doubtful, "quality": quality}
        )
        return
    moments = {"created": record.created, "public from": record.public_from, "withdrawn": record.withdrawn}
    skipped = ("files", "created", "public_from", "withdrawn")
    described = [(name, value) for name, value in record_facts(record).items() if value and name not in skipped]
    print_table(
        [
            *((name.replace("_", " "), str(value)) for name, value in described),
            *((name, f"{moment:%Y-%m-%d %H:%M} UTC") for name, moment in moments.items() if moment is not None),
        ]
    )
    typer.echo("files")
    print_table([("  " + name, *rest) for name, *rest in map(_file_row, record.files)], right=(2, 3, 4))
    typer.echo("replicas")
    print_table([(f"  {site}", ", ".join(files)) for site, files in held.items()])
    if notable := [*doubtful, *(_notable(one) for one in checks if not one.settled or one.waiver)]:
        typer.echo(f"to note (fomrepo metadata show {record.accession}, fomrepo quality show {record.accession})")
        print_table([(f"  {one}",) for one in notable])


def replicate(
    record: Annotated[str, typer.Argument(metavar="RECORD", autocompletion=complete_path)],
    to: Annotated[str, typer.Option("--to", help="Site that gets the copy.")],
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Make a verified copy of a record at another site. The same command again continues."""
    with (
        continued_by_same_command("the copy goes on at the site; waiting for it"),
        connected(profile) as repo,
        progress_bar(f"{record} to {to}", of_bytes=True, hidden=json) as move,
    ):
        while not (state := repo.replicate(record, to)).done:
            move(state.copied, state.total, "")
            time.sleep(POLL_S)
    if json:
        print_json({"record": record, "site": to, "bytes": state.total})
    else:
        typer.echo(f"{to} holds a verified copy of {record} ({state.total:,} bytes)")


def _notable(check: QualityCheck) -> str:
    """Say in one line what came of a check, with the first thing that it found."""
    said = check.verdict.message or next(map(str, check.verdict.findings), "")
    return f"{check}: {said}" if said else str(check)


def _guards(replicas: list[ReplicaStatus]) -> dict[str, dict[str, str]]:
    """By site and file: how changes of files that lie in place are noticed."""
    found: dict[str, dict[str, str]] = {}
    for one in replicas:
        if one.guard:
            found.setdefault(one.site, {})[one.file] = one.guard
    return found


def record_facts(record: Record) -> dict[str, Any]:
    """What programs read about a record."""
    return {
        "accession": record.accession,
        "version": record.version,
        "title": record.title,
        "path": record.path,
        "state": record.state,
        "owner": record.owner,
        "created": record.created.timestamp(),
        "licence": record.licence,
        "public_from": None if record.public_from is None else record.public_from.timestamp(),
        "superseded_by": record.superseded_by,
        "withdrawn": None if record.withdrawn is None else record.withdrawn.timestamp(),
        "reason": record.reason or None,
        "files": [file_facts(one) for one in record.files],
    }


def file_facts(file: RemoteFile) -> dict[str, Any]:
    """What programs read about a file."""
    topology = file.topology
    return {
        "name": file.name,
        "type": file.file_type,
        "size": file.size,
        "sha256": file.sha256,
        "topology": None if topology is None else topology.name,
        "facts": dict(file.facts),
    }


def _lacks_topology(file: RemoteFile) -> bool:
    """Whether no method can read a file, as none says what its atoms are."""
    return file.topology is None and Candidate(file.name, file.families).needs_topology


def _file_row(file: RemoteFile) -> tuple[str, str, str, str, str]:
    atoms, frames = counted(file.n_atoms, "atom"), counted(file.n_frames, "frame")
    return file.name, file.file_type, atoms, frames, f"{file.size:,} bytes"


def _fact(value: Any) -> str:
    if isinstance(value, dict) and set(value) == {"value", "unit"}:
        return f"{value['value']:g} {value['unit']}"
    if isinstance(value, list):
        return ", ".join(_fact(one) if isinstance(one, dict) else str(one) for one in value)
    if isinstance(value, dict):
        return "; ".join(f"{name} {_fact(one)}" for name, one in value.items())
    return f"{value:,}" if type(value) is int else str(value)
