"""``script/bench NAME``: measure, write table and plot, and end with 1 if a bound is missed."""

from __future__ import annotations

import argparse
import sys

from bench import analysis, browser, calls, deposit, in_place, transfer
from bench.report import write_report

BENCHES = {
    "calls": calls.measure,
    "analysis": analysis.measure,
    "transfer": transfer.measure,
    "deposit": deposit.measure,
    "in-place": in_place.measure,
    "browser": browser.measure,
}


def main() -> int:
    """Run one bench."""
    options = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    options.add_argument("name", choices=BENCHES)
    options.add_argument("--json", action="store_true", help="print one JSON object a line for each comparison")
    options.add_argument("--short", action="store_true", help="fewer repetitions: under a minute")
    options.add_argument(
        "--only-report",
        action="store_true",
        help="a missed bound of speed is shown and does not count; wrong numbers, and what could not be measured, do",
    )
    chosen = options.parse_args()
    findings = BENCHES[chosen.name](short=chosen.short)
    table, text = write_report(chosen.name, findings, short=chosen.short)
    if chosen.json:
        for row in findings.rows:
            print(row.to_json(chosen.name))
    else:
        print(text)
    print(f"written: {table} and {table.with_suffix('.png').name} beside it", file=sys.stderr)
    for error in findings.errors:
        print(f"not measured: {error}", file=sys.stderr)
    return int(any(row.fails_anywhere if chosen.only_report else row.fails for row in findings.rows))


if __name__ == "__main__":
    sys.exit(main())
