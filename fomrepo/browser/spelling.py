"""How values are spelt for people; everything that templates can call."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from fomrepo.client.remote_file import readable_size
from fomrepo.model.differences import visible

#: Units of time and the picoseconds in one, the largest first.
_TIMES = (("ms", 1e9), ("µs", 1e6), ("ns", 1e3), ("ps", 1.0), ("fs", 1e-3))
#: Signs that people write for units, and for powers of them.
_SIGNS = {"angstrom": "Å", "elementary_charge": "e", "degree": "°", "dalton": "Da", "**2": "²", "**3": "³"}
_SIGNED = re.compile("|".join(re.escape(one) for one in _SIGNS))
#: A number at the beginning of a fact with more digits than were measured: what single precision adds.
_LONG_NUMBER = re.compile(r"^-?\d+\.\d{6,}(?![\de])")


def template_environment(folder: Path) -> jinja2.Environment:
    """Make what reads templates: every value is escaped, and a name that is not there is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_seen,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": count,
        "counted": counted,
        "fact": fact,
        "quantity": quantity,
        "unit": unit_sign,
        "size": readable_size,
        "time": time_text,
        "day": day,
        "doi": doi_address,
        "spdx": spdx_address,
        "data": data_block,
        "number": number,
    }
    return environment


def _seen(value: Any) -> Any:
    """Spell out what cannot be seen in a text, so that nothing turns the way of writing or hides a part."""
    return visible(value) if type(value) is str else value


def count(number: int | float) -> str:
    """Spell a count: ``47,681``."""
    return f"{number:,.0f}"


def counted(number: int, what: str) -> str:
    """Spell a count of things: ``1 atom``, ``3,341 atoms``."""
    return f"{count(number)} {what}{'' if number == 1 else 's'}"


def unit_sign(unit: str) -> str:
    """Spell a unit with its sign: ``Å²`` for ``angstrom**2``."""
    return _SIGNED.sub(lambda found: _SIGNS[found[0]], unit)


def axis_text(label: str) -> str:
    """Spell the label of an axis: ``time (ps)`` for ``times (ps)``, ``a b (Å)`` for ``a_b (angstrom)``."""
    name, bracket, unit = label.replace("_", " ").partition(" (")
    return f"{'time' if name == 'times' else name}{bracket}{unit_sign(unit)}"


def fact(text: str, name: str) -> str:
    """Spell what a file says under a name: with six digits, its unit as a sign, and counts with commas."""
    if name.endswith("_count") and text.isdecimal():
        return count(int(text))
    amount, _, unit = _LONG_NUMBER.sub(lambda found: f"{float(found[0]):.6g}", text).rpartition(" ")
    return f"{amount} {unit_sign(unit)}" if amount else unit


def quantity(value: float | None, unit: str) -> str:
    """Spell a number of the statistics in the unit that fits; nothing for None."""
    if unit == "ns" and value is not None:
        return time_text(value * 1e3) or "0"
    return readable_size(round(value * 1e9)) if unit == "GB" and value is not None else number(value)


def number(value: float | None) -> str:
    """Spell a measured number with four digits; nothing for None."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1e4 else f"{value:,.4g}"


def time_text(ps: float | None) -> str:
    """Spell a time given in ps in the unit that fits: ``1.2 ns``; nothing for None."""
    if not ps:
        return ""
    unit, scale = next((one for one in _TIMES if abs(ps) >= one[1]), _TIMES[-1])
    return f"{ps / scale:.4g} {unit}"


def day(moment: str | float | None) -> str:
    """Spell a moment, ISO 8601 or seconds since 1970, as a day: ``22 November 2026``; nothing for None."""
    if moment is None:
        return ""
    found = (
        datetime.datetime.fromisoformat(moment)
        if isinstance(moment, str)
        else datetime.datetime.fromtimestamp(moment, datetime.UTC)
    )
    return f"{found.day} {found:%B %Y}"


def doi_address(doi: str) -> str:
    """Address that a DOI leads to."""
    return f"https://doi.org/{quote(doi, safe='/().;:-_')}"


def spdx_address(licence: str) -> str:
    """Address of the text of a licence."""
    return f"https://spdx.org/licenses/{quote(licence, safe='')}.html"


def data_block(value: Any) -> Markup:
    """JSON for a script element that holds data: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=True)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(text)  # noqa: S704  (what could be markup was spelt otherwise)
