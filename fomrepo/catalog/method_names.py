"""Names of methods belong to who first published under them, and versions only rise."""

from __future__ import annotations

from sqlalchemy import Connection, select

from fomrepo.catalog.database import Database
from fomrepo.catalog.tables import method_names, methods, principals
from fomrepo.errors import ConflictError
from fomrepo.model.methods import version_rank


def check_free(connection: Connection, name: str, version: str, author_id: str) -> None:
    """Check that an author may publish a version under a name.

    Raises
    ------
    ConflictError
        If the name is another author's, or the version is not above the ones that are published.
    """
    _check_author(connection, name, author_id)
    published = connection.scalars(select(methods.c.version).where(methods.c.name == name)).all()
    newest = max(published, key=version_rank, default=None)
    if newest is not None and version_rank(version) <= version_rank(newest):
        raise ConflictError(
            f"{name} {version} is not above {newest}, which is published",
            remedy=f'write a higher version into method.toml, such as version = "{_following(newest)}"',
            facts={"published": newest},
        )


def take_name(connection: Connection, database: Database, name: str, author_id: str) -> None:
    """Make a name an author's for good; nothing happens if it is theirs.

    Raises
    ------
    ConflictError
        If it is another author's.
    """
    _check_author(connection, name, author_id)
    connection.execute(database.insert(method_names).values(name=name, author_id=author_id).on_conflict_do_nothing())
    _check_author(connection, name, author_id)  # two authors may have come at once


def is_published(connection: Connection, name: str) -> bool:
    """Whether a method of that name is published for all files."""
    return connection.scalar(select(methods.c.id).where(methods.c.name == name).limit(1)) is not None


def _check_author(connection: Connection, name: str, author_id: str) -> None:
    owner = connection.execute(
        select(method_names.c.author_id, principals.c.name)
        .join_from(method_names, principals)
        .where(method_names.c.name == name)
    ).first()
    if owner is None and not is_published(connection, name):
        return
    if owner is None or owner.author_id != author_id:
        raise ConflictError(
            f"the name {name!r} belongs to {owner.name if owner else 'a method that comes with fomrepo'}",
            remedy='choose another name in method.toml: name = "..."',
        )


def _following(version: str) -> str:
    major, minor, patch = version_rank(version)
    return f"{major}.{minor}.{patch + 1}"
