"""Published records in memory: words, facets with counts, ranges, orders and pages. Nothing here asks a site."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fomrepo.browser.listed import Listed
from fomrepo.browser.texts import Texts
from fomrepo.browser.words import Mask, meant

#: Facets, in the order in which they are shown.
FACETS: Mapping[str, str] = MappingProxyType(
    {
        "system": "System",
        "engine": "Program",
        "force_field": "Force field",
        "water": "Water model",
        "ensemble": "Ensemble",
        "file_type": "File type",
        "method": "Method",
        "site": "Site",
        "licence": "Licence",
        "project": "Project",
    }
)

#: Numbers that can be bounded: label and unit.
RANGES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "temperature": ("Temperature", "K"),
        "atoms": ("Atoms", ""),
        "length": ("Simulated time", "ns"),
    }
)

#: Orders: label, the number that is sorted by, and whether large ones come first.
ORDERS: Mapping[str, tuple[str, Callable[[Listed], float | str], bool]] = MappingProxyType(
    {
        "newest": ("newest first", lambda one: one.published, True),
        "oldest": ("oldest first", lambda one: one.published, False),
        "title": ("title", lambda one: one.title.casefold(), False),
        "atoms": ("most atoms", lambda one: one.n_atoms, True),
        "length": ("longest", lambda one: one.length_ps, True),
    }
)

#: Records of one page, unless fewer are asked for.
PAGE = 20
#: Values that are shown of one facet, the most frequent first; those that were chosen are always there.
VALUES_LIMIT = 12


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody searches for."""

    #: As it was typed; see :mod:`fomrepo.browser.words`.
    text: str = ""
    #: Values by facet: one of each facet is enough.
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Lowest and highest number by range, inclusive, in the range's unit; None: no bound.
    ranges: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    order: str = "newest"
    #: Accession after which the page begins; empty: the first page.
    after: str = ""
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class Page:
    """What was found."""

    records: tuple[Listed, ...]
    #: How many there are in all.
    total: int
    #: Values of each facet with the number of records that would remain, the most frequent first.
    counts: Mapping[str, tuple[tuple[str, int], ...]]
    #: What ``after`` of the next page is; empty: this is the last one.
    following: str


