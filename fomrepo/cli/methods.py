"""``fomrepo method``: what can be called, and drafts of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fomrepo.cli import method_gate, method_new
from fomrepo.cli.calls import METHOD_OPTIONS, Output
from fomrepo.cli.connected import FilePath, MethodName, ProfileName, connected, split_file_path
from fomrepo.cli.output import Json, print_json, print_table
from fomrepo.cli.results import awaited, check_output, present
from fomrepo.cli.schema_options import read_frames, read_options
from fomrepo.model.methods import MethodSchema

method = typer.Typer(no_args_is_help=True, help="Methods: what can be called, and drafts of your own.")
method.command("new")(method_new.new_method)
method.command("test")(method_gate.check_method)


@method.command("list")
def list_methods(profile: ProfileName = None, json: Json = False) -> None:
    """List the published methods."""
    with connected(profile) as repo:
        found = [one.schema for one in repo.methods()]
    if json:
        for one in found:
            inputs = [one.accepted(position) for position in range(len(one.inputs))]
            print_json({"name": one.name, "version": one.version, "summary": one.summary, "inputs": inputs})
    else:
        print_table([(one.name, one.version, _inputs(one), one.summary) for one in found])


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
    schema = found.schema
    if json:
        print_json({"digest": found.digest, "schema": dict(schema.source)})
        return
    signature = python_signature(schema, file=RemoteFile, answer=result_class(schema.result.type))
    typer.echo(f"{schema.name} {schema.version}, of {_inputs(schema)}\n\n{schema.name}{signature}\n")
    typer.echo(python_docstring(schema))


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
