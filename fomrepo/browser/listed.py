"""A published record as lists show it and as it is searched for and counted."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from fomrepo.client.record import Record
from fomrepo.client.whole import KnownRecord
from fomrepo.model.files import RecordState, ReplicaState

#: Facets whose values are what files and depositors say, with the global name.
SAID: Mapping[str, str] = {
    "engine": "simulation_software_name",
    "force_field": "force_fields",
    "water": "water_potential_name",
    "ensemble": "ensemble_type",
}


@dataclass(frozen=True, slots=True)
class Trajectory:
    """What statistics count of one trajectory."""

    n_frames: int
    n_atoms: int
    #: None: nobody says.
    n_residues: int | None
    #: From the first to the last frame, in ps; None: the file does not say.
    length_ps: float | None


@dataclass(frozen=True, slots=True)
class Listed:
    """One published record, in the version that is shown."""

    accession: str
    versioned: str
    title: str
    path: str
    owner: str
    licence: str
    #: Since when it is public, seconds since 1970.
    published: float
    #: In bytes, of all files.
    size: int
    #: Of the largest file with atoms; 0: of none.
    n_atoms: int
    trajectories: tuple[Trajectory, ...]
    #: In K; None: nobody says.
    temperature_k: float | None
    #: Values by facet.
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: What words are looked for in, besides what is above.
    words: str = field(default="", compare=False)

    @property
    def length_ps(self) -> float:
        """Simulated time of all its trajectories, in ps."""
        return sum(one.length_ps or 0.0 for one in self.trajectories)


def is_public(record: Record) -> bool:
    """Whether a record may be shown to anybody: it is published, or the tombstone of one that was."""
    past = record.public_from is not None and record.public_from.timestamp() <= time.time()
    return record.state == RecordState.PUBLISHED or (record.state == RecordState.WITHDRAWN and past)


def listed_of(known: KnownRecord, methods: Iterable[str]) -> Listed:
    """Sum up a record by its files and by what is said of it.

    Parameters
    ----------
    known
        The record.
    methods
        Names of those that fit one of its files.
    """
    record, whole = known.record, known.whole
    entries = (*whole.metadata.extracted, *whole.metadata.claims)
    values: dict[str, list[Any]] = {}
    for entry in entries:
        values.setdefault(entry.name, []).extend(entry.values)
    residues = [int(one) for one in _numbers(values.get("residue_count", ()))]
    trajectories = tuple(
        Trajectory(file.n_frames or 0, file.n_atoms or 0, max(residues, default=None), file.total_time)
        for file in record
        if "trajectory" in file.families
    )
    facets = {name: _texts(values.get(term, ())) for name, term in SAID.items()}
    facets["system"] = _system(values)
    facets["file_type"] = _texts(file.file_type for file in record)
    facets["licence"] = _texts([record.licence or ""])
    facets["project"] = (record.project,)
    facets["site"] = _texts(site for _, site, state in whole.replicas if state is ReplicaState.GOOD)
    facets["method"] = _texts(methods)
    return Listed(
        accession=record.accession,
        versioned=record.versioned,
        title=record.title,
        path=record.path,
        owner=record.owner,
        licence=record.licence or "",
        published=record.public_from.timestamp() if record.public_from else 0.0,
        size=sum(file.size for file in record),
        n_atoms=max((file.n_atoms or 0 for file in record), default=0),
        trajectories=trajectories,
        temperature_k=next(iter(_numbers(values.get("target_temperature", ()))), None),
        facets={name: _shared(found) for name, found in facets.items() if found},
        words=" ".join([*(file.name for file in record), *(one.text for one in entries)]),
    )


@cache
def _shared(values: tuple[str, ...]) -> tuple[str, ...]:
    """The same object for the same values: they are few, and the records that have them many."""
    return values


def _system(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Say of what kinds the molecules are, as far as the topology tells."""
    kinds = {"protein": "protein_sequence", "nucleic acid": "nucleic_sequence", "ions": "ion_names"}
    found = [kind for kind, name in kinds.items() if values.get(name)]
    water = any(one > 0 for one in _numbers(values.get("water_count", ())))
    return (*found, "explicit water" if water else "no explicit water")


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(sorted({str(one) for one in values if str(one)}))


def _numbers(values: Iterable[Any]) -> list[float]:
    return [float(one) for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
