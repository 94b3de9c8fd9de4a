"""Service ``Files``: records, files, replicas."""

from __future__ import annotations

from collections.abc import Iterator

import grpc

from fomrepo.errors import NotFoundError
from fomrepo.model.files import RecordName, RecordState, RecordVersion, refuse_withdrawn
from fomrepo.model.people import Principal
from fomrepo.site.parts import SiteParts
from fomrepo.site.peers import Peers
from fomrepo.site.replicate import ReplicateDesk, read_file
from fomrepo.site.services.border import caller, stream, unary
from fomrepo.wire.records import record_to_wire
from fomrepo.wire.v1 import files_pb2, files_pb2_grpc

#: Most records of one page.
PAGE_LIMIT = 500


class FilesService(files_pb2_grpc.FilesServicer):
    """Answers clients."""

    def __init__(self, site: SiteParts, peers: Peers, replicate: ReplicateDesk) -> None:
        self._site, self._peers, self._replicate = site, peers, replicate

    @unary
    def GetRecord(self, request: files_pb2.GetRecordRequest, context: grpc.ServicerContext) -> files_pb2.Record:
        return record_to_wire(find_record(self._site, caller(self._site.catalog, context), request.record))

    @unary
    def ListRecords(
        self, request: files_pb2.ListRecordsRequest, context: grpc.ServicerContext
    ) -> files_pb2.ListRecordsReply:
        principal = caller(self._site.catalog, context)
        limit = min(max(request.limit, 1), PAGE_LIMIT)
        records, after = self._site.catalog.records.page(principal.id, limit=limit, after=request.after or None)
        return files_pb2.ListRecordsReply(records=[record_to_wire(one) for one in records], next=after or "")

    @stream
    def ReadFile(  # type: ignore[override]  # bytes: see wire/chunks.py
        self, request: files_pb2.ReadFileRequest, context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        version = readable_record(self._site, caller(self._site.catalog, context), request.record)
        file = version.file(request.name)
        if file is None:
            raise NotFoundError(
                f"{version.accession} has no file {request.name!r}",
                remedy=f"see its files: fomrepo show {version.accession}",
            )
        yield from read_file(self._site, self._peers, version, file, offset=request.offset, length=request.length)

    @unary
    def ListReplicas(
        self, request: files_pb2.GetRecordRequest, context: grpc.ServicerContext
    ) -> files_pb2.ListReplicasReply:
        version = find_record(self._site, caller(self._site.catalog, context), request.record)
        withdrawn = version.state is RecordState.WITHDRAWN
        found = () if withdrawn else self._site.catalog.replicas.of_version(version.version_id)
        guards = self._site.catalog.replicas.guards(version.version_id)
        return files_pb2.ListReplicasReply(
            replicas=[
                files_pb2.ReplicaOfFile(file=file, site=site, state=state.value, guard=guards.get((file, site), ""))
                for file, site, state in found
            ]
        )

    @unary
    def Replicate(self, request: files_pb2.ReplicateRequest, context: grpc.ServicerContext) -> files_pb2.ReplicateReply:
        principal = caller(self._site.catalog, context)
        return self._replicate.to_site(
            principal, readable_record(self._site, principal, request.record), request.to_site
        )


def find_record(site: SiteParts, principal: Principal, name: str) -> RecordVersion:
    """Version of a record that the caller may see.

    Raises
    ------
    NotFoundError
        If there is none, or not for the caller.
    """
    version = site.catalog.records.find(RecordName.parse(name), principal.id)
    if version is None:
        raise NotFoundError(f"no record {name} that you may see", remedy="see what is there: fomrepo ls")
    return version


def readable_record(site: SiteParts, principal: Principal, name: str) -> RecordVersion:
    """Version of a record whose files the caller may read.

    Raises
    ------
    NotFoundError
        If there is none, or not for the caller.
    WithdrawnError
        If it was withdrawn.
    """
    version = find_record(site, principal, name)
    refuse_withdrawn(version)
    return version
