"""Where bytes lie: copies of files, and the versions that were put at sites."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Double, ForeignKey, Table, Text

from fomrepo.catalog.tables.columns import Unsigned64, metadata, required
from fomrepo.catalog.tables.deposited import versions

replicas = Table(
    "replicas",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("site", Text, primary_key=True, index=True),
    required("state"),
    required("generation", BigInteger),
    required("device", Unsigned64),
    required("inode", Unsigned64),
    required("size", BigInteger),
    required("mtime_ns", BigInteger),
    required("ctime_ns", BigInteger),
    Column("path", Text),
    Column("guard", Text),
    Column("handed_by", BigInteger),
    Column("checked", Double),
    CheckConstraint("state IN ('intermediate', 'good', 'stale', 'bad')", name="state"),
    CheckConstraint("guard IN ('lease', 'rehash', 'none')", name="guard"),
)

#: At which sites a version was put: deposited, or copied on somebody's request. Replicas are of bytes, which others may
#: have deposited too; who sees a version learns of the replicas at these sites only.
placements = Table(
    "placements",
    metadata,
    Column("version_id", Text, ForeignKey(versions.c.id), primary_key=True),
    Column("site", Text, primary_key=True),
    Column("coming", Boolean),
)

#: Where files of versions lie that were registered in place; of the same bytes a site reads what its replica names.
file_places = Table(
    "file_places",
    metadata,
    Column("version_id", Text, ForeignKey(versions.c.id), primary_key=True),
    Column("site", Text, primary_key=True),
    Column("digest", Text, primary_key=True, index=True),
    required("path"),
    required("guard"),
    required("handed_by", BigInteger),
    CheckConstraint("guard IN ('lease', 'rehash', 'none')", name="guard"),
)
