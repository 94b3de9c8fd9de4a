"""Tables and plots of a bench, in ``bench/results``."""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from bench.findings import Figure, Findings, Panel
from bench.places import RESULTS

#: A panel whose figures differ by more than this is drawn on a logarithmic axis.
LOGARITHMIC_FROM = 20.0
OURS, OTHERS = "#c4472b", "#8a9299"


def write_report(bench: str, findings: Findings, *, short: bool) -> tuple[Path, str]:
    """Write table, plot and rows of a bench.

    Returns
    -------
    tuple
        Path of the table, and its text.
    """
    RESULTS.mkdir(parents=True, exist_ok=True)
    text = "\n".join(
        [
            f"# {bench}",
            "",
            f"{_machine()}{'; short form' if short else ''}.",
            "",
            *_figures_table(findings.panels),
            "",
            *_rows_table(findings),
            "",
            *(f"- {note}" for note in findings.notes),
            *(f"- not measured: {error}" for error in findings.errors),
            "",
        ]
    )
    table = RESULTS / f"{bench}.md"
    table.write_text(text)
    (RESULTS / f"{bench}.jsonl").write_text("".join(f"{row.to_json(bench)}\n" for row in findings.rows))
    _plot(bench, findings.panels, RESULTS / f"{bench}.png")
    return table, text


def _machine() -> str:
    now = datetime.datetime.now(datetime.UTC)
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    load = os.getloadavg()[0]
    return (
        f"{now:%Y-%m-%d %H:%M} UTC; {os.cpu_count()} x {names[0] if names else platform.machine()}; "
        f"Linux {platform.release()}; load {load:.1f} at the end"
    )


def _figures_table(panels: list[Panel]) -> list[str]:
    labels = list(dict.fromkeys(label for panel in panels for label in panel.figures))
    lines = [
        f"| | {' | '.join(f'{panel.title}, {panel.unit}' for panel in panels)} |",
        f"|---|{'---:|' * len(panels)}",
    ]
    for label in labels:
        cells = [_shown(panel.figures[label]) if label in panel.figures else "" for panel in panels]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return [*lines, "", "Medians; after the slash, where there is one: what 19 of 20 stay below."]


def _shown(figure: Figure) -> str:
    if figure.p50 is None:
        return "failed"
    return _number(figure.p50) + ("" if figure.p95 is None else f" / {_number(figure.p95)}")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _rows_table(findings: Findings) -> list[str]:
    lines = ["| promise | ours | peer | ratio | bound | held |", "|---|---:|---:|---:|---:|---|"]
    for row in findings.rows:
        if row.bound is None:
            continue
        ours, peer, ratio = ("-" if one is None else f"{one:.3g}" for one in (row.ours, row.peer, row.ratio))
        lines.append(f"| {row.what} | {ours} | {peer} | {ratio} | {row.bound} | {'yes' if row.ok else '**no**'} |")
    return lines


def _plot(bench: str, panels: list[Panel], path: Path) -> None:
    mpl.use("agg")
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    height = 0.9 + 0.28 * max(len(panel.figures) for panel in panels)
    figure, axes = plt.subplots(
        rows, columns, figsize=(5.2 * columns, height * rows), squeeze=False, layout="constrained"
    )
    for place, axis in enumerate(axes.flat):
        if place < len(panels):
            _draw(axis, panels[place])
        else:
            axis.set_axis_off()
    figure.suptitle(f"{bench}: medians; lines reach to what 19 of 20 stay below")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _draw(axis: Axes, panel: Panel) -> None:
    known = {label: one for label, one in panel.figures.items() if one.p50 is not None}
    labels = list(known)
    values = [one.p50 or 0.0 for one in known.values()]
    for place, (label, value) in enumerate(zip(labels, values, strict=True)):
        color = OURS if label.startswith("ours") else OTHERS
        axis.plot([value, known[label].p95 or value], [place, place], color=color, linewidth=2)
        axis.plot([value], [place], "o", color=color, markersize=7)
    axis.set_yticks(range(len(labels)), labels)
    axis.grid(axis="x", color="#dddddd", linewidth=0.6)
    if values and min(values) > 0 and max(values) / min(values) > LOGARITHMIC_FROM:
        axis.set_xscale("log")
    else:
        axis.set_xlim(left=0.0)
    axis.set_ylim(len(labels) - 0.5, -0.5)
    axis.set_title(panel.title, fontsize=10)
    axis.set_xlabel(panel.unit, fontsize=9)
    axis.tick_params(labelsize=8)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
