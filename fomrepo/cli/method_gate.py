"""``fomrepo method test``: the gate that a method must pass before people review it, at home."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated

import typer

from fomrepo.cli.gate_report import print_report
from fomrepo.cli.output import Json, print_json, progress_bar
from fomrepo.model.gate_report import GateReport
from fomrepo.model.methods import Bundle


def check_method(
    folder: Annotated[Path, typer.Argument(help="The folder that holds method.toml.", file_okay=False)],
    json: Json = False,
) -> None:
    """Test a method as a site will before review: golden cases, cold and under production limits."""
    from fomrepo.client.bundle_folder import read_folder

    bundle = read_folder(folder)
    report, where = _here(bundle, hidden=json), "here"
    if json:
        print_json({"where": where} | json_text.loads(report.to_json()))
    else:
        print_report(report)
        verdict = "passed" if report.passed else "did not pass"
        typer.echo(f"\n{bundle.schema.name} {bundle.schema.version} {verdict} the gate, tested {where}")
    if not report.passed:
        raise typer.Exit(1)


def _here(bundle: Bundle, *, hidden: bool) -> GateReport:
    from fomrepo.site.gate import run_gate
    from fomrepo.site.gate.here import gate_here

    with (
        gate_here(say=lambda sentence: typer.echo(sentence, err=True)) as (run, samples),
        progress_bar(bundle.schema.name, hidden=hidden) as bar,
    ):
        return run_gate(bundle, run=run, samples=samples, on_progress=bar)
