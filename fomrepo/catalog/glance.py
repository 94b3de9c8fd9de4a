"""One query in a snapshot of its own, past SQLAlchemy: the only one that a call makes where nothing has changed.

SQLAlchemy takes half a millisecond for what a driver does in a twentieth of that, on a machine that has just been
woken; so its text is made once. What a driver complains about is not told here: the same question is asked in a
transaction then, which says it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, Select

Row = Sequence[Any]


class Glance:
    """A query that is asked often; any number of threads may ask it.

    Parameters
    ----------
    engine
        Where.
    query
        Of columns that drivers give as they are.
    """

    def __init__(self, engine: Engine, query: Select[Any]) -> None:
        self._engine = engine
        compiled = query.compile(dialect=engine.dialect)
        self._text, self._order, self._constants = str(compiled), compiled.positiontup, compiled.params

    def rows(self, given: Mapping[str, Any]) -> Sequence[Row] | None:
        """Ask; None if that fails, for whatever reason."""
        values: Any = {**self._constants, **given}
        if self._order is not None:
            values = [values[name] for name in self._order]
        try:
            connection = self._engine.raw_connection()
        except Exception:  # each driver has its own
            return None
        try:
            cursor = connection.cursor()
            cursor.execute(self._text, values)
            found: Sequence[Row] = cursor.fetchall()
        except Exception:
            connection.invalidate()  # dead, perhaps: the pool would find that out with a noise
            return None
        else:
            return found
        finally:
            connection.close()
