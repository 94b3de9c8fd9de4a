"""What you have under way: calls, deposits and tokens of your own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from fomrepo.client.connection import Connection
from fomrepo.client.tracebacks import short_tracebacks
from fomrepo.errors import InternalError
from fomrepo.model.desk import OwnDeposit, OwnOperation, OwnToken
from fomrepo.wire.desk import deposit_from_wire, operation_from_wire, token_from_wire
from fomrepo.wire.v1 import desk_pb2

#: Operations of one request.
PAGE = 100

Message = TypeVar("Message")
Found = TypeVar("Found")


class Desk:
    """What is yours: ``repo.desk``.

    Examples
    --------
    >>> for one in repo.desk.operations():                                     # doctest: +SKIP
    ...     print(one.id, one.method, one.state)
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def operations(self) -> Iterator[OwnOperation]:
        """Your calls, the newest first; those that ended long ago are forgotten."""
        request = desk_pb2.ListOperationsRequest(limit=PAGE)
        while True:
            reply = self._connection.ask(lambda site: site.desk.ListOperations, request)
            yield from (_read(operation_from_wire, one) for one in reply.operations)
            if not reply.next:
                return
            request.after = reply.next

    @short_tracebacks
    def deposits(self, *, limit: int = PAGE) -> list[OwnDeposit]:
        """Your deposits, the newest first."""
        request = desk_pb2.ListDepositsRequest(limit=limit)
        reply = self._connection.ask(lambda site: site.desk.ListDeposits, request)
        return [_read(deposit_from_wire, one) for one in reply.deposits]

    @short_tracebacks
    def tokens(self) -> list[OwnToken]:
        """What is kept of your tokens, the oldest first."""
        reply = self._connection.ask(lambda site: site.desk.ListTokens, desk_pb2.ListTokensRequest())
        return [token_from_wire(one) for one in reply.tokens]

    @short_tracebacks
    def revoke_token(self, handle: str) -> list[OwnToken]:
        """Make a token of yours worthless at once, whoever holds it; returns all of yours.

        Raises
        ------
        NotFoundError
            If you have no such token.
        """
        request = desk_pb2.RevokeTokenRequest(handle=handle)
        reply = self._connection.ask(lambda site: site.desk.RevokeToken, request)
        return [token_from_wire(one) for one in reply.tokens]


def _read(read: Callable[[Message], Found], message: Message) -> Found:
    try:
        return read(message)
    except ValueError as error:
        raise InternalError(
            f"a site lists what this program does not understand: {error}",
            remedy="upgrade this program, or tell the site's operator",
        ) from None
