"""Records on the wire: both directions side by side."""

from __future__ import annotations

import json

from fomrepo.model.canonical import canonical_json
from fomrepo.model.files import FileObject, RecordState, RecordVersion
from fomrepo.model.systems import ComparedFile, Likeness, SimilarRecord
from fomrepo.wire.v1 import files_pb2 as pb
from fomrepo.wire.v1 import lifecycle_pb2


def record_to_wire(version: RecordVersion) -> pb.Record:
    """Write a version of a record as a message."""
    return pb.Record(
        accession=version.accession,
        version=version.number,
        current=version.superseded_by is None,  # a newer version that the caller may not see is none for them
        state=version.state.value,
        title=version.title,
        project=version.project,
        name=version.name,
        owner=version.owner,
        created=version.created,
        files=[
            pb.File(
                name=one.name,
                file_type=one.file_type,
                digest=one.digest,
                size=one.size,
                facts_json=canonical_json(dict(one.facts)).decode(),
                topology=one.topology or "",
            )
            for one in version.files
        ],
        licence=version.licence or "",
        public_from=version.public_from or 0.0,
        withdrawn=version.withdrawn or 0.0,
        reason=version.reason,
        superseded_by=version.superseded_by or "",
    )


def record_from_wire(message: pb.Record) -> RecordVersion:
    """Make the value again; ids of rows do not travel."""
    return RecordVersion(
        record_id="",
        version_id="",
        accession=message.accession,
        number=message.version,
        current=message.current,
        state=RecordState(message.state),
        title=message.title,
        project=message.project,
        name=message.name,
        owner=message.owner,
        created=message.created,
        files=tuple(
            FileObject(
                id="",
                name=one.name,
                file_type=one.file_type,
                digest=one.digest,
                size=one.size,
                facts=json.loads(one.facts_json or "{}"),
                topology=one.topology or None,
            )
            for one in message.files
        ),
        licence=message.licence or None,
        public_from=message.public_from or None,
        withdrawn=message.withdrawn or None,
        reason=message.reason,
        superseded_by=message.superseded_by or None,
    )


def similar_to_wire(similar: SimilarRecord) -> lifecycle_pb2.SimilarRecord:
    """Write a record that is like another one as a message."""
    return lifecycle_pb2.SimilarRecord(
        record=record_to_wire(similar.version),
        same=[one.value for one in similar.same],
        contents=[lifecycle_pb2.SameContent(file=file, other=other) for file, other in similar.contents],
    )


def compared_to_wire(file: ComparedFile) -> lifecycle_pb2.FileToCompare:
    """Write a file that is looked for among those of records as a message."""
    known = {aspect.value: fingerprint for aspect, fingerprint in file.fingerprints.items()}
    return lifecycle_pb2.FileToCompare(name=file.name, digest=file.digest, fingerprints=known)


def compared_from_wire(message: lifecycle_pb2.FileToCompare) -> ComparedFile:
    """Read a file that is looked for; what this release does not compare is left out."""
    aspects = {one.value: one for one in Likeness}
    known = {aspects[name]: text for name, text in message.fingerprints.items() if name in aspects}
    return ComparedFile(message.name, message.digest, known)
