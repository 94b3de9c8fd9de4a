"""What programs were told to do, under global names: the rules of ``metadata_terms.py`` applied to settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fomrepo.model.metadata_entries import NUMBER, Entry, Value, as_number, is_number, plain_key
from fomrepo.model.metadata_terms import RULES, TERMS, Rule
from fomrepo.model.units import factor

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


def entries_of_settings(file: str, program: str, settings: Mapping[str, str]) -> list[Entry]:
    """Return what an input or a log sets: under global names, and the rest under the program's own.

    Parameters
    ----------
    file
        Which file says so.
    program
        As a probe names it: ``GROMACS``.
    settings
        Names and values as the program writes them.
    """
    plain = {plain_key(key): value for key, value in settings.items()}
    word, minimisers = _MINIMISES.get(program, ("", ()))
    rules = () if plain.get(word, "").lower() in minimisers else RULES.get(program, ())
    by_key = _without_targets_of_nothing(list(_mapped(file, rules, plain)))
    mapped, entries = {key for key, _ in by_key}, [entry for _, entry in by_key]
    kept = (
        Entry(f"{program}.{key}", (settings[key],), "", file, key) for key in settings if plain_key(key) not in mapped
    )
    return [*entries, *_ensemble(file, entries), *kept]


def _mapped(file: str, rules: Iterable[Rule], plain: Mapping[str, str]) -> Iterator[tuple[str, Entry]]:
    """Give an entry for each rule that fits, with the key that it was made of."""
    for rule in rules:
        written = plain.get(rule.key)
        if written is not None and (values := _applied(rule, written, plain.get("units", "lj"))):
            yield rule.key, Entry(rule.name, values, TERMS[rule.name].unit, file, f"{rule.key} = {written}")


def _without_targets_of_nothing(by_key: Sequence[tuple[str, Entry]]) -> list[tuple[str, Entry]]:
    """Leave out what is stated of a thermostat or barostat that is switched off."""
    off = {
        name
        for algorithm, names in _GOVERNS.items()
        if {entry.values for _, entry in by_key if entry.name == algorithm} == {("none",)}
        for name in names
    }
    return [(key, entry) for key, entry in by_key if entry.name not in off]


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
    found = [as_number(one) for one in _BETWEEN.split(written.strip()) if NUMBER.fullmatch(one)]
    if not found or (rule.number is None and len(found) != len(_BETWEEN.split(written.strip()))):
        return ()
    if rule.number is not None:
        found = found[rule.number : rule.number + 1 or None]
    scale = rule.scale * (factor(unit, term.unit) if unit else 1.0)
    return tuple(one if scale == 1.0 else float(f"{one * scale:.12g}") for one in found if is_number(one))


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
