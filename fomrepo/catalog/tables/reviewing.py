"""What is to be published: submissions of methods, and who reviews them."""

from __future__ import annotations

from sqlalchemy import (
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
    text,
)

from fomrepo.catalog.tables.columns import metadata, required
from fomrepo.catalog.tables.deposited import records
from fomrepo.catalog.tables.people import principals

#: People who may review; ``until`` says since when somebody does so no more.
reviewers = Table(
    "reviewers",
    metadata,
    Column("principal_id", Text, ForeignKey(principals.c.id), primary_key=True),
    required("since", Double),
    Column("until", Double),
)

#: Triggers of migration 0007 hold the transitions of its states and the policy of review, whoever writes here.
submissions = Table(
    "submissions",
    metadata,
    Column("id", Text, primary_key=True),
    required("name"),
    required("version"),
    required("bundle_digest"),
    required("author_id", Text, ForeignKey(principals.c.id)),
    required("state"),
    required("reason"),
    required("site"),
    required("bundle", LargeBinary),
    Column("record_id", Text, ForeignKey(records.c.id)),
    Column("file", Text),
    Column("environment_digest", Text),
    Column("report", Text),
    required("created", Double),
    required("changed", Double),
    UniqueConstraint("id", "author_id", "bundle_digest"),
    Index("ix_submissions_state", "state"),
    Index("ix_submissions_record_id_file", "record_id", "file"),
    CheckConstraint("(record_id IS NULL) = (file IS NULL)", name="file"),
    CheckConstraint(
        "state IN ('draft', 'checking', 'in review', 'approved', 'rejected', 'published', 'deprecated', 'revoked', "
        "'withdrawn')",
        name="state",
    ),
)

_OPEN_EVERYWHERE = "record_id IS NULL AND state IN ('draft', 'checking', 'in review', 'approved')"

Index(
    "uq_submissions_open",
    submissions.c.author_id,
    submissions.c.name,
    submissions.c.version,
    unique=True,
    sqlite_where=text(_OPEN_EVERYWHERE),
    postgresql_where=text(_OPEN_EVERYWHERE),
)

_ATTACHED = "record_id IS NOT NULL AND state IN ('draft', 'checking', 'in review', 'approved', 'published')"

Index(
    "uq_submissions_attached",
    submissions.c.record_id,
    submissions.c.file,
    submissions.c.name,
    submissions.c.author_id,
    unique=True,
    sqlite_where=text(_ATTACHED),
    postgresql_where=text(_ATTACHED),
)

#: Each of one reviewer, of one bundle: a foreign key ties it to the bytes and to the author, who is never the reviewer.
review_approvals = Table(
    "review_approvals",
    metadata,
    Column("submission_id", Text, primary_key=True),
    Column("reviewer_id", Text, ForeignKey(reviewers.c.principal_id), primary_key=True),
    required("author_id"),
    required("bundle_digest"),
    required("key_id"),
    required("signature", LargeBinary),
    required("statement", LargeBinary),
    required("created", Double),
    ForeignKeyConstraint(
        ["submission_id", "author_id", "bundle_digest"],
        [submissions.c.id, submissions.c.author_id, submissions.c.bundle_digest],
    ),
    CheckConstraint("reviewer_id <> author_id", name="reviewer"),
)

submission_events = Table(
    "submission_events",
    metadata,
    Column("id", Text, primary_key=True),
    required("submission_id", Text, ForeignKey(submissions.c.id), index=True),
    Column("principal_id", Text, ForeignKey(principals.c.id)),
    required("what"),
    required("text"),
    required("created", Double),
)
