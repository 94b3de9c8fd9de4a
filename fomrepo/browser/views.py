"""What pages show, as plain values: the same for people (templates) and for machines (JSON)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from fomrepo.browser import citing
from fomrepo.browser.listed import is_public
from fomrepo.client.record import Record
from fomrepo.client.remote_methods import fits
from fomrepo.client.repository import Repository
from fomrepo.errors import NotFoundError
from fomrepo.model.files import RecordName
from fomrepo.model.health import MethodHealth, badge
from fomrepo.model.metadata import Entry, Metadata
from fomrepo.model.metadata_terms import TERMS
from fomrepo.model.methods import MethodSchema, Parameter, version_rank

#: Claims that name the creators; without one it is the depositor.
CREATORS = ("creators", "authors", "creator", "author")
#: Names of the system card come first; how often and how long lists are shown in it.
CARD_VALUES_LIMIT = 12
#: Versions of a record that are listed, the newest ones.
VERSIONS_LIMIT = 50


def readable_record(repo: Repository, name: str, *, visitor: bool) -> Record:
    """Fetch a record that whoever looks may see.

    A visitor's principal is a member of no project; should somebody have made it one, nothing private is shown for it.

    Raises
    ------
    NotFoundError
        Alike for what does not exist and for what they may not see.
    """
    record = repo[str(RecordName.parse(name))]
    if visitor and not is_public(record):
        raise NotFoundError(f"no record {name} that everybody may see")
    return record


def record_view(repo: Repository, record: Record, *, url: str, federation: str, visitor: bool) -> dict[str, Any]:
    """Tell all that a record page tells.

    Parameters
    ----------
    repo
        Whose it is read through.
    record
        With its files.
    url
        Address of the browser, without a slash at its end.
    federation
        Name of the publisher.
    visitor
        Whether only what is public may be shown.
    """
    name = record.versioned
    gone = record.withdrawn is not None
    said = Metadata((), ()) if gone else repo.metadata.of(name)
    copies = [] if gone else repo.replicas(name)
    files = [
        _file(record, one.name, [c.site for c in copies if c.file == one.name and c.state == "good"]) for one in record
    ]
    citable = _citable(record, said, url=url, federation=federation)
    return {
        "accession": record.accession,
        "versioned": name,
        "version": record.version,
        "title": record.title,
        "path": record.path,
        "project": record.project,
        "creators": list(citable.creators),
        "depositor": record.owner,
        "state": record.state,
        "licence": record.licence,
        "published": _iso(record.public_from),
        "deposited": _iso(record.created),
        "withdrawn": _iso(record.withdrawn),
        "reason": record.reason,
        "superseded_by": record.superseded_by,
        "url": citable.url,
        "versions": _versions(repo, record, visitor=visitor),
        "files": files,
        "system": _system(said),
        "disagreements": [str(one) for one in said.disagreements],
        "quality": [] if gone else [_check(one) for one in repo.quality.of(name)],
        "related": [] if gone else _related(repo, name, visitor=visitor),
        "methods": {} if gone else _methods_by_file(repo, record),
        "citation": None if record.licence is None else _citations(citable, files),
    }


def methods_view(repo: Repository) -> list[dict[str, Any]]:
    """Tell of each published method what a list shows."""
    verdicts = repo.checks.health()
    return [
        {
            "name": one.schema.name,
            "version": one.schema.version,
            "summary": one.schema.summary,
            "accepts": one.schema.accepted(),
            "result": one.schema.result.type,
            "deprecated": one.deprecated,
            "health": _health(one.schema, verdicts),
        }
        for one in repo.methods()
    ]


def method_view(repo: Repository, name: str, version: str | None) -> dict[str, Any]:
    """Tell all that a method page tells."""
    versions = repo.method_versions(name)
    found = repo.method(name, version)
    schema = found.schema
    return {
        "name": schema.name,
        "version": schema.version,
        "versions": sorted(versions, key=version_rank, reverse=True),
        "digest": found.digest,
        "deprecated": found.deprecated,
        "summary": schema.summary,
        "description": schema.description,
        "inputs": [{"name": one, "accepts": list(kinds)} for one, kinds in schema.inputs],
        "frames": schema.has_frames,
        "parameters": [parameter_view(one) for one in schema.parameters],
        "result": {
            "type": schema.result.type,
            "doc": schema.result.doc,
            "fields": [
                {"name": one.name, "dtype": one.dtype, "dims": list(one.dims), "unit": one.unit, "doc": one.doc}
                for one in schema.result.fields
            ],
        },
        "licence": schema.licence,
        "authors": list(schema.authors),
        "citations": [{key: str(value) for key, value in one.items()} for one in schema.citations],
        "limits": {"memory_mib": schema.limits.memory_mib, "wall_s": schema.limits.wall_s},
        "health": _health(schema, repo.checks.health()),
    }


def parameter_view(one: Parameter) -> dict[str, Any]:
    """Tell what a parameter takes."""
    return {
        "name": one.name,
        "type": f"list of {one.items}" if one.type == "list" else one.type,
        "doc": one.doc,
        "required": one.required,
        "optional": one.optional,
        "default": one.default,
        "min": one.min,
        "max": one.max,
        "choices": list(one.choices),
        "unit": one.unit,
    }


def sites_view(repo: Repository) -> list[dict[str, Any]]:
    """Tell of each site whether it is up, what it can run and how busy it is."""
    return [
        {
            "name": one.name,
            "up": one.up,
            "wall": one.wall,
            "running": one.running,
            "waiting": one.waiting,
            "slots": one.slots,
        }
        for one in repo.sites()
    ]


def _file(record: Record, name: str, sites: list[str]) -> dict[str, Any]:
    one = record[name]
    return {
        "name": one.name,
        "type": one.file_type,
        "families": list(one.families),
        "size": one.size,
        "sha256": one.sha256,
        "n_atoms": one.n_atoms,
        "n_frames": one.n_frames,
        "dt_ps": one.dt,
        "total_time_ps": one.total_time,
        "topology": None if one.topology is None else one.topology.name,
        "sites": sites,
    }


def _system(said: Metadata) -> list[dict[str, Any]]:
    """Tell what is known under global names, facts and claims apart, in the order of the names."""

    def told(entries: Iterable[Entry], name: str) -> list[dict[str, str]]:
        found: dict[str, list[str]] = {}
        for one in entries:
            if one.name == name:
                found.setdefault(_shown(one), []).append(f"{one.file}: {one.source}" if one.file else one.source)
        return [{"text": text, "source": "; ".join(dict.fromkeys(where))} for text, where in found.items()]

    names = {one.name for one in (*said.extracted, *said.claims)}
    ordered = [name for name in TERMS if name in names] + sorted(
        one.name for one in said.claims if one.name not in TERMS
    )
    return [
        {
            "name": name,
            "doc": TERMS[name].doc if name in TERMS else "",
            "facts": told(said.extracted, name),
            "claims": told(said.claims, name),
        }
        for name in dict.fromkeys(ordered)
    ]


def _shown(entry: Entry) -> str:
    if len(entry.values) <= CARD_VALUES_LIMIT:
        return entry.text
    first = ", ".join(map(str, entry.values[:CARD_VALUES_LIMIT]))
    return f"{first} and {len(entry.values) - CARD_VALUES_LIMIT} more {entry.unit}".rstrip()


def _check(one: Any) -> dict[str, Any]:
    return {
        "file": one.file,
        "name": one.name,
        "site": one.site,
        "state": str(one.verdict.state),
        "message": one.verdict.message,
        "findings": [str(each) for each in one.verdict.findings],
        "n_findings": one.verdict.n_findings,
        "waived": None if one.waiver is None else {"reason": one.waiver.reason, "by": one.waiver.by},
    }


def _related(repo: Repository, name: str, *, visitor: bool) -> list[dict[str, Any]]:
    return [
        {"accession": one.record.accession, "title": one.record.title, "same": list(one.same)}
        for one in repo.lifecycle.similar(name)
        if not visitor or is_public(one.record)
    ]


def _versions(repo: Repository, record: Record, *, visitor: bool) -> list[dict[str, Any]]:
    """Versions that may be seen, newest first."""
    newest = repo[record.accession].version
    found = []
    for number in range(newest, max(0, newest - VERSIONS_LIMIT), -1):
        name = f"{record.accession}.v{number}"
        try:
            one = record if number == record.version else readable_record(repo, name, visitor=visitor)
        except NotFoundError:
            continue
        found.append({"versioned": name, "title": one.title, "state": one.state, "published": _iso(one.public_from)})
    return found


def _methods_by_file(repo: Repository, record: Record) -> dict[str, list[str]]:
    methods = [one.schema for one in repo.methods()]
    return {file.name: [one.name for one in methods if fits(one, file)] for file in record}


def _citable(record: Record, said: Metadata, *, url: str, federation: str) -> citing.Citable:
    claimed = [one for one in said.claims if one.name.lower() in CREATORS]
    names = tuple(part.strip() for one in claimed[:1] for value in one.values for part in str(value).split(";"))
    keywords = {
        str(value) for one in said.extracted if one.name in ("simulation_software_name",) for value in one.values
    }
    return citing.Citable(
        versioned=record.versioned,
        title=record.title,
        creators=tuple(one for one in names if one) or (record.owner,),
        publisher=f"fomrepo federation {federation}",
        published=(record.public_from or record.created).date(),
        licence=record.licence or "",
        url=f"{url}/records/{record.versioned}",
        version=record.version,
        keywords=("molecular dynamics", *sorted(keywords)),
    )


def _citations(one: citing.Citable, files: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "text": citing.plain(one),
        "bibtex": citing.bibtex(one),
        "ris": citing.ris(one),
        "csl": citing.csl(one),
        "datacite": citing.datacite(one),
        "schema_org": citing.schema_org(one, tuple(files)),
    }


def _health(schema: MethodSchema, verdicts: Iterable[MethodHealth]) -> str:
    return badge([one for one in verdicts if (one.method, one.version) == (schema.name, schema.version)])


def _iso(moment: datetime.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
