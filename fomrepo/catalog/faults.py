"""What databases complain about, in the words of fomrepo: no exception of a driver leaves the catalog."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from fomrepo.errors import FomrepoError, InternalError, StorageError

#: PostgreSQL: serialization_failure, deadlock_detected, lock_not_available.
_TRY_AGAIN = frozenset({"40001", "40P01", "55P03"})
#: PostgreSQL: disk_full, out_of_memory, too_many_connections, and everything about connections and shutdowns.
_NO_ROOM = frozenset({"53100", "53200", "53300"})
_GONE = ("08", "57P")
#: SQLite's primary result codes (sqlite3.h): SQLITE_BUSY and SQLITE_LOCKED.
_SQLITE_BUSY = frozenset({5, 6})
#: SQLITE_READONLY, SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_FULL, SQLITE_CANTOPEN, SQLITE_NOTADB.
_SQLITE_STORAGE = frozenset({8, 10, 11, 13, 14, 26})


def is_transient(fault: SQLAlchemyError) -> bool:
    """Whether the same transaction may succeed when it is run again."""
    return _sqlstate(fault) in _TRY_AGAIN or _sqlite_code(fault) in _SQLITE_BUSY


def is_disconnect(fault: SQLAlchemyError) -> bool:
    """Whether a connection turned out to be dead that the pool had kept; a fresh one may work."""
    return isinstance(fault, DBAPIError) and fault.connection_invalidated


def translated(fault: SQLAlchemyError, database: str) -> FomrepoError:
    """Error to raise instead.

    Parameters
    ----------
    fault
        As SQLAlchemy raised it.
    database
        URL of the database, without its password.
    """
    said, *_ = str(getattr(fault, "orig", None) or fault).splitlines()  # further lines may quote values
    facts = {"database": database, "said": said}
    sqlstate, sqlite_code = _sqlstate(fault), _sqlite_code(fault)
    if sqlstate == "53100" or sqlite_code == 13:
        return StorageError(
            f"the disk of the catalog {database} is full", remedy="free space on that disk", facts=facts
        )
    if isinstance(fault, PoolTimeoutError) or sqlstate in _TRY_AGAIN or sqlite_code in _SQLITE_BUSY:
        return StorageError(
            f"the catalog {database} is busy and did not answer in time ({said})",
            remedy="try again; if it lasts, look for a program that holds the database locked",
            facts=facts,
        )
    lost = is_disconnect(fault) or (sqlstate is not None and (sqlstate in _NO_ROOM or sqlstate.startswith(_GONE)))
    never_connected = isinstance(fault, DBAPIError) and sqlstate is None and sqlite_code is None and _operational(fault)
    if lost or never_connected or sqlite_code in _SQLITE_STORAGE:
        return StorageError(
            f"the catalog {database} cannot be used: {said}",
            remedy="check that the database is there, runs and lets this user in",
            facts=facts,
        )
    return InternalError(f"the catalog {database} refused a statement: {said}", facts=facts)


def _operational(fault: DBAPIError) -> bool:
    return type(fault.orig).__name__ == "OperationalError"


def _sqlstate(fault: SQLAlchemyError) -> str | None:
    """Five characters of SQL's standard; psycopg2 names them pgcode, psycopg sqlstate."""
    driver_fault = getattr(fault, "orig", None)
    return getattr(driver_fault, "pgcode", None) or getattr(driver_fault, "sqlstate", None)


def _sqlite_code(fault: SQLAlchemyError) -> int | None:
    code = getattr(getattr(fault, "orig", None), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
