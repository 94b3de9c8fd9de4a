"""Guest: opens tables: CSV, and the energies of GROMACS (EDR)."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from sandbox.request import DataFile
from sandbox.table import Table

CHUNK_ROWS = 1 << 16  # of texts in memory at a time: Python's texts take ten times the room of numbers
CELL_LIMIT = 4096  # characters, as the probe allows them
DELIMITERS = (",", ";", "\t")
KINDS = ("int64", "float64", "str")  # each can hold what those before it can
NO_NUMBER = frozenset({"", "na", "n/a", "nan", "null", "none"})  # what stands for a missing number
TIME_NAMES = frozenset({"time", "t"})
_UNIT = re.compile(r"(.*\S)\s*[\[(]([^\[\]()]{1,40})[\])]$")  # "time (ps)", "energy [kJ/mol]"


def open_table(files: tuple[DataFile, ...]) -> Table:
    """Open the one file of a table."""
    file = files[-1]
    if file.type not in _READERS:
        raise ValueError(f"no table can be made of {file.type}; there are readers of {', '.join(_READERS)}")
    return _READERS[file.type](file)


def _read_energies(file: DataFile) -> Table:
    """Read the terms of an EDR at each of its times; those of equal name are numbered: "Pressure", "Pressure #2"."""
    import pyedr

    rows, names, _ = pyedr.read_edr(file.path)
    stated = pyedr.get_unit_dictionary(file.path)
    values = np.array(rows, np.float64).reshape(len(rows), len(names))
    columns = dict(zip(distinct(names), values.T.copy(), strict=True))
    units = {name: stated[plain] for name, plain in zip(columns, names, strict=True)}
    return Table(columns, units, time=names[0])


def _read_csv(file: DataFile) -> Table:
    """Read a CSV: a header, perhaps, and a row a line; lines that begin with "#" are comments."""
    with open(file.path, encoding="utf-8-sig", errors="replace", newline="") as stream:
        first = next(line for line in stream if line.strip() and not line.startswith("#"))
    delimiter = max(DELIMITERS, key=first.count)
    titles = [title.strip() for title in next(csv.reader([first], delimiter=delimiter))]
    has_header = not any(_is_number(title) for title in titles)
    split = [_UNIT.match(title) if has_header else None for title in titles]
    names = distinct(
        (match[1] if match else title) if has_header and title else f"column {number}"
        for number, (title, match) in enumerate(zip(titles, split, strict=True), 1)
    )
    chunks = lambda: _chunks(file.path, delimiter, len(names), skip=has_header)  # noqa: E731 - it is read twice
    kinds = ["int64"] * len(names)
    for chunk in chunks():
        kinds = [wider(kind, column) for kind, column in zip(kinds, chunk, strict=True)]
    parts: list[list[np.ndarray]] = [[np.empty(0, kind)] for kind in kinds]
    for chunk in chunks():
        for part, kind, column in zip(parts, kinds, chunk, strict=True):
            part.append(_converted(column, kind))
    columns = {name: np.concatenate(part) for name, part in zip(names, parts, strict=True)}
    units = {name: match[2].strip() for name, match in zip(names, split, strict=True) if match}
    return Table(columns, units, time=next((name for name in names if name.lower() in TIME_NAMES), None))


_READERS: Mapping[str, Callable[[DataFile], Table]] = {"CSV": _read_csv, "EDR": _read_energies}


def distinct(names: Iterable[str]) -> list[str]:
    """Return the names with a number behind those that have been there already."""
    found: dict[str, None] = {}
    for name in names:
        numbered = (name if number == 1 else f"{name} #{number}" for number in itertools.count(1))
        found[next(each for each in numbered if each not in found)] = None
    return list(found)


def wider(kind: str, column: Iterable[str]) -> str:
    """Return the narrowest kind that holds a column's texts and what `kind` holds."""
    for text in column:
        if kind == "int64" and not _is_integer(text):
            kind = "float64"
        if kind == "float64" and text.lower() not in NO_NUMBER and not _is_number(text):
            return "str"
    return kind


def _chunks(path: str, delimiter: str, width: int, *, skip: bool) -> Iterator[list[tuple[str, ...]]]:
    """Give the texts of some rows at a time, column by column."""
    csv.field_size_limit(CELL_LIMIT)
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as stream:
        rows = csv.reader((line for line in stream if not line.startswith("#")), delimiter=delimiter)
        kept = itertools.islice((row for row in rows if any(cell.strip() for cell in row)), int(skip), None)
        while chunk := list(itertools.islice(kept, CHUNK_ROWS)):
            for row in chunk:
                if len(row) != width:
                    raise ValueError(f"line {rows.line_num} or one before it has {len(row)} cells, the first {width}")
            yield [tuple(cell.strip() for cell in column) for column in zip(*chunk, strict=True)]


def _converted(column: tuple[str, ...], kind: str) -> np.ndarray:
    if kind == "float64":
        column = tuple("nan" if text.lower() in NO_NUMBER else text for text in column)
    return np.array(column, kind)


def _is_integer(text: str) -> bool:
    digits = text[1:] if text[:1] in ("+", "-") else text
    return digits.isascii() and digits.isdigit() and len(digits) <= 18  # 19 digits may not fit into 64 bits


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text
