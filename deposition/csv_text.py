"""Guest: the probe of CSV: a row a line, cells between commas, semicolons or tabs, perhaps a line of titles.

Lines that begin with "#" are comments. A title may end in a unit: "time (ps)", "energy [kJ/mol]".
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator

from deposition.report import Deposited, Report, Topology, empty, facts, truncated, unreadable
from deposition.table_columns import distinct_names, is_number, wider_kind
from deposition.text_lines import doubt_missing_end, lines

TYPE = "CSV"
FAMILIES = ("table",)
SUFFIXES = (".csv", ".tsv")
CERTAIN = False  # any text with a comma in each line looks like it
DELIMITERS = (",", ";", "\t")
COLUMNS_LIMIT = 2_000  # their names are facts, which have a place of 1 MiB
TITLE_LIMIT = 200  # characters
CELL_LIMIT = 4096  # characters
LINE_LIMIT_BYTES = 1 << 20
CHUNK_ROWS = 1 << 9  # at a time: with many more, half the time goes into collecting garbage that is none
_UNIT = re.compile(r"(.*\S)\s*[\[(]([^\[\]()]{1,40})[\])]$")


def looks_like(head: bytes) -> bool:
    """Tell whether the first lines, at least two, have equally many cells, and numbers stand under each other."""
    if b"\0" in head:
        return False
    whole = head[: head.rfind(b"\n") + 1].decode("utf-8-sig", "replace").splitlines()
    found = [line for line in whole if line.strip() and not line.startswith("#")]
    if not found:
        return False
    delimiter = max(DELIMITERS, key=found[0].count)
    try:
        rows = list(csv.reader(found, delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    if len(rows) < 2 or any(len(row) != len(rows[0]) for row in rows):
        return False
    return any(all(is_number(cell) for cell in column) for column in zip(*rows[1:], strict=True))


def probe(file: Deposited, topology: Topology | None) -> Report:
    """Check one CSV; read its columns and count its rows."""
    doubts: list[str] = []
    first = next((line for line in _lines(file) if line.strip()), "")
    if not first:
        raise empty(file, "has no rows")
    delimiter = max(DELIMITERS, key=first.count)
    titles = _cells(file, first, delimiter)
    if len(titles) > COLUMNS_LIMIT:
        raise unreadable(file, f"it has {len(titles)} columns, {COLUMNS_LIMIT} are allowed")
    if longest := next((title for title in titles if len(title) > TITLE_LIMIT), None):
        raise unreadable(file, f"its first line has a cell of {len(longest)} characters: {longest[:40]!r}...")
    has_titles = not any(is_number(title) for title in titles)
    split = [_UNIT.match(title) if has_titles else None for title in titles]
    names = distinct_names(
        (match[1] if match else title) if has_titles and title else f"column {number}"
        for number, (title, match) in enumerate(zip(titles, split, strict=True), 1)
    )
    n_rows, kinds = 0, ["int64"] * len(names)
    for chunk in _chunks(file, delimiter, len(names), skip=has_titles):
        n_rows += len(chunk[0])
        kinds = [wider_kind(kind, column) for kind, column in zip(kinds, chunk, strict=True)]
    if not n_rows:
        raise empty(file, "has a line of titles and no rows")
    doubt_missing_end(file, doubts)
    return Report(
        facts(
            type=TYPE,
            families=FAMILIES,
            n_rows=n_rows,
            columns=[
                {"name": name, "dtype": kind, "unit": match[2].strip() if match else ""}
                for name, kind, match in zip(names, kinds, split, strict=True)
            ],
            doubts=doubts,
        )
    )


def _lines(file: Deposited) -> Iterator[str]:
    """Give the lines that are no comments, without a byte order mark."""
    plain = (line.removeprefix("\ufeff") for line in lines(file, limit_bytes=LINE_LIMIT_BYTES))
    return (line for line in plain if not line.startswith("#"))


def _cells(file: Deposited, line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=True))]
    except csv.Error as error:
        raise unreadable(file, f"its first line has no cells: {error}") from None


def _chunks(file: Deposited, delimiter: str, width: int, *, skip: bool) -> Iterator[list[tuple[str, ...]]]:
    """Give the texts of some rows at a time, column by column."""
    csv.field_size_limit(CELL_LIMIT)
    numbered = csv.reader(_lines(file), delimiter=delimiter, strict=True)
    rows = itertools.islice((row for row in numbered if any(map(str.strip, row))), int(skip), None)
    while True:
        try:
            chunk = list(itertools.islice(rows, CHUNK_ROWS))
        except csv.Error as error:
            raise unreadable(file, f"line {numbered.line_num} has no cells: {error}") from None
        if not chunk:
            return
        if set(map(len, chunk)) != {width}:
            wrong = next(number for number, row in enumerate(chunk) if len(row) != width)
            what = f"a row has {len(chunk[wrong])} cells, the first one has {width}: {chunk[wrong][0][:40]!r} ..."
            is_last = wrong == len(chunk) - 1 and next(rows, None) is None
            raise truncated(file, f"its last row: {what}") if is_last else unreadable(file, what)
        yield [tuple(map(str.strip, column)) for column in zip(*chunk, strict=True)]
