"""Who asks: principals, their tokens, and the projects that they share."""

from __future__ import annotations

import hmac
import time
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from fomrepo.catalog.audit import write_entry
from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.tables import members, principals, projects, tokens
from fomrepo.errors import ConflictError, NotFoundError
from fomrepo.model.audit import OPERATOR, AuditAction
from fomrepo.model.canonical import new_id
from fomrepo.model.files import check_slug
from fomrepo.model.people import Principal, Project, Token

_AUTHENTICATE = (
    select(principals.c.id, principals.c.name, tokens.c.sha256, tokens.c.expires, tokens.c.revoked)
    .join_from(tokens, principals)
    .where(tokens.c.handle == bindparam("handle"))
)
_TOKENS = (
    select(
        tokens.c.handle,
        tokens.c.sha256,
        principals.c.name.label("principal"),
        tokens.c.label,
        tokens.c.expires,
        tokens.c.revoked,
    )
    .join_from(tokens, principals)
    .order_by(tokens.c.created, tokens.c.handle)
)
_PROJECTS = (
    select(projects.c.id, projects.c.name, principals.c.name.label("member"))
    .outerjoin_from(projects, members)
    .outerjoin(principals, members.c.principal_id == principals.c.id)
    .order_by(projects.c.name, principals.c.name)
)


