"""What is told of a record, as plain values: the same for people (its page) and for machines (JSON, exports)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from fomrepo.browser import citing
from fomrepo.browser.listed import is_public
from fomrepo.client.record import Record
from fomrepo.client.remote_methods import fits
from fomrepo.client.repository import Repository
from fomrepo.client.whole import KnownRecord
from fomrepo.errors import NotFoundError
from fomrepo.model.files import RecordState
from fomrepo.model.metadata import Entry, Metadata
from fomrepo.model.metadata_terms import TERMS
from fomrepo.model.methods import MethodSchema
from fomrepo.model.quality import QualityCheck
from fomrepo.model.whole import VersionLine, WholeRecord

#: Claims that name the creators; without one it is the depositor.
CREATORS = ("creators", "authors", "creator", "author")
#: Values of one list that the system card shows; the rest is in the metadata.
CARD_VALUES_LIMIT = 12


def known_record(repo: Repository, name: str, *, visitor: bool) -> KnownRecord:
    """Fetch all that whoever looks may know of a record.

    A visitor's principal is a member of no project; should somebody have made it one, nothing private is shown for it.

    Raises
    ------
    NotFoundError
        Alike for what does not exist and for what they may not see.
    """
    found = repo.whole.of(name)
    if found is None or (visitor and not is_public(found.record)):
        raise NotFoundError(f"no record {name} that everybody may see" if visitor else f"no record {name}")
    return found


def record_view(
    known: KnownRecord, methods: Iterable[MethodSchema], *, url: str, federation: str, visitor: bool
) -> dict[str, Any]:
    """Tell all that is kept of a record.

    Parameters
    ----------
    known
        The record.
    methods
        All that are published.
    url
        Address of the browser, without a slash at its end.
    federation
        Name of the publisher.
    visitor
        Whether only what is public may be shown.
    """
    record, whole = known.record, known.whole
    said = whole.metadata
    citable = _citable(record, said, url=url, federation=federation)
    files = [_file(record, one.name, whole) for one in record]
    return {
        "accession": record.accession,
        "versioned": record.versioned,
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
        "versions": [_version(record.accession, one) for one in whole.versions if not visitor or _was_public(one)],
        "files": files,
        "system": _system(said),
        "disagreements": [str(one) for one in said.disagreements],
        "quality": [_check(one) for one in whole.checks],
        "methods": _methods_by_file(methods, record),
        "citation": None if record.licence is None else _citations(citable, files),
    }


def related_view(repo: Repository, known: KnownRecord, *, visitor: bool) -> list[dict[str, Any]]:
    """Tell which records hold the same content or the same system."""
    if known.record.withdrawn is not None:
        return []
    return [
        {"accession": one.record.accession, "title": one.record.title, "same": list(one.same)}
        for one in repo.lifecycle.similar(known.record.versioned)
        if not visitor or is_public(one.record)
    ]


def _file(record: Record, name: str, whole: WholeRecord) -> dict[str, Any]:
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
        "sites": list(whole.sites_of(name)),
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


def _check(one: QualityCheck) -> dict[str, Any]:
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


def _version(accession: str, one: VersionLine) -> dict[str, Any]:
    return {
        "versioned": f"{accession}.v{one.number}",
        "title": one.title,
        "state": str(one.state),
        "deposited": _iso(_moment(one.created)),
        "published": _iso(_moment(one.public_from)),
        "withdrawn": _iso(_moment(one.withdrawn)),
    }


def _was_public(one: VersionLine) -> bool:
    """Whether everybody may see a version: it is published, or the tombstone of one that was."""
    return one.state is RecordState.PUBLISHED or (one.state is RecordState.WITHDRAWN and one.public_from is not None)


def _methods_by_file(methods: Iterable[MethodSchema], record: Record) -> dict[str, list[str]]:
    schemas = list(methods)
    return {file.name: [one.name for one in schemas if fits(one, file)] for file in record}


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


def _moment(seconds: float | None) -> datetime.datetime | None:
    return None if seconds is None else datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _iso(moment: datetime.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
