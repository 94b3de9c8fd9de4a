"""Records with all that is known of them, many at once: for catalogues, exports and desks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fomrepo.client.connection import Connection
from fomrepo.client.record import Record, name_in_requests
from fomrepo.client.tracebacks import short_tracebacks
from fomrepo.errors import InternalError
from fomrepo.model.files import RecordName
from fomrepo.model.whole import WholeRecord
from fomrepo.wire.v1 import files_pb2, whole_pb2
from fomrepo.wire.whole import whole_from_wire

#: Records of one request.
PAGE = 100


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """A record as an object, and all that is known of it as values."""

    record: Record
    whole: WholeRecord


class WholeRecords:
    """Many records at once: ``repo.whole``.

    Examples
    --------
    >>> for one in repo.whole.public():                                        # doctest: +SKIP
    ...     print(one.record.versioned, len(one.whole.metadata.extracted))
    """

    def __init__(self, connection: Connection, record_of: Callable[[files_pb2.Record, RecordName], Record]) -> None:
        self._connection, self._record_of = connection, record_of
        #: When the catalog gave its first page of what is public, s since 1970 by its clock: ``since`` of a later look.
        self.moment = 0.0

    @short_tracebacks
    def of(self, record: str | Record) -> KnownRecord | None:
        """Read one record; None alike if there is none and if you may not see it."""
        return next(iter(self.find([record])), None)

    @short_tracebacks
    def find(self, records: Sequence[str | Record]) -> list[KnownRecord]:
        """Read those of some records that you may see, in the order of their names."""
        names = [name_in_requests(one) for one in records]
        found: list[KnownRecord] = []
        while names:
            asked = names[:PAGE]
            reply = self._connection.ask(lambda site: site.whole.Find, whole_pb2.FindWholeRequest(records=asked))
            found += map(self._known, reply.records)
            answered = asked.index(reply.next) if reply.next in asked[1:] else len(asked)
            names = names[answered:]
        return found

    def public(self, *, since: float = 0.0) -> Iterator[KnownRecord]:
        """Read what everybody may see, newest first: of each record the newest version, or its tombstone.

        Parameters
        ----------
        since
            Only records of which a version came to be public or was withdrawn since, s since 1970; 0: all.
        """
        request = whole_pb2.ListPublicRequest(limit=PAGE, since=since)
        while True:
            reply = self._connection.ask(lambda site: site.whole.ListPublic, request)
            if not request.after:
                self.moment = reply.moment
            yield from map(self._known, reply.records)
            if not reply.next:
                return
            request.after = reply.next

    def own(self, *, since: float = 0.0) -> Iterator[KnownRecord]:
        """Read the versions of your projects that were deposited since, s since 1970, the latest first."""
        request = whole_pb2.ListOwnRequest(limit=PAGE, since=since)
        while True:
            reply = self._connection.ask(lambda site: site.whole.ListOwn, request)
            yield from map(self._known, reply.records)
            if not reply.next:
                return
            request.after = reply.next

    def _known(self, message: whole_pb2.WholeRecord) -> KnownRecord:
        try:
            whole = whole_from_wire(message)
        except (ValueError, TypeError, RecursionError) as error:
            raise InternalError(
                f"a site describes {message.record.accession} in a way that this program does not understand: {error}",
                remedy="upgrade this program, or tell the site's operator",
            ) from None
        name = RecordName(whole.version.accession, None, whole.version.number)
        return KnownRecord(self._record_of(message.record, name), whole)
