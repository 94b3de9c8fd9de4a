"""What a federation is: its settings and its sites, and how often what it holds has changed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Integer, Table, Text

from fomrepo.catalog.tables.columns import metadata, required

settings = Table("settings", metadata, Column("key", Text, primary_key=True), required("value"))

#: One row: counts the transactions (SQLite: the rows) that changed who asks, what a name means, who sees it or where it
#: lies; by triggers, so nobody can forget it. Notes about calls do not count.
changes = Table(
    "changes", metadata, Column("id", Integer, primary_key=True, autoincrement=False), required("number", BigInteger)
)

sites = Table(
    "sites",
    metadata,
    Column("name", Text, primary_key=True),
    required("address"),
    required("peer_address"),
    required("certificate_digest"),
    required("wall"),
    Column("heartbeat", Double),
    required("running", Integer),
    required("waiting", Integer),
    required("slots", Integer),
    required("environments"),
    required("hot_runs", BigInteger),
    required("cold_runs", BigInteger),
    required("holders", Integer),
    required("held_bytes", BigInteger),
)
