"""What is known of a record's simulation under global names: what its files say, and what its depositor says.

Both are kept apart: an entry is of a file, or it is a claim. A claim that no file bears out, where files say something,
is a disagreement, which is shown and decided by nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Protocol

from fomrepo.errors import ArgumentError
from fomrepo.model.metadata_entries import NUMBER, Entry, Value, as_number, is_number, plain_key, shown
from fomrepo.model.metadata_settings import entries_of_settings
from fomrepo.model.metadata_terms import ALIASES, TERMS, Term
from fomrepo.model.units import factor

__all__ = [
    "Described", "Disagreement", "Entry", "Metadata", "claim_of", "entries_of_file", "folded", "global_name",
    "index_rows", "metadata_of", "searched_number",
]  # fmt: skip

#: Entries of one record that can be searched for; files of logs set up to a thousand things each.
INDEXED_LIMIT = 2_000
#: Longest text that is searched for as a whole.
INDEXED_TEXT_LIMIT = 200
#: From which likeness on (difflib's ratio) a name is taken for a slip of a known one: one wrong letter of six.
LIKE_A_SLIP = 0.83
#: How far two numbers may differ, as a part of the larger, and still be the same: texts carry three digits or more.
SAME_WITHIN = 1e-3
_QUANTITY = re.compile(rf"({NUMBER.pattern})\s*(\S.*)?")
_HAS = {
    "masses": "masses", "charges": "fixed_charges", "bonds": "bonds", "positions": "positions",
    "velocities": "velocities", "forces": "forces",
}  # fmt: skip
_SPELLINGS = {
    "Å": "angstrom",
    "A": "angstrom",
    "ang": "angstrom",
    "Ang": "angstrom",
    "kelvin": "K",
    "degrees": "degree",
}


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A claim that no file bears out."""

    claimed: Entry
    #: What files say under the same name.
    extracted: tuple[Entry, ...]

    def __str__(self) -> str:
        """Say it in a sentence."""
        said = "; ".join(f"{one.file} says {one.text}" for one in self.extracted)
        return f"{self.claimed.name}: the depositor says {self.claimed.text}; {said}"


@dataclass(frozen=True, slots=True)
class Metadata:
    """All that is known of a version of a record."""

    claims: tuple[Entry, ...]
    extracted: tuple[Entry, ...]

    @property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """Claims under global names that files contradict, in the order of the names."""
        found = []
        for claim in self.claims:
            said = tuple(one for one in self.extracted if one.name == claim.name)
            if claim.name in TERMS and said and not any(_agree(claim, one) for one in said):
                found.append(Disagreement(claim, said))
        return tuple(sorted(found, key=lambda one: list(TERMS).index(one.claimed.name)))


class Described(Protocol):
    """A file with the facts that its probe found."""

    @property
    def name(self) -> str:
        """Its name in the record."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What its probe found."""


def metadata_of(files: Iterable[Described], claims: Mapping[str, Any]) -> Metadata:
    """Bring what files and depositor say under global names."""
    said = [one for key, value in sorted(claims.items()) if (one := _claimed_or_kept(str(key), value)) is not None]
    return Metadata(tuple(said), tuple(entry for file in files for entry in entries_of_file(file.name, file.facts)))


def entries_of_file(file: str, facts: Mapping[str, Any]) -> tuple[Entry, ...]:
    """Bring the facts of one file under global names; facts are hostile, and what is malformed is left out."""
    entries = [entry for entry in _of_facts(file, facts) if entry.values]
    settings, program = facts.get("settings"), facts.get("program")
    if isinstance(settings, dict) and isinstance(program, dict):
        texts = {str(key): str(value) for key, value in settings.items()}
        entries += entries_of_settings(file, str(program.get("name", "")), texts)
    return tuple(entries)


