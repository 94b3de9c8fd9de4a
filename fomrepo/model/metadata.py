"""What is known of a record's simulation under global names: what its files say, and what its depositor says.

Both are kept apart: an entry is of a file, or it is a claim. A claim that no file bears out, where files say something,
is a disagreement, which is shown and decided by nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from fomrepo.errors import ArgumentError
from fomrepo.model.metadata_terms import ALIASES, RULES, TERMS, Rule, Term
from fomrepo.model.units import factor

#: One value of an entry; an entry has one, or a row of them.
Value: TypeAlias = float | int | str | bool

#: Entries of one record that can be searched for; files of logs set up to a thousand things each.
INDEXED_LIMIT = 2_000
#: Longest text that is searched for as a whole.
INDEXED_TEXT_LIMIT = 200
#: How far two numbers may differ, as a part of the larger, and still be the same: texts carry three digits or more.
SAME_WITHIN = 1e-3
#: Larger numbers mean nothing, and neither does what is not finite.
LARGEST_NUMBER = 1e300

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?")
_QUANTITY = re.compile(rf"({_NUMBER.pattern})\s*(\S.*)?")
_BETWEEN = re.compile(r"[,;\s]+")
#: Settings that say that a run moves nothing but downhill: what they say of dynamics means nothing.
_MINIMISES = {
    "GROMACS": ("integrator", ("steep", "cg", "l-bfgs")),
    "AMBER": ("imin", ("1", "5", "6")),
    "NAMD": ("minimization", ("on", "yes")),
}
#: What a thermostat and a barostat are set to, which means nothing where there is none.
_GOVERNS = {
    "thermostat_algorithm": ("target_temperature", "temperature_time_constant", "collision_frequency"),
    "barostat_algorithm": (
        "target_pressure", "pressure_time_constant", "pressure_coupling_type", "compressibility",
    ),
}  # fmt: skip
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
class Entry:
    """One thing that is known, from one source."""

    #: Global name; where there is none, that of the program: ``GROMACS.nstlist``, or that of the claim.
    name: str
    #: In ``unit``; of an unknown name as it was written.
    values: tuple[Value, ...]
    unit: str
    #: Which file says so; empty: the depositor does.
    file: str
    #: Where in the file, or under which name it was claimed, and what is written there: ``ref-t = 300``.
    source: str

    @property
    def text(self) -> str:
        """The values with their unit."""
        shown = ", ".join(_shown(one) for one in self.values)
        return f"{shown} {self.unit}".rstrip()


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
        entries += _of_settings(file, str(program.get("name", "")), settings)
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
    term = TERMS.get(ALIASES.get(_plain_key(name), _plain_key(name)))
    several = list(value) if isinstance(value, list | tuple) else [value]
    source = f"{name} = {', '.join(map(_shown, several))}"
    if term is None:
        return Entry(name, tuple(one if isinstance(one, Value) else str(one) for one in several), "", "", source)
    return Entry(term.name, tuple(_read_claim(term, one) for one in several), term.unit, "", source)


def searched_number(name: str, text: str) -> float:
    """Read a bound that somebody searches for, in the unit of the name.

    Raises
    ------
    ArgumentError
        If the name has no numbers, or the text is none in a unit that fits.
    """
    term = TERMS.get(ALIASES.get(_plain_key(name), _plain_key(name)))
    if term is None or term.kind != "number":
        raise ArgumentError(f"{name!r} has no numbers", remedy="leave out the bounds and give a text")
    return float(_read_claim(term, text))


def global_name(name: str) -> str:
    """Return the global name for what somebody writes, or what they write if there is none."""
    plain = _plain_key(name)
    known = ALIASES.get(plain, plain)
    return known if known in TERMS else name


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
            yield name, origin, file, number, folded(_shown(value))


def _of_facts(file: str, facts: Mapping[str, Any]) -> Iterator[Entry]:
    """Give what the probe found by itself."""

    def entry(name: str, fact: str, *values: Any) -> Entry:
        """Make an entry out of those values that are of its kind."""
        kind = {"number": (int, float), "text": (str,), "flag": (bool,)}[TERMS[name].kind]
        good = tuple(one for one in values if isinstance(one, kind) and (kind != (int, float) or _is_number(one)))
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


def _of_settings(file: str, program: str, settings: Mapping[str, Any]) -> list[Entry]:
    """Return what a text of settings, or a log, sets: under global names, and the rest under the program's own."""
    plain = {_plain_key(key): str(value) for key, value in settings.items()}
    word, minimisers = _MINIMISES.get(program, ("", ()))
    if plain.get(word, "").lower() in minimisers:
        rules: Sequence[Rule] = ()
    else:
        rules = RULES.get(program, ())
    entries: list[Entry] = []
    mapped: set[str] = set()
    for rule in rules:
        if rule.key in plain and (values := _applied(rule, plain[rule.key], plain.get("units", "lj"))):
            mapped.add(rule.key)
            source = f"{rule.key} = {plain[rule.key]}"
            entries.append(Entry(rule.name, values, TERMS[rule.name].unit, file, source))
    entries, mapped = _without_targets_of_nothing(entries, mapped)
    entries += _ensemble(file, entries)
    kept = (key for key in settings if _plain_key(key) not in mapped)
    return entries + [Entry(f"{program}.{key}", (str(settings[key]),), "", file, key) for key in kept]


