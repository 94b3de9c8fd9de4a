"""What was done, by whom: a chain of entries, and the seals of sites on it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Integer, LargeBinary, Table, Text

from fomrepo.catalog.tables.columns import metadata, required

#: A chain: each entry holds the digest of the one before. Triggers of migration 0010 keep it from being changed.
audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    required("time", Double),
    required("actor"),
    required("action"),
    required("subject"),
    required("details"),
    required("previous"),
    required("digest"),
)

#: One row: the newest entry. Who adds one locks it, so that entries come one after the other.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    required("number", BigInteger),
    required("digest"),
)

#: How sites have seen the log, signed with their keys.
audit_seals = Table(
    "audit_seals",
    metadata,
    Column("site", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    required("digest"),
    required("time", Double),
    required("signature", LargeBinary),
    required("certificate", LargeBinary),
)