def claim_of(name: str, value: Any) -> Entry:
    """Read what a depositor says under one name.

    Parameters
    ----------
    name
        A global name, what people write for one, or a name of their own.
    value
        A text with its unit (``300 K``, ``2 fs``), a number where there is no unit, true or false, or a list of these.

    Raises
    ------
    ArgumentError
        If it is no value of that name: another kind, no unit, or one that measures something else.
    """
    term = TERMS.get(ALIASES.get(plain_key(name), plain_key(name)))
    several = list(value) if isinstance(value, list | tuple) else [value]
    source = f"{name} = {', '.join(map(str, several))}"
    if term is None:
        return Entry(name, tuple(one if _is_value(one) else str(one) for one in several), "", "", source)
    return Entry(term.name, tuple(_read_claim(term, one) for one in several), term.unit, "", source)


def searched_number(name: str, text: str) -> float:
    """Read a bound that somebody searches for, in the unit of the name.

    Raises
    ------
    ArgumentError
        If the name has no numbers, or the text is none in a unit that fits.
    """
    term = TERMS.get(ALIASES.get(plain_key(name), plain_key(name)))
    if term is None or term.kind != "number":
        raise ArgumentError(f"{name!r} has no numbers", remedy="leave out the bounds and give a text")
    return float(_read_claim(term, text))


def global_name(name: str) -> str:
    """Return the global name for what somebody writes, or what they write if there is none."""
    plain = plain_key(name)
    known = ALIASES.get(plain, plain)
    return known if known in TERMS else name


def meant_name(name: str) -> str | None:
    """Return the known name that one of a depositor's own is probably a slip of; None if it is known or like none."""
    plain = plain_key(name)
    known = [*TERMS, *ALIASES]
    return None if plain in known else next(iter(get_close_matches(plain, known, n=1, cutoff=LIKE_A_SLIP)), None)


def folded(text: str) -> str:
    """Return a text as texts are compared: ``Nose-Hoover`` and ``nose hoover`` are the same."""
    return re.sub(r"[\W_]+", "", text.casefold())[:INDEXED_TEXT_LIMIT]


def index_rows(metadata: Metadata) -> Iterator[tuple[str, str, str, float | None, str]]:
    """Give what can be searched for: name, ``claimed`` or ``extracted``, file, number or None, folded text."""
    rows = (
        (entry.name, origin, entry.file, value)
        for origin, entries in (("claimed", metadata.claims), ("extracted", metadata.extracted))
        for entry in entries
        for value in entry.values
    )
    for _, (name, origin, file, value) in zip(range(INDEXED_LIMIT), rows, strict=False):
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        if name.isprintable() and len(name) <= INDEXED_TEXT_LIMIT:
            yield name, origin, file, number, folded(shown(value))


def _of_facts(file: str, facts: Mapping[str, Any]) -> Iterator[Entry]:
    """Give what the probe found by itself."""

    def entry(name: str, fact: str, *values: Any) -> Entry:
        """Make an entry out of those values that are of its kind."""
        kind = {"number": (int, float), "text": (str,), "flag": (bool,)}[TERMS[name].kind]
        good = tuple(one for one in values if isinstance(one, kind) and (kind != (int, float) or is_number(one)))
        return Entry(name, good, TERMS[name].unit, file, fact)

    program = facts.get("program")
    if isinstance(program, dict):
        yield entry("simulation_software_name", "program", program.get("name") or None)
        yield entry("simulation_software_version", "program", program.get("version") or None)
    for fact, name in (("n_atoms", "total_atom_count"), ("n_residues", "residue_count")):
        yield entry(name, fact, facts.get(fact))
    if "trajectory" in _texts(facts.get("families")):
        yield entry("frame_count", "n_frames", facts.get("n_frames"))
    for fact, name in (("dt", "frame_step"), ("total_time", "simulation_time"), ("total_charge", "system_charge")):
        yield entry(name, fact, *_converted(facts.get(fact), TERMS[name].unit))
    box = facts.get("box")
    if isinstance(box, dict):
        yield entry("box_dimensions", "box", *_list(box.get("lengths")))
        yield entry("box_angles", "box", *_list(box.get("angles")))
    for has in _texts(facts.get("has")):
        if has in _HAS:
            yield entry(_HAS[has], "has", True)
    residues, water, ions = (_dict(facts.get(name)) for name in ("residues", "water", "ions"))
    yield entry("residue_names", "residues", *residues)
    yield entry("ion_names", "ions", *ions)
    yield entry("water_count", "water", water.get("count"))
    yield entry("water_potential_name", str(water.get("told_by", "water"))[:INDEXED_TEXT_LIMIT], water.get("model"))
    for kind, name in (("protein", "protein_sequence"), ("nucleic acid", "nucleic_sequence")):
        chains = [one for one in map(_dict, _list(facts.get("sequences"))) if one.get("kind") == kind]
        yield entry(name, "sequences", *(one.get("letters") for one in chains))


