"""Reads ``mdrepo-metadata.toml``, the deposit format of MDRepo (mdrepo.org), in its flat and in its older nested form.

What it names is taken over: files, people, title; the rest becomes claims under global names where there are such, and
under its own name with ``mdrepo_`` before it where there are none. Nothing is dropped.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fomrepo.errors import ArgumentError
from fomrepo.model.deposit_plan import Creator, DepositPlan, PlannedFile

#: What MDRepo's deposits are described by.
MDREPO_NAME = "mdrepo-metadata.toml"

#: Tables of the nested form whose keys stand at the top in the flat one.
_NESTED = ("initial", "required_files", "forcefield", "temperature", "protonation_method", "timestep_information")
#: Keys that became global names, and the unit of the bare numbers that they hold.
_CLAIMS = {
    "temperature_kelvin": ("temperature", " K"), "temperature": ("temperature", " K"),
    "integration_timestep_fs": ("time_step", " fs"), "integration_time_step": ("time_step", " fs"),
    "software_name": ("software", ""), "software_version": ("software_version", ""), "forcefield": ("force_field", ""),
}  # fmt: skip
#: Keys that are taken over otherwise.
_TAKEN = {
    "short_description", "lead_contributor_orcid", "contributors", "trajectory_file_name", "trajectory_file_names",
    "structure_file_name", "topology_file_name", "additional_files", "software", "water", "papers", "dois",
}  # fmt: skip


def read_mdrepo(path: Path) -> DepositPlan:
    """Read what a deposit for MDRepo says; files are named, and not paired.

    Raises
    ------
    ArgumentError
        If it is no TOML, or names of people or files in it are no texts.
    """
    try:
        read = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ArgumentError(f"{path} cannot be read: {error}", remedy=f"mend it, or move {path.name} away") from None
    flat = {key: value for key, value in read.items() if key not in _NESTED or not isinstance(value, dict)}
    for table in _NESTED:
        if isinstance(read.get(table), dict):
            flat |= read[table]
    names = dict.fromkeys(_file_names(flat))
    return DepositPlan(
        files=tuple(PlannedFile(name) for name in names),
        title=str(flat.get("short_description", "")).strip()[:300],
        creators=tuple(_creators(flat, path)),
        metadata=dict(_claims(flat)),
    )


def _file_names(flat: Mapping[str, Any]) -> Iterator[str]:
    """Names of files, topology first; folders are not kept."""
    several = flat.get("trajectory_file_names", ())
    more = flat.get("additional_files", ())
    listed = [flat.get("topology_file_name"), flat.get("structure_file_name"), flat.get("trajectory_file_name")]
    listed += several if isinstance(several, list) else []
    if isinstance(more, list):
        listed += [one.get("file_name") or one.get("additional_file_name") for one in more if isinstance(one, dict)]
    yield from (one for one in listed if isinstance(one, str) and one)


def _creators(flat: Mapping[str, Any], path: Path) -> Iterator[Creator]:
    """People, whoever leads first, each once."""
    lead = str(flat.get("lead_contributor_orcid", ""))
    found: dict[str, Creator] = {}
    for one in flat.get("contributors", ()):
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise ArgumentError(f"a contributor in {path} has no name", remedy=f"mend {path.name}")
        orcid = str(one.get("orcid", ""))
        found.setdefault(one["name"], Creator.parse(f"{one['name']} ({orcid})" if orcid else one["name"]))
    yield from sorted(found.values(), key=lambda one: one.orcid != lead)


def _claims(flat: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in flat.items():
        if key in _CLAIMS:
            name, unit = _CLAIMS[key]
            yield name, value if isinstance(value, str) else f"{value}{unit}"
        elif key not in _TAKEN:
            yield f"mdrepo_{key}", _plain(value)
    software, water = flat.get("software"), flat.get("water")
    if isinstance(software, dict):
        names = (("name", "software"), ("version", "software_version"))
        yield from ((name, str(software[key])) for key, name in names if key in software)
    if isinstance(water, dict):
        if "model" in water:
            yield "water_model", str(water["model"])
        yield from ((f"mdrepo_water_{key}", _plain(value)) for key, value in water.items() if key != "model")
    papers = [one for one in flat.get("papers", ()) if isinstance(one, dict)]
    dois = [*flat.get("dois", ()), *(one["doi"] for one in papers if "doi" in one)]
    if dois:
        yield "publication_doi", [str(one).removeprefix("https://doi.org/") for one in dois]
    if papers:
        yield "mdrepo_papers", _plain(papers)


def _plain(value: Any) -> Any:
    """Write tables as texts: claims are texts, numbers, or rows of them."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_plain(one)}" for key, one in value.items())
    return [_plain(one) for one in value] if isinstance(value, list) else value if _is_plain(value) else str(value)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)
