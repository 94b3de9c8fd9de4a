"""Service ``Metadata``: what is known of records, and the quality of their files."""

from __future__ import annotations

import json
from typing import Any

import grpc

from fomrepo.catalog.metadata import CONDITIONS_LIMIT, Condition
from fomrepo.errors import ArgumentError
from fomrepo.model.canonical import canonical_json
from fomrepo.model.files import RecordVersion
from fomrepo.model.metadata import claim_of, global_name
from fomrepo.site.parts import SiteParts
from fomrepo.site.services.border import caller, unary
from fomrepo.site.services.files import find_record
from fomrepo.wire.metadata import check_to_wire, metadata_to_wire
from fomrepo.wire.records import record_to_wire
from fomrepo.wire.v1 import metadata_pb2, metadata_pb2_grpc

#: Most records that one search gives.
FOUND_LIMIT = 500
#: Most claims of one request, and longest value of one, in characters of JSON.
CLAIMS_LIMIT, CLAIM_LIMIT = 100, 2_000
#: Longest name of a claim that no schema has.
NAME_LIMIT = 100


class MetadataService(metadata_pb2_grpc.MetadataServicer):
    """Answers clients."""

    def __init__(self, site: SiteParts) -> None:
        self._site = site

    @unary
    def GetMetadata(
        self, request: metadata_pb2.GetMetadataRequest, context: grpc.ServicerContext
    ) -> metadata_pb2.MetadataReply:
        version = find_record(self._site, caller(self._site.catalog, context), request.record)
        return metadata_to_wire(self._site.catalog.metadata.of_version(version.version_id), version.versioned)

    @unary
    def SetClaims(
        self, request: metadata_pb2.SetClaimsRequest, context: grpc.ServicerContext
    ) -> metadata_pb2.MetadataReply:
        principal = caller(self._site.catalog, context)
        version = find_record(self._site, principal, request.record)
        if len(request.claims) > CLAIMS_LIMIT:
            raise ArgumentError(f"{len(request.claims)} claims at once are too many, {CLAIMS_LIMIT} are allowed")
        changes = dict(_change(one) for one in request.claims)
        changed = self._site.catalog.metadata.claim(version, principal.id, changes)
        return metadata_to_wire(changed, version.versioned)

    @unary
    def FindRecords(
        self, request: metadata_pb2.FindRecordsRequest, context: grpc.ServicerContext
    ) -> metadata_pb2.FindRecordsReply:
        principal = caller(self._site.catalog, context)
        if not 1 <= len(request.conditions) <= CONDITIONS_LIMIT:
            raise ArgumentError(
                f"{len(request.conditions)} conditions cannot be searched for", remedy=f"give 1 to {CONDITIONS_LIMIT}"
            )
        limit = min(max(request.limit, 1), FOUND_LIMIT)
        found = self._site.catalog.metadata.find(principal.id, list(map(_condition, request.conditions)), limit=limit)
        return metadata_pb2.FindRecordsReply(records=map(record_to_wire, found))

    @unary
    def GetQuality(
        self, request: metadata_pb2.GetQualityRequest, context: grpc.ServicerContext
    ) -> metadata_pb2.QualityReply:
        return self._quality(find_record(self._site, caller(self._site.catalog, context), request.record))

    @unary
    def WaiveCheck(
        self, request: metadata_pb2.WaiveCheckRequest, context: grpc.ServicerContext
    ) -> metadata_pb2.QualityReply:
        principal = caller(self._site.catalog, context)
        version = find_record(self._site, principal, request.record)
        self._site.catalog.quality.waive(
            version.version_id, principal.id, file=request.file, name=request.name, reason=request.reason
        )
        return self._quality(version)

    @unary
    def CheckAgain(
        self, request: metadata_pb2.GetQualityRequest, context: grpc.ServicerContext
    ) -> metadata_pb2.QualityReply:
        principal = caller(self._site.catalog, context)
        version = find_record(self._site, principal, request.record)
        self._site.catalog.quality.again(version.version_id, principal.id)
        return self._quality(version)

    def _quality(self, version: RecordVersion) -> metadata_pb2.QualityReply:
        checks = self._site.catalog.quality.of_version(version.version_id)
        return metadata_pb2.QualityReply(record=version.versioned, checks=map(check_to_wire, checks))


def _change(claim: metadata_pb2.Claim) -> tuple[str, Any]:
    """Read a claim, which its name must allow; None takes it back."""
    name = claim.name.strip()
    if not 1 <= len(name) <= NAME_LIMIT or not name.isprintable():
        raise ArgumentError(f"a claim cannot be named {name[:40]!r}", remedy="see the names: fomrepo metadata names")
    if len(claim.value_json) > CLAIM_LIMIT:
        raise ArgumentError(f"the value of {name} has more than {CLAIM_LIMIT} characters")
    try:
        value = json.loads(claim.value_json)
        canonical_json(value)
    except (ValueError, RecursionError):  # no number that is finite, or half a character, is none either
        raise ArgumentError(f"the value of {name} is no JSON that can be kept") from None
    if value is not None:
        claim_of(name, value)
    return name, value


def _condition(message: metadata_pb2.Condition) -> Condition:
    return Condition(
        global_name(message.name),
        message.lowest if message.HasField("lowest") else None,
        message.highest if message.HasField("highest") else None,
        message.text if message.HasField("text") else None,
    )
