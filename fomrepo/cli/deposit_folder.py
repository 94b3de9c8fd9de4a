"""``fomrepo deposit check | push | submit | status | abandon``: a folder becomes a record, step by step."""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fomrepo.cli.commands import continued_by_same_command
from fomrepo.cli.connected import ProfileName, connected
from fomrepo.cli.deposit_init import Folder
from fomrepo.cli.deposit_look import looking_here
from fomrepo.cli.in_place import Wire
from fomrepo.cli.metadata import warn_of_slips
from fomrepo.cli.output import Json, counted, failure_document, print_failure, print_json, print_table, progress_bar
from fomrepo.cli.similar_data import asked_for_similar, compared_files, print_similar, similar_documents
from fomrepo.errors import CallerError
from fomrepo.model.pairing import Candidate
from fomrepo.model.quality import CheckState

if TYPE_CHECKING:
    from fomrepo.client.deposit_answers import CheckedFile, DepositStatus, FileProgress
    from fomrepo.client.deposit_folder import FileListener, FolderDeposit
    from fomrepo.client.lifecycle import Similar
    from fomrepo.client.repository import Repository
    from fomrepo.model.deposit_plan import DepositPlan

#: How long the quality checks of a record that shall be public are waited for, and the pause between two looks.
CHECKS_S, POLL_S = 600.0, 0.5

#: The option that names the site that takes the bytes.
AtSite = Annotated[str | None, typer.Option("--at", metavar="SITE", help="Site that takes the bytes.")]
Streams = Annotated[int, typer.Option("--streams", min=1, max=8, help="Files that are sent at the same time.")]


def check(folder: Folder, at_site: AtSite = None, profile: ProfileName = None, json: Json = False) -> None:
    """Look at the files of a folder as a site will: in the sandbox of this machine, or after a push at a site (--at).

    Where this machine cannot sandbox, the site is asked.
    """
    from fomrepo.client.planned_files import look_at_planned, read_plan

    plan = read_plan(folder)
    warn_of_slips(plan.metadata, as_json=json)
    look_at_planned(folder, plan)
    found: list[CheckedFile] | None = None
    where = "on this machine"
    if at_site is None:
        with (
            looking_here(folder, lambda sentence: None if json else typer.echo(sentence, err=True)) as look,
            progress_bar("looking at files", hidden=json) as move,
        ):
            if look is not None:
                found = []
                for number, one in enumerate(sorted(plan.files, key=lambda one: bool(one.topology))):
                    move(number, len(plan.files))
                    found.append(look(one.name, one.topology))
    if found is None:
        with _steps(folder, at_site, profile) as (_, deposit):
            where = f"at {deposit.site}"
            with _bars(hidden=json) as told:
                deposit.push(progress=told)
            with progress_bar("check", hidden=json) as move:
                found = deposit.check(step=lambda step: move(0, 0, step))
    similar = asked_for_similar(lambda: _similar_to(folder, at_site, profile, found), quiet=json)
    missing, refused = plan.missing(), [one for one in found if one.refusal is not None]
    paired = {one.name for one in plan.files if one.topology}
    alone = [one.name for one in found if _needs_topology(one) and one.name not in paired]
    if json:
        documents = [_document(one) for one in found]
        like = similar_documents(similar)
        print_json({"where": where, "missing": list(missing), "files": documents, "alone": alone, "similar": like})
    else:
        _print_checked(found)
        for name in alone:
            typer.echo(f"{name} has no topology, so no method can read it: give its [[files]] one in fomrepo.toml")
        for key in missing:
            typer.echo(f"fomrepo.toml does not say: {key}")
        typer.echo(f"checked {where}: {len(found) - len(refused)} of {len(found)} files are accepted")
        print_similar(similar, str(folder))
    if refused or missing:
        raise typer.Exit(1)