class Catalogue:
    """Published records that do not change; news make a new catalogue.

    Parameters
    ----------
    records
        The newest version of each. The words that they are found by are not kept.
    """

    def __init__(self, records: Sequence[Listed]) -> None:
        texts = Texts()
        self._arrange(records, texts, texts.add(map(_words, records)))

    def changed(self, news: Sequence[Listed], gone: Container[str]) -> Catalogue:
        """Make a catalogue with some records anew, and without others, which are named by their accessions.

        The index of words is shared with this one; it forgets nothing, but nobody asks for rows that are gone.
        """
        fresh = {one.accession for one in news}
        kept = [row for row, one in enumerate(self.records) if one.accession not in fresh and one.accession not in gone]
        other = Catalogue.__new__(Catalogue)
        numbers = np.concatenate([self._numbers_of_texts[kept], self._texts.add(map(_words, news))])
        other._arrange([*(self.records[row] for row in kept), *news], self._texts, numbers)
        return other

    def _arrange(self, records: Sequence[Listed], texts: Texts, numbers_of_texts: NDArray[np.intp]) -> None:
        self.records = tuple(replace(one, words="") if one.words else one for one in records)
        self._rows = {one.accession: row for row, one in enumerate(self.records)}
        self._texts, self._numbers_of_texts = texts, numbers_of_texts
        self._rows_of_texts = np.full(int(numbers_of_texts.max(initial=-1)) + 1, -1, np.intp)
        self._rows_of_texts[numbers_of_texts] = np.arange(len(self.records))
        self._facets = {name: _facet([one.facets.get(name, ()) for one in self.records]) for name in FACETS}
        self._numbers = {
            "temperature": _column(one.temperature_k for one in self.records),
            "atoms": _column(one.n_atoms or None for one in self.records),
            "length": _column(one.length_ps / 1000.0 or None for one in self.records),
        }
        by_name = sorted(range(len(self.records)), key=[one.accession for one in self.records].__getitem__)
        self._orders = {name: _order(self.records, by_name, key, last) for name, (_, key, last) in ORDERS.items()}

    def newest(self, limit: int) -> tuple[Listed, ...]:
        """Return the latest releases."""
        return tuple(self.records[row] for row in self._orders["newest"][:limit])

    def find(self, wanted: Wanted) -> Page:
        """Find a page of records, and how often each value of each facet is among all that were found."""
        everywhere = self._mask(wanted)
        chosen = {name: self._chosen(name, values) for name, values in wanted.chosen.items() if name in FACETS}
        mask = everywhere.copy()
        for one in chosen.values():
            mask &= one
        order = self._orders.get(wanted.order, self._orders["newest"])
        found = order[mask[order]]
        begin = self._begin(order, found, wanted.after)
        rows = found[begin : begin + wanted.limit]
        more = begin + len(rows) < len(found)
        counts = {}
        for name in FACETS:
            others = everywhere.copy()  # a facet's own choice does not empty its other values
            for other, one in chosen.items():
                if other != name:
                    others &= one
            counts[name] = self._counts(name, others, wanted.chosen.get(name, ()))
        return Page(
            tuple(self.records[row] for row in rows),
            int(mask.sum()),
            counts,
            self.records[rows[-1]].accession if more and len(rows) else "",
        )

    def _mask(self, wanted: Wanted) -> Mask:
        """Rows that have the words and lie within the bounds."""
        said = meant(wanted.text, self._has)
        mask = np.ones(len(self.records), bool) if said is None else said
        for name, (lowest, highest) in wanted.ranges.items():
            numbers = self._numbers.get(name)
            if numbers is not None and lowest is not None:
                mask = mask & (numbers >= lowest)
            if numbers is not None and highest is not None:
                mask = mask & (numbers <= highest)
        return mask

    def _has(self, phrase: str, may_go_on: bool) -> Mask:
        numbers = self._texts.having(phrase, may_go_on)
        rows = self._rows_of_texts[numbers[numbers < len(self._rows_of_texts)]]  # newer ones are of a later catalogue
        mask = np.zeros(len(self.records), bool)
        mask[rows[rows >= 0]] = True
        return mask

    def _chosen(self, name: str, values: Sequence[str]) -> Mask:
        facet = self._facets[name]
        wanted = [code for code, value in enumerate(facet.names) if value in values]
        has_one = np.zeros(facet.n_sets, bool)
        has_one[facet.sets[np.isin(facet.codes, wanted)]] = True
        return has_one[facet.set_of_row]

    def _counts(self, name: str, mask: Mask, chosen: Sequence[str]) -> tuple[tuple[str, int], ...]:
        facet = self._facets[name]
        of_sets = np.bincount(facet.set_of_row[mask], minlength=facet.n_sets)
        numbers = np.bincount(facet.codes, weights=of_sets[facet.sets], minlength=len(facet.names))
        frequent = sorted(zip(facet.names, map(int, numbers), strict=True), key=lambda one: (-one[1], one[0]))
        shown = [one for one in frequent if one[1]][:VALUES_LIMIT]
        return (*shown, *(one for one in frequent if one[0] in chosen and one not in shown))

    def _begin(self, order: NDArray[np.intp], found: NDArray[np.intp], after: str) -> int:
        """Where the page begins: behind a record, also if it is no longer among those that were found."""
        if after not in self._rows:
            return 0
        place = np.empty(len(order), np.intp)
        place[order] = np.arange(len(order))
        return int(np.searchsorted(place[found], place[self._rows[after]], side="right"))


def _words(one: Listed) -> str:
    """Everything that a record is found by."""
    return f"{one.accession} {one.title} {one.path} {one.owner} {one.words}"


@dataclass(frozen=True, slots=True)
class _Facet:
    """Values of a facet. Records have sets of values; of sets there are few, and records of each many."""

    names: Sequence[str]
    #: Which set a row has, shape (row,); there are so many sets.
    set_of_row: NDArray[np.intp]
    n_sets: int
    #: Which set has which name, by number, both of shape (pair,).
    sets: NDArray[np.intp]
    codes: NDArray[np.intp]


def _facet(values: Sequence[tuple[str, ...]]) -> _Facet:
    """Arrange the values of each row."""
    sets: dict[tuple[str, ...], int] = {}
    set_of_row = np.array([sets.setdefault(one, len(sets)) for one in values], np.intp)
    names = sorted({one for each in sets for one in each})
    code = {name: number for number, name in enumerate(names)}
    pairs = np.array([(number, code[one]) for each, number in sets.items() for one in each], np.intp).reshape(-1, 2)
    return _Facet(names, set_of_row, len(sets), pairs[:, 0], pairs[:, 1])


def _column(numbers: Iterable[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if one is None else one for one in numbers], np.float64)


def _order(
    records: Sequence[Listed], by_name: Sequence[int], key: Callable[[Listed], float | str], last: bool
) -> NDArray[np.intp]:
    """Rows by a key, those with the same one by name."""
    keys = [key(one) for one in records]
    return np.array(sorted(by_name, key=keys.__getitem__, reverse=last), np.intp)
