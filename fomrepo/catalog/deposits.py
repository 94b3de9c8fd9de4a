"""Deposits on their way to becoming a record."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, exists, insert, select, update

from fomrepo.catalog.acceptance import accept_deposit, name_is_taken, name_taken
from fomrepo.catalog.database import Database, reads, writes
from fomrepo.catalog.deposit_rows import deposits_where
from fomrepo.catalog.tables import deposits, members, projects, records, uploads, versions
from fomrepo.catalog.versions import may_change, visible_version
from fomrepo.errors import ConflictError, NotAllowedError, NotFoundError
from fomrepo.model.canonical import canonical_json, new_id
from fomrepo.model.deposits import AcceptedFile, Deposit, DepositState, ExpectedFile
from fomrepo.model.files import RecordName, RecordVersion, check_slug

_UNFINISHED = (DepositState.DRAFT.value, DepositState.PROBING.value)


class Deposits:
    """The life of a deposit: draft, probing, then accepted, quarantined or abandoned."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @writes
    def begin(
        self,
        connection: Connection,
        principal_id: str,
        *,
        key: str,
        request_digest: str,
        title: str,
        project: str,
        name: str,
        new_version_of: RecordName | None,
        site: str,
        files: Sequence[ExpectedFile],
        claims: Mapping[str, Any] | None = None,
    ) -> Deposit:
        """Open a draft, or find the one that the same key opened before.

        A new version goes into the project, and under the name, of its record, whatever `project` and `name` say.

        Raises
        ------
        ConflictError
            If the key was used for another request, or another record has the name.
        NotFoundError
            If the project is not one of the principal's, or the record is not one that they may see.
        NotAllowedError
            If they see the record, but are no member of its project.
        """
        wanted = (deposits.c.principal_id == principal_id, deposits.c.key == key)
        if known := connection.execute(select(deposits.c.id, deposits.c.request_digest).where(*wanted)).first():
            return _same_request(connection, known.id, known.request_digest, request_digest)
        if new_version_of is None:
            project_id = _project_of_member(connection, project, principal_id)
            if name_is_taken(connection, project_id, check_slug(name, "record")):
                raise name_taken(project, name)
            record_id = None
        else:
            record_id, project_id, name = _record_to_renew(connection, new_version_of, principal_id)
        deposit_id = new_id()
        opened = connection.execute(
            self._database.insert(deposits)
            .values(
                id=deposit_id,
                principal_id=principal_id,
                key=key,
                request_digest=request_digest,
                site=site,
                state=DepositState.DRAFT.value,
                title=title,
                project_id=project_id,
                name=name,
                new_version_of=record_id,
                created=time.time(),
                claims=_json(claims),
            )
            .on_conflict_do_nothing()
        )
        if opened.rowcount == 0:  # the same request arrived twice at once, and the other one was first
            known = connection.execute(select(deposits.c.id, deposits.c.request_digest).where(*wanted)).one()
            return _same_request(connection, known.id, known.request_digest, request_digest)
        _insert_uploads(connection, deposit_id, dict(enumerate(files)))
        return deposits_where(connection, deposits.c.id == deposit_id)[0]

    @writes
    def revise(
        self,
        connection: Connection,
        deposit_id: str,
        *,
        title: str,
        claims: Mapping[str, Any],
        files: Sequence[tuple[ExpectedFile, str | None]],
    ) -> Deposit:
        """Say anew what a draft shall become.

        An upload stays, with its bytes, if a file of its name and size is among `files`, and its digest, where both are
        known, is the one given there.

        Raises
        ------
        ConflictError
            If it is no draft any more.
        """
        revised = connection.execute(
            update(deposits)
            .where(deposits.c.id == deposit_id, deposits.c.state == DepositState.DRAFT.value)
            .values(title=title, claims=_json(claims))
        )
        if revised.rowcount == 0:
            raise ConflictError("the deposit is no draft any more", remedy="fomrepo deposit status DIR")
        wanted = {file.name: (position, file, digest) for position, (file, digest) in enumerate(files)}
        for one in connection.execute(select(uploads).where(uploads.c.deposit_id == deposit_id)).all():
            position, file, digest = wanted.get(one.name, (0, None, None))
            if file is None or file.size != one.size or (digest and one.digest and digest != one.digest):
                connection.execute(delete(uploads).where(uploads.c.id == one.id))
                continue
            place = {"position": position, "topology": file.topology}
            connection.execute(update(uploads).where(uploads.c.id == one.id).values(place))
            del wanted[one.name]
        _insert_uploads(connection, deposit_id, {position: file for position, file, _ in wanted.values()})
        return deposits_where(connection, deposits.c.id == deposit_id)[0]

    @reads
    def get(self, connection: Connection, deposit_id: str, principal_id: str) -> Deposit | None:
        """Find a deposit of somebody; None alike for what is another's."""
        found = deposits_where(connection, deposits.c.id == deposit_id, deposits.c.principal_id == principal_id)
        return next(iter(found), None)

    @reads
    def own(self, connection: Connection, principal_id: str, *, limit: int) -> tuple[Deposit, ...]:
        """List somebody's deposits, the newest first."""
        newest = (
            select(deposits.c.id).where(deposits.c.principal_id == principal_id).order_by(deposits.c.id.desc())
        ).limit(limit)
        return deposits_where(connection, deposits.c.id.in_(newest))[::-1]

    @reads
    def claims(self, connection: Connection, version_id: str) -> Mapping[str, Any]:
        """Read what the depositor said of a version of a record; whether the caller may see it was decided before."""
        found: Mapping[str, Any] = json.loads(
            connection.scalar(select(versions.c.claims).where(versions.c.id == version_id)) or "{}"
        )
        return found

    @reads
    def unfinished(self, connection: Connection, site: str) -> tuple[Deposit, ...]:
        """List the drafts and the deposits in probing of a site, oldest first."""
        return deposits_where(connection, deposits.c.site == site, deposits.c.state.in_(_UNFINISHED))

    @writes
    def received(self, connection: Connection, upload_id: str, digest: str) -> None:
        """Note that every byte of an upload is there and safe.

        Raises
        ------
        ConflictError
            If the deposit takes no bytes any more.
        """
        draft = select(deposits.c.id).where(deposits.c.state == DepositState.DRAFT.value)
        noted = connection.execute(
            update(uploads).where(uploads.c.id == upload_id, uploads.c.deposit_id.in_(draft)).values(digest=digest)
        )
        if noted.rowcount == 0 and digest != connection.scalar(
            select(uploads.c.digest).where(uploads.c.id == upload_id)
        ):
            raise ConflictError("the deposit of these bytes is not open any more", remedy="fomrepo deposit ... again")

    @writes
    def forget(self, connection: Connection, upload_id: str) -> None:
        """Note that the bytes of an upload are gone, unless its deposit takes no bytes any more."""
        draft = select(deposits.c.id).where(deposits.c.state == DepositState.DRAFT.value)
        wanted = (uploads.c.id == upload_id, uploads.c.deposit_id.in_(draft))
        connection.execute(update(uploads).where(*wanted).values(digest=None))

    @writes
    def probing(self, connection: Connection, deposit_id: str) -> bool:
        """Let the probes begin, if every upload has its digest; True also if they have begun already."""
        incomplete = exists().where(uploads.c.deposit_id == deposit_id, uploads.c.digest.is_(None))
        connection.execute(
            update(deposits)
            .where(deposits.c.id == deposit_id, deposits.c.state == DepositState.DRAFT.value, ~incomplete)
            .values(state=DepositState.PROBING.value)
        )
        state = connection.scalar(select(deposits.c.state).where(deposits.c.id == deposit_id))
        return state == DepositState.PROBING.value

    @writes
    def quarantine(self, connection: Connection, deposit_id: str, refusal: bytes) -> None:
        """Refuse a deposit and keep the reason; nothing happens if it is in a final state."""
        _finish(connection, deposit_id, DepositState.QUARANTINED, refusal)

    @writes
    def abandon(self, connection: Connection, deposit_id: str) -> None:
        """Give a deposit up; nothing happens if it is in a final state."""
        _finish(connection, deposit_id, DepositState.ABANDONED, None)

    @writes
    def accept(self, connection: Connection, deposit_id: str, files: Sequence[AcceptedFile]) -> RecordVersion:
        """Make a deposit in probing a version of a record, with good replicas at its site; once, however often asked.

        Raises
        ------
        NotFoundError
            If there is no such deposit.
        ConflictError
            If the deposit is not in probing, or another record has taken the name meanwhile.
        """
        return accept_deposit(connection, self._database, deposit_id, files)


