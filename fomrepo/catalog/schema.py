"""The revision of the catalog's schema: checked before any use, changed by migrations only."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from fomrepo.catalog.database import Database
from fomrepo.catalog.engine import shown, sqlite_file
from fomrepo.errors import SchemaRevisionError, StorageError
from fomrepo.installed_files import installed_folder

#: Revision that this program works with: the newest one in ``migrations/versions/``.
REVISION = "0019"

#: Any number that no other program of ours locks: two upgrades of one PostgreSQL come one after the other.
_UPGRADE_LOCK = 0x666F6D


def upgrade_catalog(url: str, revision: str = REVISION) -> None:
    """Create the catalog, or bring it to a schema revision: all of the way or not at all.

    Parameters
    ----------
    url
        Of the database.
    revision
        Where to; an older one takes newer tables away. ``base`` leaves an empty database.

    Raises
    ------
    StorageError
        If the database cannot be reached or written.
    SchemaRevisionError
        If the catalog was made by a newer program.
    """
    file = sqlite_file(url)
    if file is not None:
        _make_private(file)
    database = Database(url, foreign_keys=False)
    try:
        database.write(lambda connection: _migrate(connection, database.name, revision))
    finally:
        database.close()


def check_revision(connection: Connection, database: str) -> None:
    """Refuse a catalog of another schema revision.

    Raises
    ------
    SchemaRevisionError
        Naming both revisions and the command that mends it.
    """
    found = _found(connection)
    if found != REVISION:
        raise _other_revision(found, database)


def no_catalog(url: str) -> SchemaRevisionError:
    """Error for a database that is not there yet."""
    return _other_revision(None, shown(url))


def _make_private(file: Path) -> None:
    """Make the file of a new catalog its owner's only: it holds digests of tokens."""
    try:
        file.touch(mode=0o600)
    except OSError as fault:
        raise StorageError(
            f"the catalog {file} cannot be written: {fault.strerror}", remedy=f"let this user write in {file.parent}"
        ) from fault


def _migrate(connection: Connection, database: str, revision: str) -> None:
    from alembic import (
        command,
    )  # it takes as long to import as the whole catalog, and a site that serves never needs it
    from alembic.config import Config

    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})"))
    config = Config()
    config.set_main_option("script_location", str(installed_folder("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    found = _found(connection)
    if found is not None and found > REVISION:
        raise _other_revision(found, database)
    if revision == "base" or (found is not None and revision < found):
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)
    if connection.dialect.name == "sqlite" and (broken := connection.execute(text("PRAGMA foreign_key_check")).all()):
        raise StorageError(
            f"the catalog {database} has {len(broken)} rows that refer to nothing; it was left as it was",
            remedy="restore it from a backup",
        )


def _found(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _other_revision(found: str | None, database: str) -> SchemaRevisionError:
    if found is not None and found > REVISION:
        return SchemaRevisionError(
            f"the catalog {database} has schema revision {found}, newer than {REVISION} of this program",
            remedy="install the version of fomrepo that upgraded it",
            facts={"found": found, "expected": REVISION},
        )
    return SchemaRevisionError(
        f"the catalog {database} has schema revision {found or 'none'}, this program needs {REVISION}",
        remedy=("" if found else "put it back from a backup; or, if it is a new one: ")
        + "fomrepo catalog upgrade, with the --home that the site has",
        facts={"found": found or "none", "expected": REVISION},
    )