def _without_targets_of_nothing(entries: list[Entry], mapped: set[str]) -> tuple[list[Entry], set[str]]:
    """Leave out what is stated of a thermostat or barostat that is switched off; it stays a setting of the program."""
    off = {
        name
        for algorithm, names in _GOVERNS.items()
        if {entry.values for entry in entries if entry.name == algorithm} == {("none",)}
        for name in names
    }
    kept = [entry for entry in entries if entry.name not in off]
    return kept, {key for key in mapped if any(entry.source.startswith(f"{key} = ") for entry in kept)}


def _applied(rule: Rule, written: str, system: str) -> tuple[Value, ...]:
    """Return the values that a rule reads from what is written; none where it does not fit."""
    term = TERMS[rule.name]
    if not written.lower().startswith(rule.begins):
        return ()
    if rule.always:
        return (rule.always,)
    if term.kind != "number":
        first = written.lower().split()[:1]
        return tuple(rule.values[one] for one in first if one in rule.values)
    unit = rule.unit if isinstance(rule.unit, str) else rule.unit.get(system.lower())
    if unit is None:
        return ()
    found = [_as_number(one) for one in _BETWEEN.split(written.strip()) if _NUMBER.fullmatch(one)]
    if not found or (rule.number is None and len(found) != len(_BETWEEN.split(written.strip()))):
        return ()
    if rule.number is not None:
        found = found[rule.number : rule.number + 1 or None]
    scale = rule.scale * (factor(unit, term.unit) if unit else 1.0)
    return tuple(one if scale == 1.0 else float(f"{one * scale:.12g}") for one in found if _is_number(one))


def _ensemble(file: str, entries: Sequence[Entry]) -> list[Entry]:
    """Return the ensemble, if a file says of both temperature and pressure whether they are held."""
    held = {}
    for name in ("thermostat_algorithm", "barostat_algorithm"):
        said = [entry.values[0] != "none" for entry in entries if entry.name == name]
        if not said:
            return []
        held[name] = any(said)
    heat, press = held["thermostat_algorithm"], held["barostat_algorithm"]
    ensemble = "NPT" if heat and press else "NVT" if heat else "NPH" if press else "NVE"
    return [Entry("ensemble_type", (ensemble,), "", file, "thermostat and barostat")]


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
    number = _as_number(match[1])
    if not _is_number(number):
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


def _as_number(text: str) -> float | int:
    try:
        return int(text)
    except ValueError:
        return float(text.lower().replace("d", "e"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST_NUMBER


def _converted(quantity: Any, unit: str) -> tuple[float, ...]:
    """Return a quantity ``{"value", "unit"}`` in another unit; nothing if it is none."""
    match quantity:
        case {"value": int() | float() as value, "unit": str(given)} if _is_number(value):
            try:
                return (float(f"{value * factor(given, unit):.12g}"),)
            except ArgumentError:
                return ()
    return ()


def _plain_key(key: str) -> str:
    """Return a name as names are compared: GROMACS' "ref-t" is "ref_t"."""
    return key.strip().lower().replace("-", "_")


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> list[str]:
    return [one for one in _list(value) if isinstance(one, str)]