class People:
    """Principals, tokens and projects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- principals ---------------------------------------------------------------------------------------------------

    @writes
    def add_principal(self, connection: Connection, name: str) -> Principal:
        """Add somebody, with a project of the same name that is theirs alone.

        Raises
        ------
        ConflictError
            If a principal or a project has that name.
        """
        principal = Principal(new_id(), check_slug(name, "user"))
        try:
            connection.execute(insert(principals).values(id=principal.id, name=name, created=time.time()))
        except IntegrityError:
            raise ConflictError(f"there is a user {name!r} already", remedy="choose another name") from None
        _insert_project(connection, name, [principal])
        write_entry(connection, OPERATOR, AuditAction.USER_ADDED, name)
        return principal

    @reads
    def principal(self, connection: Connection, name: str) -> Principal | None:
        """Find somebody by name."""
        return _principal(connection, name)

    @reads
    def principal_by_id(self, connection: Connection, principal_id: str) -> Principal | None:
        """Find somebody by id."""
        row = connection.execute(
            select(principals.c.id, principals.c.name).where(principals.c.id == principal_id)
        ).first()
        return row and Principal(*row)

    # --- tokens -------------------------------------------------------------------------------------------------------

    @writes
    def add_token(
        self,
        connection: Connection,
        principal_name: str,
        *,
        label: str,
        handle: str,
        sha256: str,
        expires: float | None,
    ) -> None:
        """Keep the digest of a token that was drawn for somebody."""
        principal = _existing_principal(connection, principal_name)
        connection.execute(
            insert(tokens).values(
                handle=handle,
                principal_id=principal.id,
                label=label,
                sha256=sha256,
                created=time.time(),
                expires=expires,
            )
        )
        write_entry(connection, OPERATOR, AuditAction.TOKEN_MADE, principal_name, token=handle, expires=expires)

    @reads
    def authenticate(self, connection: Connection, handle: str, sha256: str, now: float) -> Principal | None:
        """Find who holds a token; None if it is unknown, wrong, expired or revoked.

        The digests are compared in constant time, with an empty one if the handle is unknown.
        """
        row = self._database.remembered(
            ("token", handle), lambda: connection.execute(_AUTHENTICATE, {"handle": handle}).first()
        )
        same = hmac.compare_digest((row.sha256 if row else "").encode(), sha256.encode())
        if row is None or not same or row.revoked is not None or (row.expires is not None and row.expires <= now):
            return None
        return Principal(row.id, row.name)

    @writes
    def revoke_token(self, connection: Connection, handle: str, now: float) -> None:
        """Make a token worthless; the time of the first revocation stays.

        Raises
        ------
        NotFoundError
            If no token has that handle.
        """
        revoked = connection.execute(
            update(tokens).where(tokens.c.handle == handle, tokens.c.revoked.is_(None)).values(revoked=now)
        )
        if revoked.rowcount == 0 and not connection.scalar(select(exists().where(tokens.c.handle == handle))):
            raise NotFoundError(f"there is no token {handle!r}", remedy="fomrepo token list --home HOME")
        if revoked.rowcount:
            owner = select(principals.c.name).join(tokens, tokens.c.principal_id == principals.c.id)
            name = connection.scalars(owner.where(tokens.c.handle == handle)).one()
            write_entry(connection, OPERATOR, AuditAction.TOKEN_REVOKED, name, token=handle)

    @writes
    def revoke_own_token(self, connection: Connection, principal: Principal, handle: str, now: float) -> None:
        """Do the same for a token of one's own.

        Raises
        ------
        NotFoundError
            Alike if there is no token of that handle, and if it is another's.
        """
        theirs = (tokens.c.handle == handle, tokens.c.principal_id == principal.id)
        revoked = connection.execute(update(tokens).where(*theirs, tokens.c.revoked.is_(None)).values(revoked=now))
        if revoked.rowcount:
            write_entry(connection, principal.name, AuditAction.TOKEN_REVOKED, principal.name, token=handle)
        elif not connection.scalar(select(exists().where(*theirs))):
            raise NotFoundError(f"you have no token {handle!r}", remedy="fomrepo token list --own")

    @reads
    def tokens(self, connection: Connection, principal_name: str | None) -> tuple[Token, ...]:
        """List the tokens of somebody, or of all for None, oldest first."""
        wanted = _TOKENS if principal_name is None else _TOKENS.where(principals.c.name == principal_name)
        return tuple(Token(*row) for row in connection.execute(wanted))

    # --- projects -----------------------------------------------------------------------------------------------------

    @writes
    def add_project(self, connection: Connection, name: str, *, members: Sequence[str]) -> Project:
        """Add a project with members, who are given by name.

        Raises
        ------
        ConflictError
            If the name is taken.
        NotFoundError
            If a member is unknown.
        """
        check_slug(name, "project")
        its_members = [_existing_principal(connection, one) for one in dict.fromkeys(members)]
        made = _insert_project(connection, name, its_members)
        write_entry(connection, OPERATOR, AuditAction.PROJECT_MADE, name, members=made.members)
        return made

    @writes
    def add_member(self, connection: Connection, project: str, principal_name: str) -> None:
        """Let somebody into a project; nothing happens if they are in it."""
        values = {
            "project_id": _existing_project(connection, project),
            "principal_id": _existing_principal(connection, principal_name).id,
        }
        added = connection.execute(self._database.insert(members).values(values).on_conflict_do_nothing())
        if added.rowcount:
            write_entry(connection, OPERATOR, AuditAction.MEMBER_ADDED, project, user=principal_name)

    @writes
    def remove_member(self, connection: Connection, project: str, principal_name: str) -> None:
        """Take somebody out of a project; nothing happens if they are not in it."""
        removed = connection.execute(
            delete(members).where(
                members.c.project_id == _existing_project(connection, project),
                members.c.principal_id == _existing_principal(connection, principal_name).id,
            )
        )
        if removed.rowcount:
            write_entry(connection, OPERATOR, AuditAction.MEMBER_REMOVED, project, user=principal_name)

    @reads
    def projects_of(self, connection: Connection, principal_id: str) -> tuple[Project, ...]:
        """List the projects that somebody is a member of, with all members, by name."""
        theirs = select(members.c.project_id).where(members.c.principal_id == principal_id)
        rows = connection.execute(_PROJECTS.where(projects.c.id.in_(theirs)))
        return _projects_of([(row.id, row.name, row.member) for row in rows])

    @reads
    def project(self, connection: Connection, name: str) -> Project | None:
        """Find a project by name."""
        rows = connection.execute(_PROJECTS.where(projects.c.name == name))
        return next(iter(_projects_of([(row.id, row.name, row.member) for row in rows])), None)

    @reads
    def projects(self, connection: Connection) -> tuple[Project, ...]:
        """List all projects, by name."""
        return _projects_of([(row.id, row.name, row.member) for row in connection.execute(_PROJECTS)])


def _principal(connection: Connection, name: str) -> Principal | None:
    row = connection.execute(select(principals.c.id, principals.c.name).where(principals.c.name == name)).first()
    return row and Principal(*row)


def _existing_principal(connection: Connection, name: str) -> Principal:
    principal = _principal(connection, name)
    if principal is None:
        raise NotFoundError(f"there is no user {name!r}", remedy=f"fomrepo user add {name} --home HOME")
    return principal


def _existing_project(connection: Connection, name: str) -> str:
    project_id: str | None = connection.scalar(select(projects.c.id).where(projects.c.name == name))
    if project_id is None:
        raise NotFoundError(f"there is no project {name!r}", remedy=f"fomrepo project new {name} --home HOME")
    return project_id


def _insert_project(connection: Connection, name: str, its_members: Sequence[Principal]) -> Project:
    project = Project(new_id(), name, tuple(sorted(one.name for one in its_members)))
    try:
        connection.execute(insert(projects).values(id=project.id, name=name, created=time.time()))
    except IntegrityError:
        raise ConflictError(f"there is a project {name!r} already", remedy="choose another name") from None
    if its_members:
        connection.execute(insert(members), [{"project_id": project.id, "principal_id": p.id} for p in its_members])
    return project


def _projects_of(rows: Sequence[tuple[str, str, str | None]]) -> tuple[Project, ...]:
    """Gather rows of (project, member), sorted by project, to projects."""
    found: dict[str, Project] = {}
    for project_id, name, member in rows:
        known = found.get(project_id, Project(project_id, name))
        found[project_id] = Project(project_id, name, known.members if member is None else (*known.members, member))
    return tuple(found.values())
