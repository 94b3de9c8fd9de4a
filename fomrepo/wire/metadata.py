"""Metadata and quality of records on the wire: both directions side by side."""

from __future__ import annotations

import json
from dataclasses import asdict

from fomrepo.model.canonical import canonical_json
from fomrepo.model.metadata import Entry, Metadata
from fomrepo.model.quality import CheckState, Finding, QualityCheck, Verdict, Waiver
from fomrepo.wire.v1 import metadata_pb2 as pb


def metadata_to_wire(metadata: Metadata, record: str) -> pb.MetadataReply:
    """Write what is known of a version as a message."""
    return pb.MetadataReply(
        record=record,
        claims=map(entry_to_wire, metadata.claims),
        extracted=map(entry_to_wire, metadata.extracted),
    )


def metadata_from_wire(message: pb.MetadataReply) -> Metadata:
    """Read what is known of a version.

    Raises
    ------
    ValueError
        If an entry is none.
    """
    return Metadata(tuple(map(entry_from_wire, message.claims)), tuple(map(entry_from_wire, message.extracted)))


def check_to_wire(check: QualityCheck) -> pb.QualityCheck:
    """Write a check as a message; ids of rows do not travel."""
    verdict, waiver = check.verdict, check.waiver
    return pb.QualityCheck(
        file=check.file,
        name=check.name,
        site=check.site,
        state=verdict.state.value,
        message=verdict.message,
        method_version=verdict.method_version,
        n_findings=verdict.n_findings,
        findings_json=canonical_json([asdict(one) for one in verdict.findings]).decode(),
        checked=check.checked or 0.0,
        waiver=None if waiver is None else pb.Waiver(reason=waiver.reason, by=waiver.by, created=waiver.created),
    )


def check_from_wire(message: pb.QualityCheck) -> QualityCheck:
    """Read a check.

    Raises
    ------
    ValueError, TypeError
        If it is none.
    """
    waiver = message.waiver
    return QualityCheck(
        id="",
        file=message.file,
        name=message.name,
        site=message.site,
        verdict=Verdict(
            CheckState(message.state),
            message.message,
            tuple(Finding(**one) for one in json.loads(message.findings_json or "[]")),
            message.n_findings,
            message.method_version,
        ),
        checked=message.checked or None,
        waiver=Waiver(waiver.reason, waiver.by, waiver.created) if message.HasField("waiver") else None,
    )


def entry_to_wire(entry: Entry) -> pb.MetadataEntry:
    """Write an entry as a message."""
    return pb.MetadataEntry(
        name=entry.name,
        values_json=canonical_json(list(entry.values)).decode(),
        unit=entry.unit,
        file=entry.file,
        source=entry.source,
    )


def entry_from_wire(message: pb.MetadataEntry) -> Entry:
    """Read an entry.

    Raises
    ------
    ValueError
        If it is none.
    """
    values = json.loads(message.values_json)
    if not isinstance(values, list) or not all(isinstance(one, str | int | float) for one in values):
        raise ValueError(f"the values of {message.name} are {message.values_json[:80]}")
    return Entry(message.name, tuple(values), message.unit, message.file, message.source)
