"""What the gate found out about a method, for people to read."""

from __future__ import annotations

import typer

from fomrepo.cli.output import print_table
from fomrepo.model.gate_report import CaseReport, GateReport


def print_report(report: GateReport) -> None:
    """Print all checks with their remedies, and what each golden case took."""
    width = max(len(one.name) for one in report.checks)
    for check in report.checks:
        typer.echo(f"{'ok' if check.ok else 'FAILED':<6}  {check.name:<{width}}  {check.message}")
        if check.remedy:
            typer.echo(f"{'':<{width + 10}}{'better' if check.ok else 'mend it'}: {check.remedy}")
    if report.cases:
        typer.echo()
        heads = ("", "golden case", "time", "memory", "result", "twice", "in parts")
        print_table([_row(one) for one in report.cases], heads, right=(2, 3, 4))
    for case in report.cases:
        if case.message:
            typer.echo(f"\n{case.name}:")
            for line in case.message.splitlines():
                typer.echo(f"  {line}")


def _row(case: CaseReport) -> tuple[str, ...]:
    return (
        "ok" if case.ok else "FAILED",
        case.name,
        f"{case.wall_s:.2f} s",
        f"{case.memory_bytes / 2**20:.0f} MiB",
        f"{case.result_bytes / 1000:.1f} kB",
        _said(case.deterministic),
        _said(case.split_equal),
    )


def _said(same: bool | None) -> str:
    return "-" if same is None else "the same" if same else "OTHER"
