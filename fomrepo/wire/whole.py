"""Whole records on the wire: both directions side by side."""

from __future__ import annotations

from fomrepo.model.files import RecordState, ReplicaState
from fomrepo.model.metadata import Metadata
from fomrepo.model.whole import VersionLine, WholeRecord
from fomrepo.wire.metadata import check_from_wire, check_to_wire, entry_from_wire, entry_to_wire
from fomrepo.wire.records import record_from_wire, record_to_wire
from fomrepo.wire.v1 import files_pb2
from fomrepo.wire.v1 import whole_pb2 as pb


def whole_to_wire(whole: WholeRecord) -> pb.WholeRecord:
    """Write all that is known of a version as a message."""
    return pb.WholeRecord(
        record=record_to_wire(whole.version),
        claims=map(entry_to_wire, whole.metadata.claims),
        extracted=map(entry_to_wire, whole.metadata.extracted),
        replicas=[
            files_pb2.ReplicaOfFile(file=file, site=site, state=state.value) for file, site, state in whole.replicas
        ],
        checks=map(check_to_wire, whole.checks),
        versions=[
            pb.VersionOfRecord(
                version=one.number,
                state=one.state.value,
                title=one.title,
                created=one.created,
                public_from=one.public_from or 0.0,
                withdrawn=one.withdrawn or 0.0,
            )
            for one in whole.versions
        ],
    )


def whole_from_wire(message: pb.WholeRecord) -> WholeRecord:
    """Make the value again.

    Raises
    ------
    ValueError, TypeError, RecursionError
        If it is none.
    """
    return WholeRecord(
        record_from_wire(message.record),
        Metadata(tuple(map(entry_from_wire, message.claims)), tuple(map(entry_from_wire, message.extracted))),
        tuple((one.file, one.site, ReplicaState(one.state)) for one in message.replicas),
        tuple(map(check_from_wire, message.checks)),
        tuple(
            VersionLine(
                one.version,
                RecordState(one.state),
                one.title,
                one.created,
                one.public_from or None,
                one.withdrawn or None,
            )
            for one in message.versions
        ),
    )
