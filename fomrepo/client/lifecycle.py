"""What becomes of records after they were deposited, seen from the client."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import grpc

from fomrepo.client.connection import Connection, SiteChannel
from fomrepo.client.record import Record, name_in_requests
from fomrepo.client.tracebacks import short_tracebacks
from fomrepo.model.files import RecordName
from fomrepo.model.submissions import check_remark
from fomrepo.model.systems import ComparedFile
from fomrepo.wire.records import compared_to_wire
from fomrepo.wire.v1 import files_pb2, lifecycle_pb2

Request = TypeVar("Request")


@dataclass(frozen=True, slots=True)
class Similar:
    """A record that is like the one that was asked about."""

    #: Without its files, which ``repo[similar.record.accession]`` fetches.
    record: Record
    #: In what it is the same, the closest first: ``content``, ``sequence``, ``composition``, ``size``; and, besides
    #: one of these, ``force field`` and ``temperature``.
    same: tuple[str, ...]
    #: Files of the same bytes: the name in the record that was asked about, and the name in this one.
    contents: tuple[tuple[str, str], ...]


class Lifecycle:
    """Publishing and withdrawing: ``repo.lifecycle``. Members of a record's project may.

    Examples
    --------
    >>> repo.lifecycle.publish("FOM-402917", licence="CC-BY-4.0").state        # doctest: +SKIP
    'published'
    """

    def __init__(self, connection: Connection, record_of: Callable[[files_pb2.Record, RecordName], Record]) -> None:
        self._connection, self._record_of = connection, record_of

    @short_tracebacks
    def publish(
        self, record: str | Record, *, licence: str | None = None, embargo_until: datetime.datetime | None = None
    ) -> Record:
        """Make a version public for good; its files, facts and title can never be changed again.

        Parameters
        ----------
        record
            Accession or path, without a version the newest one; or the record itself: the version that it describes.
        licence
            SPDX identifier, such as ``CC-BY-4.0``; None: what was given at deposit.
        embargo_until
            From when on everybody sees it; None: at once. A time without a zone is one of UTC.

        Raises
        ------
        ArgumentError
            If there is no such licence, or the date has passed.
        ConflictError
            If a quality check did not pass and was not waived, or it was published in another way.
        """
        return self._changed(lambda site: site.lifecycle.Publish, _publication(record, licence, embargo_until))

    @short_tracebacks
    def check_publication(
        self, record: str | Record, *, licence: str | None = None, embargo_until: datetime.datetime | None = None
    ) -> Record:
        """Raise what :meth:`publish` would raise now, and change nothing."""
        request = _publication(record, licence, embargo_until)
        return self._changed(lambda site: site.lifecycle.CheckPublication, request)

    @short_tracebacks
    def set_embargo(self, record: str | Record, until: datetime.datetime | None) -> Record:
        """Let an embargo end on another date, or now for None; once it has ended there is no way back."""
        request = lifecycle_pb2.SetEmbargoRequest(record=name_in_requests(record), until=_seconds(until))
        return self._changed(lambda site: site.lifecycle.SetEmbargo, request)

    @short_tracebacks
    def supersede(self, record: str | Record, by: str | Record | None) -> Record:
        """Say that another version, also of another record, takes the place of one; None: that none does any more."""
        latter = "" if by is None else name_in_requests(by)
        request = lifecycle_pb2.SupersedeRequest(record=name_in_requests(record), by=latter)
        return self._changed(lambda site: site.lifecycle.Supersede, request)

    @short_tracebacks
    def withdraw(self, record: str | Record, reason: str) -> Record:
        """Leave a tombstone: who could see the version still finds what it was and why it went, and no file."""
        request = lifecycle_pb2.WithdrawRecordRequest(
            record=name_in_requests(record), reason=check_remark(reason, "reason")
        )
        return self._changed(lambda site: site.lifecycle.WithdrawRecord, request)

    @short_tracebacks
    def similar(self, record: str | Record) -> list[Similar]:
        """List records that you may see and that hold the same bytes, or the same system, closest first."""
        request = files_pb2.GetRecordRequest(record=name_in_requests(record))
        return self._similar(self._connection.ask(lambda site: site.lifecycle.ListSimilar, request))

    @short_tracebacks
    def similar_to(self, files: Sequence[ComparedFile], *, but: str | Record | None = None) -> list[Similar]:
        """List records that you may see and that are like files which are no record yet, closest first.

        Parameters
        ----------
        files
            With what is known of them: digests, fingerprints of their systems, or both.
        but
            A record that is not meant: the files become a new version of it.
        """
        request = lifecycle_pb2.FindSimilarRequest(
            files=map(compared_to_wire, files), but="" if but is None else name_in_requests(but)
        )
        return self._similar(self._connection.ask(lambda site: site.lifecycle.FindSimilar, request))

    def _similar(self, reply: lifecycle_pb2.ListSimilarReply) -> list[Similar]:
        return [
            Similar(
                self._record_of(one.record, _name(one.record)),
                tuple(one.same),
                tuple((same.file, same.other) for same in one.contents),
            )
            for one in reply.similar
        ]

    def _changed(
        self, rpc: Callable[[SiteChannel], grpc.UnaryUnaryMultiCallable[Request, files_pb2.Record]], request: Request
    ) -> Record:
        message = self._connection.ask(rpc, request)
        return self._record_of(message, _name(message))


def _publication(
    record: str | Record, licence: str | None, embargo_until: datetime.datetime | None
) -> lifecycle_pb2.PublishRequest:
    return lifecycle_pb2.PublishRequest(
        record=name_in_requests(record), licence=licence or "", embargo_until=_seconds(embargo_until)
    )


def _name(message: files_pb2.Record) -> RecordName:
    return RecordName(message.accession, None, message.version)


def _seconds(moment: datetime.datetime | None) -> float:
    """Seconds since 1970, 0 for none."""
    if moment is None:
        return 0.0
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)).timestamp()