def _same_request(connection: Connection, deposit_id: str, known_digest: str, request_digest: str) -> Deposit:
    if known_digest != request_digest:
        raise ConflictError(
            "this idempotency key was used for another deposit", remedy="send another request with another key"
        )
    return deposits_where(connection, deposits.c.id == deposit_id)[0]


def _insert_uploads(connection: Connection, deposit_id: str, files: Mapping[int, ExpectedFile]) -> None:
    rows = [
        {
            "id": new_id(),
            "deposit_id": deposit_id,
            "position": position,
            "name": file.name,
            "size": file.size,
            "topology": file.topology,
        }
        for position, file in files.items()
    ]
    if rows:
        connection.execute(insert(uploads), rows)


def _json(claims: Mapping[str, Any] | None) -> str | None:
    return canonical_json(dict(claims)).decode() if claims else None


def _project_of_member(connection: Connection, project: str, principal_id: str) -> str:
    found: str | None = connection.scalar(
        select(projects.c.id)
        .join_from(projects, members)
        .where(projects.c.name == project, members.c.principal_id == principal_id)
    )
    if found is None:
        raise NotFoundError(
            f"there is no project {project!r} that you are a member of",
            remedy="leave --project out for your own project, or ask a member of the project to add you",
        )
    return found


def _record_to_renew(connection: Connection, name: RecordName, principal_id: str) -> tuple[str, str, str]:
    """Id, project's id and name of the record that gets a new version."""
    version = visible_version(connection, name, principal_id)
    if version is None:
        raise NotFoundError(f"no record {name} that you may see", remedy="see what is there: fomrepo ls")
    row = connection.execute(select(records).where(records.c.id == version.record_id)).one()
    if not may_change(connection, version.version_id, principal_id):
        raise NotAllowedError(
            f"only members of the project {version.project!r} may give {version.accession} a new version",
            remedy="ask a member of the project to add you, or deposit it as a record of your own",
        )
    return row.id, row.project_id, row.name


def _finish(connection: Connection, deposit_id: str, state: DepositState, refusal: bytes | None) -> None:
    connection.execute(
        update(deposits)
        .where(deposits.c.id == deposit_id, deposits.c.state.in_(_UNFINISHED))
        .values(state=state.value, refusal=refusal)
    )
