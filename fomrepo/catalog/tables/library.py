"""What can be called: methods, what is signed about them, and how they are."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from fomrepo.catalog.tables.columns import metadata, required
from fomrepo.catalog.tables.people import principals

#: One row: counts the changes of what says which methods may run: methods, approvals, verdicts, keys, trust documents.
registry = Table("registry", metadata, Column("id", Integer, primary_key=True), required("snapshot", BigInteger))

methods = Table(
    "methods",
    metadata,
    Column("id", Text, primary_key=True),
    required("name"),
    required("version"),
    required("rank"),
    required("bundle_digest"),
    required("environment"),
    required("bundle", LargeBinary),
    required("schema"),
    UniqueConstraint("name", "version"),
)

#: What reviewers signed about published methods, byte for byte.
approvals = Table(
    "approvals",
    metadata,
    Column("method_id", Text, ForeignKey(methods.c.id), primary_key=True),
    Column("key_id", Text, primary_key=True),
    required("statement", LargeBinary),
    required("signature", LargeBinary),
)

#: What reviewers signed against published methods: deprecated, or revoked.
verdicts = Table(
    "verdicts",
    metadata,
    Column("method_id", Text, ForeignKey(methods.c.id), primary_key=True),
    Column("key_id", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    required("statement", LargeBinary),
    required("signature", LargeBinary),
    CheckConstraint("state IN ('deprecated', 'revoked')", name="state"),
)

#: Public keys that users published. Which of them may approve methods is said by the signed root alone.
public_keys = Table(
    "public_keys",
    metadata,
    Column("id", Text, primary_key=True),
    required("principal_id", Text, ForeignKey(principals.c.id), index=True),
    required("public", LargeBinary),
    required("label"),
    required("created", Double),
    Column("replaces", Text),
    Column("revoked", Double),
)

#: Signed metadata of the registry by file name, such as ``2.root.json``; verified at each site before it is believed.
trust_documents = Table(
    "trust_documents",
    metadata,
    Column("name", Text, primary_key=True),
    required("version", BigInteger),
    required("content", LargeBinary),
)

#: Lock files of guest environments by their digest. Which of them are official is said by the signed registry.
environments = Table(
    "environments",
    metadata,
    Column("name", Text, primary_key=True),
    Column("lock_digest", Text, primary_key=True),
    required("lock", LargeBinary),
    required("added", Double),
)

#: What each site found when it last ran the golden cases of a published method.
method_health = Table(
    "method_health",
    metadata,
    Column("method_id", Text, ForeignKey(methods.c.id), primary_key=True),
    Column("site", Text, primary_key=True),
    required("environment_digest"),
    required("ok", Boolean),
    required("message"),
    required("checked", Double),
)

#: Who first published a method of a name, and so may publish the next version of it.
method_names = Table(
    "method_names",
    metadata,
    Column("name", Text, primary_key=True),
    required("author_id", Text, ForeignKey(principals.c.id)),
)
