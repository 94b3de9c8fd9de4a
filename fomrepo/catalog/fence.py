"""The fence: one SQL statement that keeps a result only if what it was computed from still holds.

On SQLite writers come one after the other, so the conditions and the row are of one moment. PostgreSQL locks the rows
that the conditions read (``FOR SHARE``): who spoils a replica or deposits a new version at that moment waits until the
result is there, and then drops it; or comes first, and then the condition is judged again by the changed row.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, literal, select, true

from fomrepo.catalog.database import Database
from fomrepo.catalog.tables import replicas, results, versions
from fomrepo.model.files import RecordState, ReplicaState
from fomrepo.model.results import StoredResult


def fenced_insert(
    database: Database,
    result: StoredResult,
    its_replicas: Sequence[tuple[str, int]],
    its_versions: Sequence[str],
    current: Sequence[str],
) -> tuple[Any, dict[str, Any]]:
    """Statement and its values: it touches one row if the fence holds, also one that was there; else none."""
    given: dict[str, Any] = {column.name: getattr(result, column.name) for column in results.c}
    given |= _values(its_replicas, its_versions, current)
    return _statement(database.insert, len(its_replicas), len(its_versions), len(current)), given


def fence_query(
    site: str, its_replicas: Sequence[tuple[str, int]], its_versions: Sequence[str], current: Sequence[str]
) -> tuple[Any, dict[str, Any]]:
    """Query and its values: it finds a row if the fence holds now, and locks nothing."""
    given = {"site": site} | _values(its_replicas, its_versions, current)
    return _query(len(its_replicas), len(its_versions), len(current)), given


def _values(
    its_replicas: Sequence[tuple[str, int]], its_versions: Sequence[str], current: Sequence[str]
) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for n, (digest, generation) in enumerate(its_replicas):
        given |= {f"digest_{n}": digest, f"generation_{n}": generation}
    given |= {f"version_{n}": version_id for n, version_id in enumerate(its_versions)}
    given |= {f"current_{n}": version_id for n, version_id in enumerate(current)}
    return given


def _conditions(n_replicas: int, n_versions: int, n_current: int) -> list[Select[Any]]:
    return [
        *(_good(n) for n in range(n_replicas)),
        *(_not_withdrawn(n) for n in range(n_versions)),
        *(_still_current(n) for n in range(n_current)),
    ]


@functools.lru_cache(maxsize=256)
def _query(n_replicas: int, n_versions: int, n_current: int) -> Any:
    return select(literal(1)).where(true(), *(one.exists() for one in _conditions(n_replicas, n_versions, n_current)))


@functools.lru_cache(maxsize=256)
def _statement(insert: Any, n_replicas: int, n_versions: int, n_current: int) -> Any:
    conditions = [_locked(one) for one in _conditions(n_replicas, n_versions, n_current)]
    row = select(*(bindparam(column.name, type_=column.type) for column in results.c)).where(true(), *conditions)
    return (
        insert(results)
        .from_select(list(results.c), row)
        .on_conflict_do_update(index_elements=[results.c.key, results.c.site], set_={"site": results.c.site})
    )


def _good(n: int) -> Select[Any]:
    return select(replicas.c.digest).where(
        replicas.c.site == bindparam("site"),
        replicas.c.digest == bindparam(f"digest_{n}"),
        replicas.c.generation == bindparam(f"generation_{n}"),
        replicas.c.state == ReplicaState.GOOD.value,
    )


def _not_withdrawn(n: int) -> Select[Any]:
    return select(versions.c.id).where(
        versions.c.id == bindparam(f"version_{n}"), versions.c.state != RecordState.WITHDRAWN.value
    )


def _still_current(n: int) -> Select[Any]:
    return select(versions.c.id).where(versions.c.id == bindparam(f"current_{n}"), versions.c.is_current)


def _locked(rows: Select[Any]) -> ColumnElement[bool]:
    return rows.with_for_update(read=True).exists()
