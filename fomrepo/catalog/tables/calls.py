"""What was called: operations, results and what they were computed from."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from fomrepo.catalog.tables.columns import metadata, required
from fomrepo.catalog.tables.people import principals

results = Table(
    "results",
    metadata,
    Column("key", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    required("blob"),
    required("size", BigInteger),
    required("wall_s", Double),
    required("computed", Double),
    required("way"),
    CheckConstraint("size >= 0", name="size"),
    CheckConstraint("way IN ('cold', 'hot')", name="way"),
)

#: Which bytes a result was computed from, so that it goes when they do.
result_sources = Table(
    "result_sources",
    metadata,
    Column("key", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    ForeignKeyConstraint(["key", "site"], [results.c.key, results.c.site], ondelete="CASCADE"),
    Index("ix_result_sources_site_digest", "site", "digest"),
)

operations = Table(
    "operations",
    metadata,
    Column("id", Text, primary_key=True),
    required("principal_id", Text, ForeignKey(principals.c.id)),
    required("key"),
    required("request_digest"),
    required("method"),
    required("home"),
    required("state"),
    required("created", Double),
    Column("site", Text),
    required("done", BigInteger),
    required("total", BigInteger),
    required("cancel_requested", Boolean),
    Column("failure", LargeBinary),
    Column("provenance", Text),
    Column("result_site", Text),
    Column("result_blob", Text),
    Column("result_key", Text),
    Column("schema_json", Text),
    Column("request", LargeBinary),
    required("result_size", BigInteger),
    UniqueConstraint("principal_id", "key"),
    Index("ix_operations_answered", "principal_id", "result_key"),
    Index("ix_operations_principal_id_id", "principal_id", "id"),
    CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state"),
    CheckConstraint("(result_site IS NULL) = (result_blob IS NULL)", name="result"),
)
