"""The catalog's clock: what the database says that time it is, the same for all sites that share it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Double
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement


class CatalogClock(FunctionElement[float]):
    """Seconds since 1970 at the begin of the statement (SQLite) or of the transaction (PostgreSQL).

    Whether an embargo has ended is asked of this clock alone: sites whose own clocks differ still agree about it.
    """

    type = Double()
    inherit_cache = True


@compiles(CatalogClock, "sqlite")
def _on_sqlite(element: CatalogClock, compiler: Any, **more: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(CatalogClock, "postgresql")
def _on_postgresql(element: CatalogClock, compiler: Any, **more: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM now()) AS DOUBLE PRECISION)"
