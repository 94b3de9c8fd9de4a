"""What is known of records, and the quality of their files, seen from the client."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from fomrepo.client.connection import Connection
from fomrepo.client.record import Record, name_in_requests
from fomrepo.client.tracebacks import short_tracebacks
from fomrepo.errors import ArgumentError, InternalError
from fomrepo.model.files import RecordVersion
from fomrepo.model.metadata import Metadata, claim_of, global_name, searched_number
from fomrepo.model.metadata_terms import TERMS
from fomrepo.model.quality import QualityCheck, check_reason
from fomrepo.wire.metadata import check_from_wire, metadata_from_wire
from fomrepo.wire.records import record_from_wire
from fomrepo.wire.v1 import metadata_pb2

#: What a record must have under a name: a text; a number, with its unit; or two of these as bounds, None for no bound.
Wanted: TypeAlias = str | float | tuple[str | float | None, str | float | None]

#: Part by which a number may differ from one that is searched for: what is written "300" was computed by nobody.
EQUAL_WITHIN = 1e-6

Message = TypeVar("Message")
Found = TypeVar("Found")


class RecordMetadata:
    """What files and depositors say of records: ``repo.metadata``.

    Examples
    --------
    >>> repo.metadata.of("FOM-402917").disagreements                                 # doctest: +SKIP
    ()
    >>> repo.metadata.claim("FOM-402917", water_model="TIP3P", temperature="300 K")  # doctest: +SKIP
    >>> repo.metadata.find(temperature=("295 K", "305 K"), ensemble="NPT")           # doctest: +SKIP
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @short_tracebacks
    def of(self, record: str | Record) -> Metadata:
        """All that is known of a record, claims and facts apart."""
        request = metadata_pb2.GetMetadataRequest(record=name_in_requests(record))
        return _read(metadata_from_wire, self._connection.ask(lambda site: site.metadata.GetMetadata, request))

    @short_tracebacks
    def claim(self, record: str | Record, changes: Mapping[str, Any] | None = None, /, **more: Any) -> Metadata:
        """Say what a record of yours is, as long as it is private.

        Parameters
        ----------
        record
            Accession, path, or the record itself: then the version that it describes.
        changes, more
            Values by name: texts with their unit, ``temperature="300 K"``; lists; None takes a claim back.

        Raises
        ------
        ArgumentError
            If a value is none of its name; nothing was sent then.
        """
        request = metadata_pb2.SetClaimsRequest(record=name_in_requests(record))
        for name, value in {**(changes or {}), **more}.items():
            if value is not None:
                claim_of(name, value)
            request.claims.add(name=name, value_json=json.dumps(value))
        return _read(metadata_from_wire, self._connection.ask(lambda site: site.metadata.SetClaims, request))

    @short_tracebacks
    def find(
        self, conditions: Mapping[str, Wanted] | None = None, /, *, limit: int = 100, **more: Wanted
    ) -> list[RecordVersion]:
        """Find records that you may see by what files or depositors say of them, newest first, without their files.

        Parameters
        ----------
        conditions, more
            What is wanted under each name, global or a program's own: see :data:`Wanted`.
        limit
            Most records.
        """
        request = metadata_pb2.FindRecordsRequest(limit=limit)
        for name, wanted in {**(conditions or {}), **more}.items():
            request.conditions.append(_condition(name, wanted))
        reply = self._connection.ask(lambda site: site.metadata.FindRecords, request)
        return [_read(record_from_wire, one) for one in reply.records]


class RecordQuality:
    """Quality checks of the files of records: ``repo.quality``.

    Examples
    --------
    >>> for check in repo.quality.of("FOM-402917"):                                          # doctest: +SKIP
    ...     print(check)
    >>> repo.quality.waive("FOM-402917", "adk.dcd", "integrity", "a restart from a snapshot")  # doctest: +SKIP
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @short_tracebacks
    def of(self, record: str | Record) -> list[QualityCheck]:
        """Checks of a record's files, with what came of them."""
        request = metadata_pb2.GetQualityRequest(record=name_in_requests(record))
        return _checks(self._connection.ask(lambda site: site.metadata.GetQuality, request))

    @short_tracebacks
    def waive(self, record: str | Record, file: str, check: str, reason: str) -> list[QualityCheck]:
        """Let a check pass that did not; your name and the reason stay visible with the record."""
        request = metadata_pb2.WaiveCheckRequest(
            record=name_in_requests(record), file=file, name=check, reason=check_reason(reason)
        )
        return _checks(self._connection.ask(lambda site: site.metadata.WaiveCheck, request))

    @short_tracebacks
    def again(self, record: str | Record) -> list[QualityCheck]:
        """Let those checks be run again that failed or could not be run."""
        request = metadata_pb2.GetQualityRequest(record=name_in_requests(record))
        return _checks(self._connection.ask(lambda site: site.metadata.CheckAgain, request))


def _checks(reply: metadata_pb2.QualityReply) -> list[QualityCheck]:
    return [_read(check_from_wire, one) for one in reply.checks]


def _condition(name: str, wanted: Wanted) -> metadata_pb2.Condition:
    """Read what is wanted under a name, bounds in its unit."""
    known = global_name(name)
    if isinstance(wanted, tuple):
        if len(wanted) != 2:
            raise ArgumentError(f"{name} has {len(wanted)} bounds", remedy='give two, such as ("295 K", "305 K")')
        lowest, highest = (None if one is None else searched_number(known, str(one)) for one in wanted)
        return metadata_pb2.Condition(name=known, lowest=lowest, highest=highest)
    if known in TERMS and TERMS[known].kind == "number":
        number = searched_number(known, str(wanted))
        margin = abs(number) * EQUAL_WITHIN
        return metadata_pb2.Condition(name=known, lowest=number - margin, highest=number + margin)
    return metadata_pb2.Condition(name=known, text=str(wanted))


def _read(read: Callable[[Message], Found], message: Message) -> Found:
    try:
        return read(message)
    except (ValueError, TypeError, RecursionError) as error:
        raise InternalError(
            f"a site describes a record in a way that this program does not understand: {error}",
            remedy="upgrade this program, or tell the site's operator",
        ) from None
