"""Who may review methods, and what the federation asks for before one is published."""

from __future__ import annotations

import time

from sqlalchemy import Connection, delete, exists, select, update

from fomrepo.catalog.audit import write_entry
from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.tables import affiliations, principals, reviewers, settings
from fomrepo.errors import ArgumentError, NotFoundError
from fomrepo.model.audit import OPERATOR, AuditAction
from fomrepo.model.submissions import ReviewPolicy

#: Keys of the policy among the settings that sites share; triggers of migration 0007 read them.
_APPROVALS, _OTHER_INSTITUTION = "review.approvals", "review.other_institution"

#: Most approvals that a policy may ask for: more reviewers than any federation has.
APPROVALS_LIMIT = 20


class Reviewers:
    """Reviewers and the policy of review."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @writes
    def add(self, connection: Connection, name: str) -> None:
        """Let somebody review; nothing happens if they do already."""
        principal_id = _principal_id(connection, name)
        if may_review(connection, principal_id):
            return
        values = {"principal_id": principal_id, "since": time.time()}
        connection.execute(
            self._database.insert(reviewers)
            .values(values)
            .on_conflict_do_update(index_elements=[reviewers.c.principal_id], set_={"until": None})
        )
        write_entry(connection, OPERATOR, AuditAction.REVIEWER_ADDED, name)

    @writes
    def remove(self, connection: Connection, name: str) -> None:
        """Let somebody review no more; what they have signed stays signed."""
        removed = connection.execute(
            update(reviewers)
            .where(reviewers.c.principal_id == _principal_id(connection, name), reviewers.c.until.is_(None))
            .values(until=time.time())
        )
        if removed.rowcount:
            write_entry(connection, OPERATOR, AuditAction.REVIEWER_REMOVED, name)

    @reads
    def all(self, connection: Connection) -> tuple[tuple[str, str], ...]:
        """List name and institution of those who review now, by name; the institution is empty where none is known."""
        rows = connection.execute(
            select(principals.c.name, affiliations.c.institution)
            .join_from(reviewers, principals)
            .outerjoin(affiliations, affiliations.c.principal_id == principals.c.id)
            .where(reviewers.c.until.is_(None))
            .order_by(principals.c.name)
        )
        return tuple((row.name, row.institution or "") for row in rows)

    @reads
    def institution(self, connection: Connection, name: str) -> str:
        """Read where somebody works; empty where nobody has said."""
        wanted = select(affiliations.c.institution).where(
            affiliations.c.principal_id == _principal_id(connection, name)
        )
        return connection.scalar(wanted) or ""

    @writes
    def set_institution(self, connection: Connection, name: str, institution: str) -> None:
        """Note where somebody works; an empty text: nobody knows."""
        principal_id = _principal_id(connection, name)
        if not institution:
            connection.execute(delete(affiliations).where(affiliations.c.principal_id == principal_id))
            return
        connection.execute(
            self._database.insert(affiliations)
            .values(principal_id=principal_id, institution=institution)
            .on_conflict_do_update(index_elements=[affiliations.c.principal_id], set_={"institution": institution})
        )

    @reads
    def policy(self, connection: Connection) -> ReviewPolicy:
        """Read what is asked for before a method is published."""
        return policy_in(connection)

    @writes
    def set_policy(self, connection: Connection, policy: ReviewPolicy) -> None:
        """Change what is asked for, of what is not published yet as well.

        Raises
        ------
        ArgumentError
            If it asks for no approval: nothing runs that nobody has read.
        """
        if not 1 <= policy.approvals <= APPROVALS_LIMIT:
            raise ArgumentError(
                f"a policy of {policy.approvals} approvals cannot be set",
                remedy=f"ask for 1 to {APPROVALS_LIMIT} reviewers",
            )
        for key, value in (
            (_APPROVALS, str(policy.approvals)),
            (_OTHER_INSTITUTION, "true" if policy.other_institution else "false"),
        ):
            connection.execute(
                self._database.insert(settings)
                .values(key=key, value=value)
                .on_conflict_do_update(index_elements=[settings.c.key], set_={"value": value})
            )
        write_entry(connection, OPERATOR, AuditAction.POLICY_CHANGED, "review", policy=str(policy))


def policy_in(connection: Connection) -> ReviewPolicy:
    """Read the policy within a transaction of the caller."""
    wanted = select(settings.c.key, settings.c.value).where(settings.c.key.in_((_APPROVALS, _OTHER_INSTITUTION)))
    found = {row.key: row.value for row in connection.execute(wanted)}
    return ReviewPolicy(int(found.get(_APPROVALS, "1")), found.get(_OTHER_INSTITUTION) == "true")


def may_review(connection: Connection, principal_id: str) -> bool:
    """Whether somebody reviews now."""
    reviews = exists().where(reviewers.c.principal_id == principal_id, reviewers.c.until.is_(None))
    return bool(connection.scalar(select(reviews)))


def _principal_id(connection: Connection, name: str) -> str:
    found: str | None = connection.scalar(select(principals.c.id).where(principals.c.name == name))
    if found is None:
        raise NotFoundError(f"there is no user {name!r}", remedy=f"fomrepo user add {name} --home HOME")
    return found
