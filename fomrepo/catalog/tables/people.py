"""Who there is: people, their tokens and identities, and the projects that they share."""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Table, Text, UniqueConstraint

from fomrepo.catalog.tables.columns import metadata, required

principals = Table(
    "principals",
    metadata,
    Column("id", Text, primary_key=True),
    required("name"),
    required("created", Double),
    UniqueConstraint("name"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("handle", Text, primary_key=True),
    required("principal_id", Text, ForeignKey(principals.c.id), index=True),
    required("label"),
    required("sha256"),
    required("created", Double),
    Column("expires", Double),
    Column("revoked", Double),
)

identities = Table(
    "identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    required("principal_id", Text, ForeignKey(principals.c.id), index=True),
    required("created", Double),
)

#: What providers signed and was taken: once, and remembered until it and the token that it gave are over.
logins = Table(
    "logins",
    metadata,
    Column("proof", Text, primary_key=True),
    required("issuer"),
    required("subject"),
    Column("handle", Text, ForeignKey(tokens.c.handle), index=True),
    required("until", Double, index=True),
)

projects = Table(
    "projects",
    metadata,
    Column("id", Text, primary_key=True),
    required("name"),
    required("created", Double),
    UniqueConstraint("name"),
)

members = Table(
    "members",
    metadata,
    Column("project_id", Text, ForeignKey(projects.c.id), primary_key=True),
    Column("principal_id", Text, ForeignKey(principals.c.id), primary_key=True, index=True),
)

#: Where people work, as far as that is known.
affiliations = Table(
    "affiliations",
    metadata,
    Column("principal_id", Text, ForeignKey(principals.c.id), primary_key=True),
    required("institution"),
)