def _is_value(value: Any) -> bool:
    return isinstance(value, str | bool) or is_number(value)


def _claimed_or_kept(name: str, value: Any) -> Entry | None:
    """Read a claim; one that its name does not allow is kept as it was written, under its own name."""
    if value is None or value in ("", [], {}):
        return None
    try:
        return claim_of(name, value)
    except ArgumentError:
        return Entry(name, (str(value),), "", "", f"{name} = {value}")


def _read_claim(term: Term, value: Any) -> Value:
    """Read one value of a term."""
    if isinstance(value, dict) and set(value) == {"value", "unit"}:
        value = f"{value['value']} {value['unit']}"
    if term.kind == "flag" and isinstance(value, bool):
        return value
    if term.kind == "flag" and str(value).lower() in ("true", "false", "yes", "no"):
        return str(value).lower() in ("true", "yes")
    if term.kind == "text" and isinstance(value, str) and value.strip():
        return value.strip()
    match = _QUANTITY.fullmatch(str(value).strip()) if term.kind == "number" and not isinstance(value, bool) else None
    if match is None:
        kinds = {"number": "a number", "text": "a text", "flag": "true or false"}
        example = f", such as 1 {term.unit}" if term.unit else ""
        raise ArgumentError(f"{value!r} is no {term.name}", remedy=f"give {kinds[term.kind]}{example}")
    unit = _SPELLINGS.get(match[2] or "", match[2] or "")
    if bool(unit) != bool(term.unit):
        what = f"carries a unit, such as {term.unit}" if term.unit else "is a plain number"
        raise ArgumentError(
            f"{value!r} is no {term.name}, which {what}", remedy=f"write {match[1]} {term.unit}".rstrip()
        )
    number = as_number(match[1])
    if not is_number(number):
        raise ArgumentError(f"{value!r} is no finite number")
    scale = factor(unit, term.unit) if unit else 1.0
    return number if scale == 1.0 else float(f"{number * scale:.12g}")


def _agree(claim: Entry, said: Entry) -> bool:
    """Whether what a file says bears out a claim: all of its values are among the file's."""
    return all(any(_same(claim.name, one, other) for other in said.values) for one in claim.values)


def _same(name: str, one: Value, other: Value) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        a, b = folded(str(one)), folded(str(other))
        # A version or a name may be given in part: "2024" of 2024.4, "GROMACS" of GROMACS 2024.
        return a == b or (name.startswith("simulation_software") and bool(a) and (a.startswith(b) or b.startswith(a)))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return abs(one - other) <= SAME_WITHIN * max(abs(one), abs(other))


def _converted(quantity: Any, unit: str) -> tuple[float, ...]:
    """Return a quantity ``{"value", "unit"}`` in another unit; nothing if it is none."""
    match quantity:
        case {"value": int() | float() as value, "unit": str(given)} if is_number(value):
            try:
                return (float(f"{value * factor(given, unit):.12g}"),)
            except ArgumentError:
                return ()
    return ()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> list[str]:
    return [one for one in _list(value) if isinstance(one, str)]
