"""``fomrepo call`` and ``fomrepo operation``: methods on remote files."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fomrepo.cli.connected import FilePath, MethodName, ProfileName, connected, split_file_path
from fomrepo.cli.output import Json, print_json, print_table
from fomrepo.cli.results import awaited, check_output, present
from fomrepo.cli.schema_options import read_frames, read_options
from fomrepo.cli.submission_lists import day

if TYPE_CHECKING:
    from fomrepo.client.operation import OperationFuture
    from fomrepo.model.desk import OwnOperation

operation = typer.Typer(no_args_is_help=True, help="Calls that go on at a site.")

#: Unknown options are the method's: they go to the schema.
METHOD_OPTIONS = {"ignore_unknown_options": True, "allow_extra_args": True}

Output = Annotated[
    Path | None, typer.Option(help="Keep the result: FILE.safetensors, .nc, .csv, .json or .npz; .pdb of a structure.")
]


def call(
    context: typer.Context,
    path: FilePath,
    method: MethodName,
    start: Annotated[int | None, typer.Option(help="First frame.")] = None,
    stop: Annotated[int | None, typer.Option(help="Frame to stop before.")] = None,
    step: Annotated[int | None, typer.Option(help="Every how many frames.")] = None,
    frames: Annotated[str | None, typer.Option(help="Frames, as 0,10,20.")] = None,
    version: Annotated[str | None, typer.Option(help="Version of the method; the newest if not given.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Only say what the call would do.")] = False,
    output: Output = None,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Run a method where the file is: fomrepo call FOM-402917/adk.dcd rmsd --select "name CA" --step 2.

    After the method come a second file, where it takes one, and its own options: see `fomrepo method show METHOD`. Put
    them behind `--` if one is named like an option of this command.
    """
    record, name = split_file_path(path)
    with connected(profile) as repo:
        file = repo[record][name]
        schema = file.methods.find(method if version is None else (method, version))[0].schema
        check_output(output, schema.result.type)
        others, arguments = read_options(schema, context.args)
        listed = read_frames(frames)
        chosen = {"start": start, "stop": stop, "step": step, "frames": listed}
        arguments |= {key: value for key, value in chosen.items() if value is not None}
        seconds = [repo[one][two] for one, two in map(split_file_path, others)]
        if explain:
            told = file.explain((method, schema.version), *seconds, **arguments)
            print_json(asdict(told)) if json else typer.echo(str(told))
            return
        future = file.submit[method, schema.version](*seconds, **arguments)
        present(awaited(future, method, hidden=json), output, as_json=json)


@operation.command("list")
def list_operations(
    running: Annotated[bool, typer.Option("--running", help="Only what has not ended.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Most calls that are listed.")] = 50,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """List your calls, the newest first, whichever program sent them."""
    with connected(profile) as repo:
        wanted = (one for one in repo.desk.operations() if not (running and one.state.final))
        found = list(islice(wanted, limit))
    if json:
        for one in found:
            failure = None if one.failure is None else one.failure.message
            print_json(asdict(replace(one, failure=None)) | {"state": one.state.value, "failure": failure})
    else:
        print_table([
            (one.id, one.state.value, day(one.created), one.method, one.site, ", ".join(one.inputs) or _said(one))
            for one in found
        ])  # fmt: skip


@operation.command()
def show(
    operation: Annotated[str, typer.Argument(help="Its id.")], profile: ProfileName = None, json: Json = False
) -> None:
    """Say how far a call is."""
    with connected(profile) as repo:
        facts = _facts(repo.operation(operation))
    if json:
        print_json(facts)
    else:
        counted = ("done", "total") if not facts["total"] else ()  # no frames, or sites no longer know how many
        print_table([(name, str(value)) for name, value in facts.items() if value != "" and name not in counted])


@operation.command()
def wait(
    operation: Annotated[str, typer.Argument(help="Its id.")],
    output: Output = None,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Wait for a call and print its result."""
    check_output(output)
    with connected(profile) as repo:
        present(awaited(repo.operation(operation), operation, hidden=json), output, as_json=json)


@operation.command()
def cancel(
    operation: Annotated[str, typer.Argument(help="Its id.")], profile: ProfileName = None, json: Json = False
) -> None:
    """End a call."""
    with connected(profile) as repo:
        future = repo.operation(operation)
        cancelled = future.cancel()
    if json:
        print_json({"operation": operation, "cancelled": cancelled})
    else:
        typer.echo(f"{operation} was cancelled" if cancelled else f"{operation} had ended before")


def _said(one: OwnOperation) -> str:
    """What there is to say of a call without a result."""
    if one.failure is not None:
        return one.failure.message
    return f"{one.done} of {one.total} frames" if one.total else ""


def _facts(future: OperationFuture) -> dict[str, Any]:
    done, total = future.progress
    return {
        "operation": future.operation,
        "state": future.state.value,
        "site": future.site,
        "done": done,
        "total": total,
    }
