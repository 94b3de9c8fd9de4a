"""The address of a search is the search: ``/search?q=adk&engine=GROMACS&atoms_min=1000&sort=title``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from fomrepo.browser.catalogue import FACETS, ORDERS, PAGE, RANGES, Wanted

#: Most values of one facet in an address, and most records of one page.
CHOSEN_LIMIT, PAGE_LIMIT = 50, 100


def wanted_of(query: QueryParams) -> Wanted:
    """Read an address; what means nothing is left out."""
    ranges = {name: _bounds(query, name) for name in RANGES}
    limit = query.get("limit", "")
    return Wanted(
        text=query.get("q", "").strip(),
        chosen={name: tuple(query.getlist(name)[:CHOSEN_LIMIT]) for name in FACETS if query.getlist(name)},
        ranges={name: found for name, found in ranges.items() if found != (None, None)},
        order=query.get("sort", "newest") if query.get("sort") in ORDERS else "newest",
        after=query.get("after", ""),
        limit=min(max(int(limit), 1), PAGE_LIMIT) if limit.isascii() and limit.isdigit() and len(limit) < 6 else PAGE,
    )


def address_of(wanted: Wanted, *, path: str = "/search", **changes: object) -> str:
    """Write the address of a search.

    Parameters
    ----------
    wanted
        The search.
    path
        Of the page.
    changes
        ``toggle=(FACET, VALUE)`` chooses a value or takes it back; ``without=NAME`` drops all values or the bounds of
        a name; ``after`` and ``order`` replace those of the search. A change other than ``after`` leads to page one.
    """
    chosen = {name: list(values) for name, values in wanted.chosen.items()}
    match changes.get("toggle"):
        case (str(name), str(value)) if value in chosen.setdefault(name, []):
            chosen[name].remove(value)
        case (str(name), str(value)):
            chosen[name].append(value)
    dropped = changes.get("without")
    pairs = [("q", wanted.text)] if wanted.text and dropped != "q" else []
    pairs += [(name, value) for name, values in chosen.items() if name != dropped for value in values]
    pairs += [one for one in range_pairs(wanted.ranges) if one[0].rpartition("_")[0] != dropped]
    order = str(changes.get("order", wanted.order))
    pairs += [("sort", order)] if order != "newest" else []
    pairs += [("limit", str(wanted.limit))] if wanted.limit != PAGE else []
    pairs += [("after", str(changes["after"]))] if changes.get("after") else []
    return f"{path}?{urlencode(pairs)}" if pairs else path


def range_pairs(ranges: Mapping[str, tuple[float | None, float | None]]) -> Iterable[tuple[str, str]]:
    """Spell bounds as an address has them: ``atoms_min=1000``."""
    for name, bounds in ranges.items():
        for end, bound in zip(("min", "max"), bounds, strict=True):
            if bound is not None:
                yield f"{name}_{end}", f"{bound:g}"


def _bounds(query: QueryParams, name: str) -> tuple[float | None, float | None]:
    return _number(query.get(f"{name}_min", "")), _number(query.get(f"{name}_max", ""))


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if abs(found) < 1e300 else None
