"""What a reviewer reads, on a terminal: every character of it can be seen, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from fomrepo.cli.gate_report import print_report
from fomrepo.cli.output import print_table
from fomrepo.cli.submission_lists import day, submission_document
from fomrepo.model.canonical import sha256_hex
from fomrepo.model.differences import file_differences, schema_differences, visible
from fomrepo.model.gate_report import GateReport
from fomrepo.model.submissions import Papers

#: Colours of the first characters of a line of a unified diff; the longer ones first.
_COLOURS = {"+++": "bold", "---": "bold", "@@": "cyan", "+": "green", "-": "red"}


def print_papers(papers: Papers, *, files: bool, lock: bool) -> None:
    """Print everything about a submission.

    Parameters
    ----------
    papers
        As the client has verified them.
    files
        Whether to show its files as differences to the version before.
    lock
        Whether to show the lock file of its environment.
    """
    said, schema = papers.submission, papers.bundle.schema
    typer.echo(f"{said.name} {said.version} by {said.author}: {said.state}")
    packages = sum("==" in line for line in papers.environment_lock.splitlines())
    signed = ", ".join(one.statement.reviewer for one in papers.approvals) or "nobody"
    rows = {
        "reason": visible(said.reason),
        "summary": visible(schema.summary),
        "submission": said.id,
        "for": f"{said.record}/{said.file}" if said.record else "all files that it accepts",
        "bundle": said.bundle_digest,
        "environment": f"{schema.environment} {said.environment_digest}" if said.environment_digest else "",
        "its lock": f"{packages} packages; read them: fomrepo review show {said.id} --lock" if packages else "",
        "asked for": str(papers.policy),
        "approved by": signed,
        "gate": visible(said.trouble) or said.step,
    }
    print_table([(name, value) for name, value in rows.items() if value])
    if papers.report is not None:
        _head("what the gate found")
        print_report(_visible_report(papers.report))
    if papers.previous is not None:
        _head(f"method.toml, from {papers.previous.schema.version} to {said.version}")
        _print_lines(map(visible, schema_differences(papers.bundle, papers.previous)))
    if files:
        _head("files" if papers.previous is None else f"files, from {papers.previous.schema.version} to {said.version}")
        _print_diff(file_differences(papers.bundle, papers.previous))
    if lock:
        _head(f"lock of {schema.environment}, SHA-256 {sha256_hex(papers.environment_lock.encode())}")
        _print_lines(map(visible, papers.environment_lock.splitlines()))
    _head("history")
    for event in papers.events:
        typer.echo(f"{day(event.when)}  {event.who or said.site}: {event.what}")
        _print_lines(f"    {line}" for line in visible(event.text).splitlines())


def papers_document(papers: Papers) -> dict[str, Any]:
    """Spell everything about a submission for programs."""
    bundle, previous = papers.bundle, papers.previous
    return submission_document(papers.submission) | {
        "environment": bundle.schema.environment,
        "environment_lock": papers.environment_lock,
        "policy": asdict(papers.policy),
        "approvals": [asdict(one.statement) | {"key_id": one.key_id} for one in papers.approvals],
        "report": None if papers.report is None else asdict(papers.report),
        "previous": None if previous is None else previous.schema.version,
        "schema_differences": [] if previous is None else list(schema_differences(bundle, previous)),
        "file_differences": list(file_differences(bundle, previous)),
        "history": [asdict(one) for one in papers.events],
    }


def _visible_report(report: GateReport) -> GateReport:
    """Report in which nothing that the method said can move a cursor."""
    checks = tuple(
        replace(one, message=visible(one.message), remedy=one.remedy and visible(one.remedy)) for one in report.checks
    )
    return replace(report, checks=checks, cases=tuple(replace(c, message=visible(c.message)) for c in report.cases))


def _print_diff(lines: Iterator[str]) -> None:
    """Print a unified diff, coloured where that is seen."""
    console = Console(highlight=False)
    for line in lines:
        colour = next((colour for begin, colour in _COLOURS.items() if line.startswith(begin)), "")
        console.print(Text(line, style=colour), soft_wrap=True)


def _print_lines(lines: Iterator[str]) -> None:
    for line in lines:
        typer.echo(line)


def _head(text: str) -> None:
    Console(highlight=False).print(Text(f"\n{text}", style="bold"), soft_wrap=True)
