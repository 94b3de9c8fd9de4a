"""What was deposited: records, versions and files, and the deposits that they come from."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from fomrepo.catalog.tables.columns import metadata, required
from fomrepo.catalog.tables.people import principals, projects

records = Table(
    "records",
    metadata,
    Column("id", Text, primary_key=True),
    required("accession"),
    required("project_id", Text, ForeignKey(projects.c.id)),
    required("name"),
    required("created", Double),
    UniqueConstraint("accession"),
    UniqueConstraint("project_id", "name"),
)

#: Triggers of migration 0010 hold what may follow what, and that a version that was published does not change.
versions = Table(
    "versions",
    metadata,
    Column("id", Text, primary_key=True),
    required("record_id", Text, ForeignKey(records.c.id)),
    required("number", Integer),
    required("is_current", Boolean),
    required("state"),
    required("title"),
    required("owner_id", Text, ForeignKey(principals.c.id)),
    required("created", Double),
    Column("claims", Text),
    Column("licence", Text),
    Column("public_from", Double, index=True),
    Column("embargoed", Boolean),
    Column("withdrawn", Double, index=True),
    Column("reason", Text),
    UniqueConstraint("record_id", "number"),
    CheckConstraint("number >= 1", name="number"),
    CheckConstraint("state IN ('private', 'published', 'withdrawn')", name="state"),
)

Index(
    "uq_versions_current",
    versions.c.record_id,
    unique=True,
    sqlite_where=versions.c.is_current,
    postgresql_where=versions.c.is_current,
)

Index(
    "ix_versions_embargoed",
    versions.c.public_from,
    sqlite_where=versions.c.embargoed,
    postgresql_where=versions.c.embargoed,
)

files = Table(
    "files",
    metadata,
    Column("id", Text, primary_key=True),
    required("version_id", Text, ForeignKey(versions.c.id)),
    required("position", Integer),
    required("name"),
    required("file_type"),
    required("digest", Text, index=True),
    required("size", BigInteger),
    required("facts"),
    Column("topology", Text),
    Column("offsets_digest", Text),
    UniqueConstraint("version_id", "name"),
    CheckConstraint("size >= 0", name="size"),
)

deposits = Table(
    "deposits",
    metadata,
    Column("id", Text, primary_key=True),
    required("principal_id", Text, ForeignKey(principals.c.id)),
    required("key"),
    required("request_digest"),
    required("site"),
    required("state"),
    required("title"),
    required("project_id", Text, ForeignKey(projects.c.id)),
    required("name"),
    Column("new_version_of", Text, ForeignKey(records.c.id)),
    Column("version_id", Text, ForeignKey(versions.c.id)),
    Column("refusal", LargeBinary),
    required("created", Double),
    Column("claims", Text),
    UniqueConstraint("principal_id", "key"),
    Index("ix_deposits_site_state", "site", "state"),
    CheckConstraint("state IN ('draft', 'probing', 'accepted', 'quarantined', 'abandoned')", name="state"),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),
    required("deposit_id", Text, ForeignKey(deposits.c.id)),
    required("position", Integer),
    required("name"),
    required("size", BigInteger),
    Column("topology", Text),
    Column("digest", Text),
    UniqueConstraint("deposit_id", "name"),
    CheckConstraint("size >= 0", name="size"),
)

#: Versions whose place another one took because somebody said so, also one of another record.
supersessions = Table(
    "supersessions",
    metadata,
    Column("version_id", Text, ForeignKey(versions.c.id), primary_key=True),
    required("by_id", Text, ForeignKey(versions.c.id)),
)
