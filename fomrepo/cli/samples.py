"""``fomrepo samples``: the data that golden cases run on."""

from __future__ import annotations

import typer

from fomrepo.cli.output import Json, print_json, print_table

samples = typer.Typer(no_args_is_help=True, help="Sample data: what golden cases of methods run on.")


@samples.command("list")
def list_samples(json: Json = False) -> None:
    """List the sample data that a golden case can name."""
    from fomrepo.installed_samples import sample_table

    table = sample_table().values()
    if json:
        for one in table:
            print_json({"name": one.name, "types": [file.file_type for file in one.files], "about": one.about})
    else:
        print_table([(one.name, " + ".join(file.file_type for file in one.files), one.about) for one in table])


@samples.command()
def build(json: Json = False) -> None:
    """Put the sample data beside the guest environments, if it is not there yet."""
    from fomrepo.isolation.environment import default_environments_folder
    from fomrepo.site.gate.samples import find_or_build_samples

    built = find_or_build_samples(default_environments_folder(), say=lambda sentence: typer.echo(sentence, err=True))
    if json:
        print_json({"samples": sorted(built.table), "folder": str(built.folder)})
    else:
        typer.echo(f"{len(built.table)} samples in {built.folder}")
