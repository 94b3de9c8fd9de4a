"""Add submissions of methods, their reviews, and the triggers that keep them to the rules."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_TRANSITIONS = (
    "draft > checking", "draft > withdrawn",
    "checking > in review", "checking > rejected", "checking > withdrawn",
    "in review > approved", "in review > rejected", "in review > withdrawn",
    "approved > published", "approved > rejected", "approved > withdrawn",
    "published > deprecated", "published > revoked", "deprecated > revoked",
)  # fmt: skip

#: Columns of a submission that never change.
_FIXED = ("id", "name", "version", "bundle_digest", "author_id", "bundle", "record_id", "file")

# Conditions under which a statement is refused; NEW and OLD are the row.
_NO_DRAFT = "NEW.state <> 'draft'"
_NO_STEP = "NEW.state <> OLD.state AND OLD.state || ' > ' || NEW.state NOT IN ({})".format(
    ", ".join(f"'{one}'" for one in _TRANSITIONS)
)
_APPROVALS = "(SELECT count(DISTINCT reviewer_id) FROM review_approvals WHERE submission_id = NEW.id)"
_TOO_FEW = f"""
    NEW.state IN ('approved', 'published') AND (
        {_APPROVALS} < 1
        OR {_APPROVALS} < (SELECT CAST(value AS INTEGER) FROM settings WHERE key = 'review.approvals')
        OR (
            EXISTS (SELECT 1 FROM settings WHERE key = 'review.other_institution' AND value = 'true')
            AND NOT EXISTS (
                SELECT 1 FROM review_approvals
                JOIN affiliations AS reviewer ON reviewer.principal_id = review_approvals.reviewer_id
                JOIN affiliations AS author ON author.principal_id = review_approvals.author_id
                WHERE review_approvals.submission_id = NEW.id AND reviewer.institution <> author.institution
            )
        )
    )"""  # noqa: S608  (made of the constants above)
_OTHER = {
    "sqlite": " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in _FIXED),
    "postgresql": " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in _FIXED),
}
_NOT_IN_REVIEW = (
    "NOT EXISTS (SELECT 1 FROM submissions WHERE id = NEW.submission_id AND state IN ('in review', 'approved'))"
)

#: Name, table, when, condition and sentence of each trigger.
_TRIGGERS = (
    ("submissions_begin", "submissions", "INSERT", _NO_DRAFT, "a submission begins as a draft"),
    ("submissions_step", "submissions", "UPDATE", _NO_STEP, "this state cannot follow that one"),
    ("submissions_policy", "submissions", "UPDATE", _TOO_FEW, "the approvals do not meet the policy"),
    ("submissions_fixed", "submissions", "UPDATE", "", "a submitted bundle does not change"),
    ("review_approvals_begin", "review_approvals", "INSERT", _NOT_IN_REVIEW, "this submission is not in review"),
    ("review_approvals_fixed", "review_approvals", "UPDATE", "TRUE", "an approval does not change"),
)


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "affiliations",
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["principal_id"], ["principals.id"], name="fk_affiliations_principal_id"),
        sa.PrimaryKeyConstraint("principal_id", name="pk_affiliations"),
    )
    op.create_table(
        "reviewers",
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("until", sa.Double()),
        sa.ForeignKeyConstraint(["principal_id"], ["principals.id"], name="fk_reviewers_principal_id"),
        sa.PrimaryKeyConstraint("principal_id", name="pk_reviewers"),
    )
    op.create_table(
        "method_names",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["principals.id"], name="fk_method_names_author_id"),
        sa.PrimaryKeyConstraint("name", name="pk_method_names"),
    )
    op.create_table(
        "submissions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("bundle_digest", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("bundle", sa.LargeBinary(), nullable=False),
        sa.Column("record_id", sa.Text()),
        sa.Column("file", sa.Text()),
        sa.Column("environment_digest", sa.Text()),
        sa.Column("report", sa.Text()),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("changed", sa.Double(), nullable=False),
        sa.CheckConstraint("(record_id IS NULL) = (file IS NULL)", name=op.f("ck_submissions_file")),
        sa.CheckConstraint(
            "state IN ('draft', 'checking', 'in review', 'approved', 'rejected', 'published', 'deprecated', "
            "'revoked', 'withdrawn')",
            name=op.f("ck_submissions_state"),
        ),
        sa.ForeignKeyConstraint(["author_id"], ["principals.id"], name="fk_submissions_author_id"),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_submissions_record_id"),
        sa.PrimaryKeyConstraint("id", name="pk_submissions"),
        sa.UniqueConstraint("id", "author_id", "bundle_digest", name="uq_submissions_id_author_id_bundle_digest"),
    )
    op.create_index("ix_submissions_state", "submissions", ["state"])
    op.create_index("ix_submissions_record_id_file", "submissions", ["record_id", "file"])
    for name, columns, condition in (
        (
            "uq_submissions_open",
            ["author_id", "name", "version"],
            "record_id IS NULL AND state IN ('draft', 'checking', 'in review', 'approved')",
        ),
        (
            "uq_submissions_attached",
            ["record_id", "file", "name", "author_id"],
            "record_id IS NOT NULL AND state IN ('draft', 'checking', 'in review', 'approved', 'published')",
        ),
    ):
        where = sa.text(condition)
        op.create_index(name, "submissions", columns, unique=True, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "review_approvals",
        sa.Column("submission_id", sa.Text(), nullable=False),
        sa.Column("reviewer_id", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("bundle_digest", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.CheckConstraint("reviewer_id <> author_id", name=op.f("ck_review_approvals_reviewer")),
        sa.ForeignKeyConstraint(
            ["submission_id", "author_id", "bundle_digest"],
            ["submissions.id", "submissions.author_id", "submissions.bundle_digest"],
            name="fk_review_approvals_submission_id_author_id_bundle_digest",
        ),
        sa.ForeignKeyConstraint(["reviewer_id"], ["reviewers.principal_id"], name="fk_review_approvals_reviewer_id"),
        sa.PrimaryKeyConstraint("submission_id", "reviewer_id", name="pk_review_approvals"),
    )
    op.create_table(
        "submission_events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("submission_id", sa.Text(), nullable=False),
        sa.Column("principal_id", sa.Text()),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_submission_events_submission_id"),
        sa.ForeignKeyConstraint(["principal_id"], ["principals.id"], name="fk_submission_events_principal_id"),
        sa.PrimaryKeyConstraint("id", name="pk_submission_events"),
    )
    op.create_index("ix_submission_events_submission_id", "submission_events", ["submission_id"])
    for name, table, event, condition, sentence in _TRIGGERS:
        _refuse(name, table, event, condition or _OTHER[op.get_bind().dialect.name], sentence)


def downgrade() -> None:
    """Take it back."""
    if op.get_bind().dialect.name == "postgresql":  # SQLite's triggers go with their tables
        for name, table, *_ in _TRIGGERS:
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}()")
    for table in ("submission_events", "review_approvals", "submissions", "method_names", "reviewers", "affiliations"):
        op.drop_table(table)


def _refuse(name: str, table: str, event: str, condition: str, sentence: str) -> None:
    """Make a trigger that refuses a statement, as a violated constraint is refused."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {condition} THEN RAISE EXCEPTION '{sentence}' USING ERRCODE = 'check_violation'; END IF; "
        f"RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
