"""Rows of deposits as values."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from fomrepo.catalog.tables import deposits, projects, records, uploads, versions
from fomrepo.model.deposits import Deposit, DepositState, ExpectedFile, Upload

_DEPOSIT = (
    select(
        deposits,
        projects.c.name.label("project"),
        records.c.accession.label("record_accession"),
        versions.c.number.label("version_number"),
    )
    .join_from(deposits, projects, deposits.c.project_id == projects.c.id)
    .outerjoin(versions, deposits.c.version_id == versions.c.id)
    .outerjoin(records, versions.c.record_id == records.c.id)
    .order_by(deposits.c.id)
)


def deposits_where(connection: Connection, *criteria: ColumnElement[bool]) -> tuple[Deposit, ...]:
    """Read the deposits that fulfil all criteria, oldest first, with their uploads."""
    rows = connection.execute(_DEPOSIT.where(*criteria)).all()
    its_uploads: dict[str, list[Upload]] = {row.id: [] for row in rows}
    for one in connection.execute(
        select(uploads).where(uploads.c.deposit_id.in_(its_uploads)).order_by(uploads.c.deposit_id, uploads.c.position)
    ):
        file = ExpectedFile(one.name, one.size, one.topology)
        its_uploads[one.deposit_id].append(Upload(one.id, file, one.digest))
    return tuple(_deposit_of(row, tuple(its_uploads[row.id])) for row in rows)


def _deposit_of(row: Any, its_uploads: tuple[Upload, ...]) -> Deposit:
    return Deposit(
        id=row.id,
        principal=row.principal_id,
        site=row.site,
        state=DepositState(row.state),
        title=row.title,
        project=row.project,
        name=row.name,
        new_version_of=row.new_version_of,
        uploads=its_uploads,
        accession=None if row.version_id is None else f"{row.record_accession}.v{row.version_number}",
        refusal=row.refusal,
        claims=json.loads(row.claims or "{}"),
        created=row.created,
    )