def push(
    folder: Folder,
    at_site: AtSite = None,
    streams: Streams = 3,
    wire: Wire = False,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Send the files of a folder. The same command again continues, or finds that there is nothing to do.

    A site on this machine takes them open, at its door, and copies them itself.
    """
    with _steps(folder, at_site, profile, wire=wire) as (_, deposit), _bars(hidden=json) as told:
        warn_of_slips(deposit.plan.metadata, as_json=json)
        pushed = deposit.push(streams=streams, progress=told)
    if json:
        print_json(
            {
                "site": pushed.site,
                "sent": list(pushed.sent),
                "bytes": pushed.total,
                "accession": pushed.accession or None,
                "guards": dict(pushed.guards),
                "way": pushed.way or None,
            }
        )
        return
    next_step = f"next: fomrepo deposit submit {quote(str(folder))}"
    if pushed.accession:
        typer.echo(f"nothing to do: it is {pushed.accession}")
    elif pushed.guards:
        print_table([(name, f"registered in place (guard: {guard})") for name, guard in pushed.guards.items()])
        typer.echo(f"{pushed.site} has read all files where they lie; {next_step}")
    elif not pushed.sent:
        typer.echo(f"nothing to do: {pushed.site} has all files; {next_step}")
    else:
        how = ", copied at its door" if pushed.way == "door" else ""
        typer.echo(f"{pushed.site} has all files, {pushed.total:,} bytes{how}; {next_step}")


def submit(folder: Folder, profile: ProfileName = None, json: Json = False) -> None:
    """Make a record of what was pushed: the site looks at all files, and accepts all or none.

    If fomrepo.toml says that it is public, it is published when its quality checks have passed, under its embargo. The
    same command again goes on where it was.
    """
    with _steps(folder, None, profile) as (repo, deposit), progress_bar("submit", hidden=json) as move:
        accession = deposit.submit(step=lambda step: move(0, 0, step))
        if deposit.plan.visibility == "public":
            _publish(repo, accession, deposit.plan, folder, lambda step: move(0, 0, step))
        state = repo[accession].state
        similar = asked_for_similar(lambda: repo.lifecycle.similar(accession), quiet=json)
    if json:
        print_json({"accession": accession, "state": state, "similar": similar_documents(similar)})
    else:
        typer.echo(accession)
        print_similar(similar, accession, more=f"fomrepo similar {accession}")


def status(folder: Folder, profile: ProfileName = None, json: Json = False) -> None:
    """Show how far the deposit of a folder is."""
    with _steps(folder, None, profile) as (repo, deposit):
        found = deposit.status()
        similar = asked_for_similar(lambda: _similar(repo, deposit, found), quiet=json)
    if json:
        files = [
            {"name": one.name, "size": one.size, "received": one.received, "verified": one.verified}
            | {"guard": one.guard or None}
            for one in found.files
        ]
        refusal = None if found.refusal is None else failure_document(found.refusal)
        print_json(
            {"state": found.state, "site": found.site or None, "accession": found.accession or None}
            | {"files": files, "refusal": refusal, "similar": similar_documents(similar)}
        )
        return
    typer.echo(found.accession or found.state + (f" at {found.site}" if found.site else ""))
    print_table(
        [(f"  {one.name}", _so_far(one), f"{one.size:,} bytes") for one in found.files],
        right=(1, 2),
    )
    if found.refusal is not None:
        print_failure(str(found.refusal))
    print_similar(similar, found.accession or str(folder))


def abandon(folder: Folder, profile: ProfileName = None, json: Json = False) -> None:
    """Give the draft of a folder up; the site deletes its bytes."""
    with _steps(folder, None, profile) as (_, deposit):
        deposit.abandon()
    if json:
        print_json({"abandoned": True})
    else:
        typer.echo(f"given up; the next push of {folder} begins anew")


@contextmanager
def _steps(
    folder: Path, at_site: str | None, profile: str | None, *, wire: bool = False
) -> Iterator[tuple[Repository, FolderDeposit]]:
    from fomrepo.client.planned_files import read_plan

    read_plan(folder)  # what is wrong here is said before anybody is asked
    with (
        continued_by_same_command("the deposit"),
        connected(profile) as repo,
        repo.deposit_folder(folder, at_site=at_site, wire=wire) as deposit,
    ):
        yield repo, deposit


def _similar_to(folder: Path, at_site: str | None, profile: str | None, checked: list[CheckedFile]) -> list[Similar]:
    """What is similar to a folder whose files were looked at, here or there."""
    with _steps(folder, at_site, profile) as (repo, deposit):
        return _similar(repo, deposit, deposit.status(), checked)


def _similar(
    repo: Repository, deposit: FolderDeposit, status: DepositStatus, checked: Iterable[CheckedFile] = ()
) -> list[Similar]:
    if status.accession:
        return repo.lifecycle.similar(status.accession)
    digests = {one.name: one.sha256 for one in status.files if one.sha256}
    return repo.lifecycle.similar_to(compared_files(checked, digests), but=deposit.plan.new_version_of or None)


def _publish(repo: Repository, accession: str, plan: DepositPlan, folder: Path, step: Callable[[str], None]) -> None:
    """Publish a record as its plan says, when its quality was looked at."""
    until = plan.embargo_until
    give_up = time.monotonic() + CHECKS_S
    while (
        any(one.verdict.state is CheckState.WAITING for one in repo.quality.of(accession))
        and time.monotonic() < give_up
    ):
        step("the site looks at the quality")
        time.sleep(POLL_S)
    begin = None if until is None else datetime.datetime.combine(until, datetime.time(), datetime.UTC)
    try:
        repo.lifecycle.publish(accession, licence=plan.licence, embargo_until=begin)
    except CallerError as error:
        remedy = f"{error.remedy or 'mend that'}; then: fomrepo deposit submit {quote(str(folder))}"
        raise type(error)(f"it is {accession}, and still private: {error.message}", remedy=remedy) from None


@contextmanager
def _bars(*, hidden: bool) -> Iterator[FileListener]:
    """Show a bar for each file that is being sent, and one for all, where stderr is a terminal."""
    if hidden or not sys.stderr.isatty():
        yield lambda name, done, size: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bars:
        every = bars.add_task("all files", total=0)
        known: dict[str, tuple[TaskID, int, int]] = {}

        def told(name: str, done: int, size: int) -> None:
            bar = known[name][0] if name in known else bars.add_task(name, total=size, visible=False)
            known[name] = (bar, done, size)
            bars.update(bar, completed=done, visible=0 < done < size)
            done_of_all, of_all = (sum(one[place] for one in list(known.values())) for place in (1, 2))
            bars.update(every, completed=done_of_all, total=of_all)

        yield told


def _so_far(file: FileProgress) -> str:
    if file.guard:
        return f"in place (guard: {file.guard})"
    return "sent" if file.verified else f"{file.received:,} of"


def _needs_topology(file: CheckedFile) -> bool:
    """Whether methods can read an accepted file only beside another one that says what its atoms are."""
    return Candidate(file.name, tuple(file.facts.get("families") or ())).needs_topology


def _document(file: CheckedFile) -> dict[str, Any]:
    refusal = None if file.refusal is None else failure_document(file.refusal)
    return {"name": file.name, "type": file.file_type or None, "facts": dict(file.facts), "refusal": refusal}


def _print_checked(found: list[CheckedFile]) -> None:
    rows, more = [], []
    for one in found:
        n_atoms, n_frames = one.facts.get("n_atoms"), one.facts.get("n_frames")
        figures = counted(n_atoms, "atom"), counted(n_frames, "frame")
        rows.append(("refused" if one.refusal else "ok", one.name, one.file_type, *figures))
        more += [str(one.refusal)] if one.refusal else []
        more += [f"{one.name}: {doubt}" for doubt in one.facts.get("doubts", ())]
    print_table(rows, right=(3, 4))
    for line in more:
        typer.echo(line)
