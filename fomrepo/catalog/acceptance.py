"""How a deposit becomes a version of a record, in one transaction."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, exists, func, insert, select, update

from fomrepo.catalog.audit import write_entry
from fomrepo.catalog.database import Database
from fomrepo.catalog.metadata import index_version
from fomrepo.catalog.quality import plan_checks
from fomrepo.catalog.replica_rows import put_good_replica, put_places, put_version
from fomrepo.catalog.systems import index_systems
from fomrepo.catalog.tables import deposits, files, projects, records, versions
from fomrepo.catalog.versions import version_by_id
from fomrepo.errors import ConflictError, InternalError, NotFoundError
from fomrepo.model.audit import AuditAction
from fomrepo.model.canonical import canonical_json, new_accession, new_id
from fomrepo.model.deposits import AcceptedFile, DepositState
from fomrepo.model.files import RecordState, RecordVersion

#: Draws of an accession before we give up. Even with half of them taken, 40 draws fail once in 10^12 times.
ACCESSION_DRAWS = 40


def accept_deposit(
    connection: Connection, database: Database, deposit_id: str, accepted: Sequence[AcceptedFile]
) -> RecordVersion:
    """Do the steps in order.

    1. The fence: of all who try, one takes the deposit from probing to accepted. Who comes later gets its version.
    2. The record: the one that gets a new version, locked, or a new one under a freshly drawn accession.
    3. The version, current from now on, its files, what is known of them, and the checks that they are to pass.
    4. The replicas at the deposit's site, good from now on, frame offsets included; and where its files lie in place.
    5. The entry in the audit log.
    """
    taken = connection.execute(
        update(deposits)
        .where(deposits.c.id == deposit_id, deposits.c.state == DepositState.PROBING.value)
        .values(state=DepositState.ACCEPTED.value)
    )
    deposit = connection.execute(select(deposits).where(deposits.c.id == deposit_id)).first()
    if deposit is None:
        raise NotFoundError(f"there is no deposit {deposit_id}")
    if deposit.version_id is not None:
        return version_by_id(connection, deposit.version_id)
    if taken.rowcount == 0:
        raise ConflictError(f"the deposit {deposit_id} is {deposit.state}, so it cannot be accepted")
    record_id = deposit.new_version_of or _new_record(connection, database, deposit)
    version_id = _new_version(connection, record_id, deposit)
    connection.execute(update(deposits).where(deposits.c.id == deposit_id).values(version_id=version_id))
    connection.execute(insert(files), [_file_row(version_id, n, file) for n, file in enumerate(accepted)])
    index_version(connection, version_id, accepted, json.loads(deposit.claims or "{}"))
    planned = ((file.name, check) for file in accepted for check in file.checks)
    plan_checks(connection, version_id, deposit.site, planned)
    copies = {file.digest: (file.fingerprint, file.place) for file in accepted if not file.stands_in}
    copies |= {file.offsets[0]: (file.offsets[2], None) for file in accepted if file.offsets is not None}
    for digest, (fingerprint, place) in sorted(copies.items()):
        put_good_replica(connection, database, deposit.site, digest, fingerprint, place)
    put_version(connection, database, version_id, deposit.site)
    put_places(connection, database, version_id, deposit.site, accepted)
    index_systems(connection, version_id, accepted)
    version = version_by_id(connection, version_id)
    write_entry(
        connection, version.owner, AuditAction.DEPOSIT_ACCEPTED, version.versioned, path=version.path, site=deposit.site
    )
    return version


def name_is_taken(connection: Connection, project_id: str, name: str) -> bool:
    """Whether a record of the project has that name."""
    taken = exists().where(records.c.project_id == project_id, records.c.name == name)
    return bool(connection.scalar(select(taken)))


def name_taken(project: str, name: str) -> ConflictError:
    """Error for a name that another record has."""
    return ConflictError(
        f"there is a record /{project}/{name} already",
        remedy=f"give another name with --name, or add a version to it with --new-version-of /{project}/{name}",
    )


def _new_record(connection: Connection, database: Database, deposit: Row[Any]) -> str:
    record_id = new_id()
    for _ in range(ACCESSION_DRAWS):
        drawn = connection.execute(
            database.insert(records)
            .values(
                id=record_id,
                accession=new_accession(),
                project_id=deposit.project_id,
                name=deposit.name,
                created=time.time(),
            )
            .on_conflict_do_nothing()
        )
        if drawn.rowcount == 1:
            return record_id
        if name_is_taken(connection, deposit.project_id, deposit.name):
            project = connection.scalar(select(projects.c.name).where(projects.c.id == deposit.project_id))
            raise name_taken(str(project), deposit.name)
    raise InternalError(f"{ACCESSION_DRAWS} accessions were drawn and all are taken: they need more digits")


def _new_version(connection: Connection, record_id: str, deposit: Row[Any]) -> str:
    connection.execute(select(records.c.id).where(records.c.id == record_id).with_for_update()).one()
    number = connection.scalar(select(func.max(versions.c.number)).where(versions.c.record_id == record_id)) or 0
    connection.execute(
        update(versions).where(versions.c.record_id == record_id, versions.c.is_current).values(is_current=False)
    )
    version_id = new_id()
    connection.execute(
        insert(versions).values(
            id=version_id,
            record_id=record_id,
            number=number + 1,
            is_current=True,
            state=RecordState.PRIVATE.value,
            title=deposit.title,
            owner_id=deposit.principal_id,
            created=time.time(),
            claims=deposit.claims,
        )
    )
    return version_id


def _file_row(version_id: str, position: int, file: AcceptedFile) -> dict[str, Any]:
    return {
        "id": new_id(),
        "version_id": version_id,
        "position": position,
        "name": file.name,
        "file_type": file.file_type,
        "digest": file.digest,
        "size": file.size,
        "facts": canonical_json(dict(file.facts)).decode(),
        "topology": file.topology,
        "offsets_digest": None if file.offsets is None else file.offsets[0],
    }
