"""``fomrepo method``: what can be called, and drafts of one's own."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from fomrepo.cli import method_gate, method_new
from fomrepo.cli.calls import METHOD_OPTIONS, Output
from fomrepo.cli.connected import FilePath, MethodName, ProfileName, connected, split_file_path
from fomrepo.cli.output import Json, print_json, print_table
from fomrepo.cli.results import awaited, check_output, present
from fomrepo.cli.schema_options import read_frames, read_options
from fomrepo.model.health import MethodHealth, badge
from fomrepo.model.methods import MethodSchema

method = typer.Typer(no_args_is_help=True, help="Methods: what can be called, and drafts of your own.")
method.command("new")(method_new.new_method)
method.command("test")(method_gate.check_method)
method.command("verify")(method_gate.verify)


@method.command("list")
def list_methods(profile: ProfileName = None, json: Json = False) -> None:
    """List the published methods, with how they are: healthy, or at which site a golden case fails."""
    with connected(profile) as repo:
        _print_list([one.schema for one in repo.methods()], repo.checks.health(), as_json=json)


@method.command()
def search(
    text: Annotated[list[str], typer.Argument(help="Words that all have to occur.", metavar="TEXT...")],
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Find published methods by what they are called, compute, take and answer, units included."""
    words = " ".join(text).casefold().split()
    with connected(profile) as repo:
        found = [one.schema for one in repo.methods() if all(word in _said_of(one.schema) for word in words)]
        _print_list(found, repo.checks.health(), as_json=json)


@method.command()
def show(
    name: MethodName,
    version: Annotated[str | None, typer.Option(help="The newest if not given.")] = None,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Show what a method computes, takes and answers."""
    from fomrepo.client.remote_file import RemoteFile
    from fomrepo.client.results.kinds import result_class
    from fomrepo.client.signatures import python_docstring, python_signature

    with connected(profile) as repo:
        found = repo.method(name, version)
        verdicts = _verdicts(found.schema, repo.checks.health())
    schema = found.schema
    if json:
        health = [asdict(one) for one in verdicts]
        print_json({"digest": found.digest, "schema": dict(schema.source), "health": health})
        return
    signature = str(python_signature(schema, file=RemoteFile, answer=result_class(schema.result.type)))
    signature = re.sub(r"\bfomrepo\.[a-z_.]+\.", "", signature)  # where our classes lie tells nobody anything
    typer.echo(f"{schema.name} {schema.version}, of {_inputs(schema)}\n\n{schema.name}{signature}\n")
    typer.echo(python_docstring(schema))
    for one in verdicts:
        when = time.strftime("%Y-%m-%d", time.gmtime(one.checked))
        typer.echo(f"golden cases at {one.site}, {when}: {'all hold' if one.ok else one.message}")


@method.command("try", context_settings=METHOD_OPTIONS)
def try_method(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The folder that holds method.toml.", file_okay=False)],
    path: FilePath,
    at_site: Annotated[str | None, typer.Option("--at", help="Site that shall run it.")] = None,
    start: Annotated[int | None, typer.Option(help="First frame.")] = None,
    stop: Annotated[int | None, typer.Option(help="Frame to stop before.")] = None,
    step: Annotated[int | None, typer.Option(help="Every how many frames.")] = None,
    frames: Annotated[str | None, typer.Option(help="Frames, as 0,10,20.")] = None,
    output: Output = None,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Run a method of your own that nobody has reviewed: in the sandbox, uncached, on data that you may read."""
    from fomrepo.client.bundle_folder import read_folder

    record, name = split_file_path(path)
    schema = read_folder(folder).schema
    check_output(output, schema.result.type)
    others, arguments = read_options(schema, context.args)
    chosen: dict[str, Any] = {"start": start, "stop": stop, "step": step, "frames": read_frames(frames)}
    arguments |= {key: value for key, value in chosen.items() if value is not None}
    with connected(profile) as repo:
        seconds = [repo[one][two] for one, two in map(split_file_path, others)]
        future = repo.submit_draft(folder, repo[record][name], *seconds, at_site=at_site, **arguments)
        present(awaited(future, folder.name, hidden=json), output, as_json=json)


@method.command()
def lock(
    file: Annotated[Path, typer.Argument(help="File to write, such as methods.lock.")],
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Write down which version of each method runs now, for fomrepo.connect(methods=FILE)."""
    with connected(profile) as repo:
        written = repo.lock_methods(file)
        methods = {one.schema.name: one.schema.version for one in repo.methods()}
    if json:
        print_json({"path": str(written), "methods": methods})
    else:
        typer.echo(f"{written}: {len(methods)} methods")


def _inputs(schema: MethodSchema) -> str:
    return ", ".join(schema.accepted(position) for position in range(len(schema.inputs)))


def _print_list(found: Sequence[MethodSchema], health: Sequence[MethodHealth], *, as_json: bool) -> None:
    rows = [(one, badge(_verdicts(one, health))) for one in found]
    if as_json:
        for one, how in rows:
            inputs = [one.accepted(position) for position in range(len(one.inputs))]
            about = {"name": one.name, "version": one.version, "summary": one.summary, "inputs": inputs}
            print_json(about | {"health": how})
    else:
        print_table([(one.name, one.version, how or "-", _inputs(one), one.summary) for one, how in rows])


def _verdicts(schema: MethodSchema, health: Sequence[MethodHealth]) -> list[MethodHealth]:
    return [one for one in health if (one.method, one.version) == (schema.name, schema.version)]


def _said_of(schema: MethodSchema) -> str:
    """All that a method says of itself, for a search."""
    fields = [text for one in schema.result.fields for text in (one.name, one.unit, one.doc)]
    parameters = [text for one in schema.parameters for text in (one.name, one.unit, one.doc)]
    return "\n".join([schema.name, schema.summary, schema.description, *fields, *parameters]).casefold()
