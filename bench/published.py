"""Many published records, made in a catalog directly: what a large repository's pages have to deal with.

They are drawn from a seed. Proteins, programs, force fields and sizes are distributed as in collections of simulations:
few systems have very many records, most have some, and each record has the kilobytes of facts that probes find.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, update

from fomrepo.catalog.database import Database
from fomrepo.catalog.tables import (
    files,
    members,
    metadata_terms,
    placements,
    principals,
    projects,
    quality_checks,
    records,
    replicas,
    systems,
    versions,
)
from fomrepo.model.canonical import canonical_json, new_id
from fomrepo.model.metadata import index_rows, metadata_of
from fomrepo.model.systems import fingerprints

#: Records of one transaction.
AT_ONCE = 500
#: Sites that are told to hold the files; nobody reads them here.
SITES = ("berlin", "davis", "kyoto")
PEOPLE = 200
#: One in so many records stays private, has a second version, was withdrawn.
PRIVATE_EVERY, SECOND_EVERY, WITHDRAWN_EVERY = 20, 12, 200
#: When the first record was published, s since 1970; the others follow within five years.
FIRST, SPAN_S = 1_600_000_000.0, 5 * 365 * 86_400.0

PROTEINS = (
    "Adenylate kinase", "Villin headpiece", "Lysozyme", "Ubiquitin", "Chignolin", "Crambin", "Barnase", "Protein G",
    "Aquaporin", "Rhodopsin", "Beta2 adrenergic receptor", "HIV-1 protease", "Thrombin", "Trypsin", "Calmodulin",
    "Myoglobin", "Haemoglobin", "Insulin", "Carbonic anhydrase", "Dihydrofolate reductase", "KRAS", "p53 core domain",
    "SARS-CoV-2 main protease", "Spike receptor binding domain", "Tubulin dimer", "G-actin", "Kinesin motor domain",
    "Potassium channel KcsA", "Gramicidin A", "Melittin", "Alpha-synuclein", "Amyloid beta 42", "Tau repeat domain",
)  # fmt: skip
STATES = ("closed", "open", "closed to open", "apo", "with its inhibitor", "folding", "unfolding", "in its dimer")
WHERE = ("in water", "in 0.15 M NaCl", "in a POPC bilayer", "in vacuum", "in 8 M urea", "at a lipid interface")
ENGINES = (("GROMACS", 50), ("NAMD", 15), ("AMBER", 20), ("CHARMM", 5), ("LAMMPS", 5), ("OpenMM", 5))
FORCE_FIELDS = ("CHARMM36m", "CHARMM27", "AMBER ff14SB", "AMBER ff19SB", "OPLS-AA/M", "GROMOS 54A7", "Martini 3")
WATERS = (("TIP3P", 60), ("SPC/E", 20), ("TIP4P-Ew", 10), ("OPC", 10))
ENSEMBLES = (("NPT", 65), ("NVT", 30), ("NVE", 5))
LICENCES = (("CC-BY-4.0", 60), ("CC0-1.0", 30), ("CC-BY-SA-4.0", 10))
TRAJECTORIES = (("XTC", 55), ("DCD", 30), ("TRR", 15))


@dataclass(frozen=True, slots=True)
class System:
    """A molecule that somebody simulates, with what its topology says."""

    name: str
    facts: Mapping[str, Any]


def fill_catalog(url: str, count: int, *, seed: int = 6, progress: Callable[[int], None] | None = None) -> None:
    """Put so many published records into an empty catalog, and some that are not published.

    Parameters
    ----------
    url
        Of a catalog of the present revision.
    count
        How many records.
    seed
        The same one makes the same records, but for their ids.
    progress
        Told how many there are by now.
    """
    draw = random.Random(seed)
    database = Database(url)
    try:
        people = [(f"user-{number}", new_id(), new_id()) for number in range(PEOPLE)]
        database.write(lambda connection: _add_people(connection, people))
        known = [_system(draw, number) for number in range(max(20, count // 25))]
        accessions = drawn_accessions(count, seed)
        for begin in range(0, count, AT_ONCE):
            rows = _Rows()
            for number in range(begin, min(begin + AT_ONCE, count)):
                # Zipf's law: the first systems are everybody's favourites.
                system = known[min(int(draw.paretovariate(0.3)) - 1, len(known) - 1)]
                _add_record(rows, draw, number, count, accessions[number], system, draw.choice(people))
            database.write(rows.insert)
            if progress is not None:
                progress(begin + AT_ONCE)
    finally:
        database.close()


def drawn_accessions(count: int, seed: int = 6) -> list[str]:
    """Accessions of the records, in the order in which they were published."""
    return [f"FOM-{number}" for number in random.Random(seed).sample(range(10**6, 9 * 10**6), count)]


def is_published(number: int) -> bool:
    """Whether the record of a number is there for everybody."""
    return bool(number % PRIVATE_EVERY) and number % WITHDRAWN_EVERY != 1


class _Rows:
    """Rows of one transaction, in the order in which tables refer to each other."""

    def __init__(self) -> None:
        tables = (records, versions, files, metadata_terms, quality_checks, replicas, placements, systems)
        self._rows: dict[Any, list[dict[str, Any]]] = {table: [] for table in tables}
        #: What becomes of versions once all of them are there, as it does in life: by version.
        self.later: list[tuple[str, dict[str, Any]]] = []

    def add(self, table: Any, **values: Any) -> None:
        self._rows[table].append(values)

    def insert(self, connection: Connection) -> None:
        """Write them."""
        for table, rows in self._rows.items():
            for begin in range(0, len(rows), 2_000):
                connection.execute(insert(table), rows[begin : begin + 2_000])
        for version_id, values in self.later:
            connection.execute(update(versions).where(versions.c.id == version_id).values(**values))


def _add_people(connection: Connection, people: list[tuple[str, str, str]]) -> None:
    for name, principal, project in people:
        connection.execute(insert(principals).values(id=principal, name=name, created=FIRST))
        connection.execute(insert(projects).values(id=project, name=name, created=FIRST))
        connection.execute(insert(members).values(project_id=project, principal_id=principal))


def _add_record(
    rows: _Rows, draw: random.Random, number: int, count: int, accession: str, system: System, who: tuple[str, str, str]
) -> None:
    name, principal, project = who
    record_id = new_id()
    published = FIRST + SPAN_S * number / count
    title = f"{system.name}, {draw.choice(STATES)}, {draw.choice(WHERE)}"
    rows.add(records, id=record_id, accession=accession, project_id=project, name=f"run-{number}", created=published)
    engine, water, ensemble = _one(draw, ENGINES), _one(draw, WATERS), _one(draw, ENSEMBLES)
    claims = {
        "creators": f"{name.title()}, A.; Other, B.", "force_field": draw.choice(FORCE_FIELDS), "water_model": water,
        "ensemble": ensemble, "temperature": f"{draw.choice((280, 300, 300, 300, 310, 323, 350))} K",
        "publication_doi": f"10.1234/example.{number}", "note": f"Part {number % 7} of a series about {system.name}.",
    }  # fmt: skip
    last = 2 if number % SECOND_EVERY == 0 else 1
    for version in range(1, last + 1):
        version_id = new_id()
        rows.add(
            versions, id=version_id, record_id=record_id, number=version, is_current=version == last, state="private",
            title=title, owner_id=principal, created=published + version, claims=canonical_json(claims).decode(),
        )  # fmt: skip
        described = list(_add_files(rows, draw, version_id, f"{number}.{version}", system, engine))
        for position, (key, origin, file, value, text) in enumerate(index_rows(metadata_of(described, claims))):
            rows.add(
                metadata_terms, version_id=version_id, position=position, name=key, origin=origin, file=file,
                number=value, text=text,
            )  # fmt: skip
        for site in draw.sample(SITES, draw.choice((1, 2, 2, 3))):
            rows.add(placements, version_id=version_id, site=site, coming=None)
        if number % PRIVATE_EVERY:
            licence = _one(draw, LICENCES)
            rows.later.append(
                (version_id, {"state": "published", "licence": licence, "public_from": published + version})
            )
        if number % WITHDRAWN_EVERY == 1:
            rows.later.append(
                (version_id, {"state": "withdrawn", "withdrawn": published + 9.0, "reason": "the box was wrong"})
            )


@dataclass(frozen=True, slots=True)
class _File:
    """A file with what its probe found."""

    name: str
    facts: Mapping[str, Any]


def _add_files(
    rows: _Rows, draw: random.Random, version_id: str, key: str, system: System, engine: str
) -> Iterator[_File]:
    topology = {
        **system.facts,
        "program": {"name": engine, "version": f"20{draw.randint(16, 24)}.{draw.randint(1, 5)}"},
    }
    runs = draw.choice((1, 1, 1, 2, 3))
    kinds = [("system.psf", "PSF", topology), *(_run(draw, system, number) for number in range(runs))]
    for position, (name, kind, facts) in enumerate(kinds):
        digest = hashlib.sha256(f"{key}/{name}".encode()).hexdigest()
        size = 60 * facts["n_atoms"] if position == 0 else 4 * facts["n_atoms"] * facts["n_frames"]
        rows.add(
            files, id=new_id(), version_id=version_id, position=position, name=name, file_type=kind, digest=digest,
            size=size, facts=canonical_json(facts).decode(), topology=None if position == 0 else "system.psf",
            offsets_digest=None,
        )  # fmt: skip
        for site in SITES:
            rows.add(
                replicas, digest=digest, site=site, state="good", generation=1, device=1, inode=1, size=size,
                mtime_ns=0, ctime_ns=0, path=None, guard=None, handed_by=None, checked=None,
            )  # fmt: skip
        for aspect, fingerprint in fingerprints(facts):
            rows.add(systems, version_id=version_id, file=name, aspect=aspect.value, fingerprint=fingerprint)
        for check in ("integrity", "box_sanity", "time_monotone") if position else ():
            rows.add(
                quality_checks, id=new_id(), version_id=version_id, file=name, name=check, site=SITES[0],
                state="passed", message="", method_version="1.0.0", n_findings=0, findings="[]", checked=FIRST,
            )  # fmt: skip
        yield _File(name, facts)


def _run(draw: random.Random, system: System, number: int) -> tuple[str, str, dict[str, Any]]:
    kind = _one(draw, TRAJECTORIES)
    frames, step = int(draw.lognormvariate(7.0, 1.2)) + 2, draw.choice((1.0, 2.0, 10.0, 100.0))
    edge = round((system.facts["n_atoms"] * 10.0) ** (1 / 3), 1)
    facts = {
        "families": ["trajectory"], "n_atoms": system.facts["n_atoms"], "n_frames": frames,
        "dt": {"value": step, "unit": "ps"}, "total_time": {"value": step * (frames - 1), "unit": "ps"},
        "box": {"lengths": [edge] * 3, "angles": [90.0] * 3, "unit": "angstrom"}, "has": ["positions"],
    }  # fmt: skip
    return f"run-{number}.{kind.lower()}", kind, facts


def _system(draw: random.Random, number: int) -> System:
    length = int(draw.lognormvariate(5.0, 0.7)) + 10
    letters = "".join(draw.choices("ACDEFGHIKLMNPQRSTVWY", k=length))
    waters = int(draw.lognormvariate(9.2, 0.9)) if number % 6 else 0
    names = ("ALA", "ARG", "ASN", "ASP", "CYS", "GLN", "GLU", "GLY", "HIS", "ILE", "LEU", "LYS", "MET", "PHE", "PRO")
    facts = {
        "families": ["topology"], "n_atoms": 16 * length + 3 * waters, "n_residues": length + waters,
        "residues": {one: draw.randint(1, length) for one in names} | ({"TIP3": waters} if waters else {}),
        "sequences": [{"kind": "protein", "segment": "A", "letters": letters}],
        "water": {"count": waters, "sites": 3}, "ions": {"SOD": 12, "CLA": 9} if waters else {},
        "total_charge": {"value": 0.0, "unit": "elementary_charge"}, "has": ["masses", "charges", "bonds"],
    }  # fmt: skip
    return System(f"{PROTEINS[number % len(PROTEINS)]} {1 + number // len(PROTEINS)}", facts)


def _one(draw: random.Random, weighted: tuple[tuple[str, int], ...]) -> str:
    return draw.choices([name for name, _ in weighted], [weight for _, weight in weighted])[0]
