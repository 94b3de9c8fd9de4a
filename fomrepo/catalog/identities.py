"""Identities at providers: which account they log in to, and which of their tokens were taken already."""

from __future__ import annotations

import shlex
import time

from sqlalchemy import Connection, Select, delete, exists, insert, select, update

from fomrepo.catalog.audit import name_of, write_entry
from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.tables import identities, logins, principals, tokens
from fomrepo.errors import ArgumentError, ConflictError, NotAuthenticatedError, NotFoundError
from fomrepo.model.audit import OPERATOR, AuditAction
from fomrepo.model.identities import SUBJECT_LIMIT, LinkedIdentity, is_subject
from fomrepo.model.people import Principal
from fomrepo.wire.providers import is_provider_address

#: Identities of one account.
IDENTITIES_OF_ONE = 16
#: Seconds for which it is remembered that an ID token was taken: longer than any is good for.
REMEMBERED_S = 3600.0

_IDENTITIES = (
    select(identities.c.issuer, identities.c.subject, principals.c.name, identities.c.created)
    .join_from(identities, principals)
    .order_by(principals.c.name, identities.c.created)
)


class Identities:
    """Who may log in to which account."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @writes
    def link(self, connection: Connection, user: str, issuer: str, subject: str) -> None:
        """Link an identity to an account, as the operator says; nothing happens if it is.

        Raises
        ------
        ArgumentError
            If it can be no identity.
        NotFoundError
            If there is no such user.
        ConflictError
            If it is linked to somebody else.
        """
        _check(issuer, subject)
        principal_id = connection.scalar(select(principals.c.id).where(principals.c.name == user))
        if principal_id is None:
            raise NotFoundError(f"there is no user {user!r}", remedy=f"fomrepo user add {user} --home HOME")
        _link(connection, OPERATOR, user, principal_id, issuer, subject)

    @writes
    def link_own(self, connection: Connection, principal_id: str, issuer: str, subject: str, proof: str) -> None:
        """Link an identity that somebody has proved to be theirs to their own account.

        Raises
        ------
        ConflictError
            If it is linked to somebody else.
        NotAuthenticatedError
            If the proof was used before.
        """
        self._use(connection, proof, issuer, subject, None, time.time() + REMEMBERED_S)
        name = name_of(connection, principal_id)
        _link(connection, name, name, principal_id, issuer, subject)

    @writes
    def unlink(self, connection: Connection, issuer: str, subject: str, owner_id: str | None = None) -> None:
        """Take an identity from its account, and make worthless every token that it was given.

        Parameters
        ----------
        connection
            Given by the decorator.
        issuer, subject
            The identity.
        owner_id
            Principal who asks; None: the operator.

        Raises
        ------
        NotFoundError
            If it is not linked, or not to who asks.
        """
        its = (identities.c.issuer == issuer, identities.c.subject == subject)
        owner = connection.scalar(select(identities.c.principal_id).where(*its))
        if owner is None or owner_id not in (None, owner):
            raise NotFoundError(
                f"{subject!r} of {issuer} is linked to no account",
                remedy="an operator lists them: fomrepo user identities --home HOME",
            )
        connection.execute(delete(identities).where(*its))
        given = select(logins.c.handle).where(logins.c.issuer == issuer, logins.c.subject == subject)
        connection.execute(
            update(tokens).where(tokens.c.handle.in_(given), tokens.c.revoked.is_(None)).values(revoked=time.time())
        )
        name = name_of(connection, owner)
        actor = OPERATOR if owner_id is None else name
        write_entry(connection, actor, AuditAction.IDENTITY_UNLINKED, name, issuer=issuer, identity=subject)

    @reads
    def linked(self, connection: Connection, user: str | None = None) -> tuple[LinkedIdentity, ...]:
        """List the identities of an account, or of all for None."""
        return _listed(connection, _IDENTITIES if user is None else _IDENTITIES.where(principals.c.name == user))

    @writes
    def log_in(
        self,
        connection: Connection,
        issuer: str,
        subject: str,
        proof: str,
        *,
        label: str,
        handle: str,
        sha256: str,
        expires: float,
    ) -> Principal:
        """Give a token to the account of an identity: keep its digest, and that the proof was used.

        Raises
        ------
        NotFoundError
            If the identity is linked to no account.
        NotAuthenticatedError
            If the proof was used before.
        """
        row = connection.execute(
            select(principals.c.id, principals.c.name)
            .join_from(identities, principals)
            .where(identities.c.issuer == issuer, identities.c.subject == subject)
        ).first()
        if row is None:
            raise NotFoundError(
                f"no account here is linked to {subject!r} of {issuer}",
                remedy=f"ask the operator of the site for: fomrepo user link YOU {_options(issuer, subject)}",
            )
        now = time.time()
        connection.execute(
            insert(tokens).values(
                handle=handle, principal_id=row.id, label=label, sha256=sha256, created=now, expires=expires
            )
        )
        self._use(connection, proof, issuer, subject, handle, max(expires, now + REMEMBERED_S))
        write_entry(
            connection, row.name, AuditAction.TOKEN_MADE, row.name, token=handle, expires=expires, issuer=issuer
        )
        return Principal(row.id, row.name)

    @writes
    def log_out(self, connection: Connection, handle: str) -> bool:
        """Make a token worthless that came from a login; gives whether it did."""
        if not connection.scalar(select(exists().where(logins.c.handle == handle))):
            return False
        ended = update(tokens).where(tokens.c.handle == handle, tokens.c.revoked.is_(None))
        if connection.execute(ended.values(revoked=time.time())).rowcount:
            owner = select(principals.c.name).join(tokens, tokens.c.principal_id == principals.c.id)
            name = connection.scalars(owner.where(tokens.c.handle == handle)).one()
            write_entry(connection, name, AuditAction.TOKEN_REVOKED, name, token=handle)
        return True

    def _use(
        self, connection: Connection, proof: str, issuer: str, subject: str, handle: str | None, until: float
    ) -> None:
        """Take a proof, once."""
        connection.execute(delete(logins).where(logins.c.until < time.time()))
        values = {"proof": proof, "issuer": issuer, "subject": subject, "handle": handle, "until": until}
        if not connection.execute(self._database.insert(logins).values(values).on_conflict_do_nothing()).rowcount:
            raise NotAuthenticatedError("this login was used before", remedy="log in once more")


def _link(connection: Connection, actor: str, user: str, principal_id: str, issuer: str, subject: str) -> None:
    its = (identities.c.issuer == issuer, identities.c.subject == subject)
    owner = connection.scalar(select(identities.c.principal_id).where(*its))
    if owner == principal_id:
        return
    if owner is not None:
        raise ConflictError(
            f"{subject!r} of {issuer} is linked to another account",
            remedy=f"the operator can take it from there: fomrepo user unlink {_options(issuer, subject)}",
        )
    if len(_listed(connection, _IDENTITIES.where(principals.c.id == principal_id))) >= IDENTITIES_OF_ONE:
        raise ConflictError(f"{user} has {IDENTITIES_OF_ONE} identities", remedy="unlink one that is not used")
    connection.execute(
        insert(identities).values(issuer=issuer, subject=subject, principal_id=principal_id, created=time.time())
    )
    write_entry(connection, actor, AuditAction.IDENTITY_LINKED, user, issuer=issuer, identity=subject)


def _check(issuer: str, subject: str) -> None:
    if not is_provider_address(issuer, loopback_http=True):
        raise ArgumentError(f"{issuer[:80]!r} is no issuer", remedy="give its address, as https://orcid.org")
    if not is_subject(subject):
        raise ArgumentError(
            f"{subject[:80]!r} is no subject", remedy=f"give 1 to {SUBJECT_LIMIT} printable ASCII characters"
        )


def _options(issuer: str, subject: str) -> str:
    """Spell an identity for a shell: the subject is a text of the provider's, and somebody will paste it."""
    return f"--issuer {shlex.quote(issuer)} --subject {shlex.quote(subject)} --home HOME"


def _listed(connection: Connection, statement: Select[tuple[str, str, str, float]]) -> tuple[LinkedIdentity, ...]:
    found = connection.execute(statement)
    return tuple(LinkedIdentity(row.issuer, row.subject, row.name, row.created) for row in found)
