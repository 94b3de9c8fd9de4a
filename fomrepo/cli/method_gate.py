"""``fomrepo method test|verify``: golden cases of a method of one's own, and of published ones."""

from __future__ import annotations

import json as json_text
import sys
from pathlib import Path
from typing import Annotated

import typer

from fomrepo.cli.connected import ProfileName, complete_method, connected
from fomrepo.cli.gate_report import print_report
from fomrepo.cli.output import Json, print_json, print_table, progress_bar
from fomrepo.errors import ArgumentError, SandboxUnavailableError
from fomrepo.model.gate_report import GateReport
from fomrepo.model.methods import Bundle

#: The option of a command that runs something at a site.
AtSite = Annotated[str | None, typer.Option("--at", help="Site that shall run it.", metavar="SITE")]


def check_method(
    folder: Annotated[Path, typer.Argument(help="The folder that holds method.toml.", file_okay=False)],
    at_site: AtSite = None,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Test a method as a site will before review: golden cases, cold, under the limits of production.

    It is tested on this machine; where that cannot sandbox, or with --at, at a site.
    """
    from fomrepo.client.bundle_folder import read_folder

    bundle = read_folder(folder)
    schema = bundle.schema
    report, where = None if at_site else _here(bundle, hidden=json), "here"
    if report is None:
        with connected(profile) as repo, progress_bar(schema.name, hidden=json) as bar:
            report = repo.checks.test(folder, at_site=at_site, progress=bar)
            where = f"at {at_site or repo.whoami().site}"
    if json:
        print_json({"where": where} | json_text.loads(report.to_json()))
    else:
        print_report(report)
        verdict = "passed" if report.passed else "did not pass"
        typer.echo(f"\n{schema.name} {schema.version} {verdict} the gate, tested {where}")
    if not report.passed:
        raise typer.Exit(1)


def verify(
    method: Annotated[
        str | None, typer.Argument(metavar="[METHOD]", help="Name of a method.", autocompletion=complete_method)
    ] = None,
    version: Annotated[str | None, typer.Option(help="The newest if not given.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every published method, in its newest version.")] = False,
    at_site: AtSite = None,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Run the golden cases of published methods at a site again; the verdict is shown where methods are listed.

    A verdict of the last ten minutes is told again, and nothing runs.
    """
    if (method is None) != every:
        raise ArgumentError("name one method, or ask for --all", remedy="fomrepo method verify --all")
    rows, healthy = [], True
    with connected(profile) as repo:
        named = [one.schema for one in repo.methods()] if method is None else [repo.method(method, version).schema]
        with progress_bar("verify", hidden=json) as bar:
            for done, schema in enumerate(named):
                bar(done, len(named), schema.name)
                report = repo.checks.verify(schema.name, schema.version, at_site=at_site)
                healthy = healthy and report.passed
                told = [line for one in report.cases if not one.ok for line in (one.name, *one.message.splitlines())]
                said = "; ".join(told[:2]) or report.checks[0].message.partition("\n")[0]
                if json:
                    said_json = json_text.loads(report.to_json())
                    print_json({"name": schema.name, "version": schema.version} | said_json)
                rows.append(("ok" if report.passed else "FAILED", schema.name, schema.version, said))
    if not json:
        print_table(rows)
    if not healthy:
        raise typer.Exit(1)


def _here(bundle: Bundle, *, hidden: bool) -> GateReport | None:
    """Test on this machine; None, with the reason on stderr, where it cannot sandbox."""

    def say(sentence: str) -> None:
        typer.echo(sentence, err=True)

    if sys.platform != "linux":
        say("only Linux can sandbox; it is tested at a site")
        return None
    try:
        from fomrepo.site.gate import run_gate
        from fomrepo.site.gate.here import gate_here

        with gate_here(say=say) as (run, samples), progress_bar(bundle.schema.name, hidden=hidden) as bar:
            return run_gate(bundle, run=run, samples=samples, on_progress=bar)
    except SandboxUnavailableError as error:
        say(f"{error.message}; it is tested at a site")
    except ModuleNotFoundError as error:
        if (error.name or "fomrepo").partition(".")[0] == "fomrepo":
            raise
        say(f"{error.name} is not installed here (pip install 'fomrepo[site]'); it is tested at a site")
    return None
