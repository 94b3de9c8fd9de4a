"""Add when versions become public and why they were withdrawn, the audit log, and the triggers that guard both."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_STEPS = ("private > published", "private > withdrawn", "published > withdrawn")

#: Columns of a version that never change once it has left the state private.
_FIXED = ("id", "record_id", "number", "title", "owner_id", "created", "licence", "claims")

#: Seconds since 1970 by the clock of the database, the only one that all sites share.
_NOW = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "CAST(EXTRACT(EPOCH FROM now()) AS DOUBLE PRECISION)",
}
#: Whether two values differ, where one of them may be null.
_DIFFERS = {"sqlite": "IS NOT", "postgresql": "IS DISTINCT FROM"}

# Conditions under which a statement is refused; NEW and OLD are the row.
_NO_STEP = "NEW.state <> OLD.state AND OLD.state || ' > ' || NEW.state NOT IN ({})".format(
    ", ".join(f"'{one}'" for one in _STEPS)
)
_UNLICENSED = "OLD.state = 'private' AND NEW.state = 'published' AND NEW.licence IS NULL"
_NO_DATE = (
    "(NEW.state = 'published' AND NEW.public_from IS NULL) OR (NEW.state = 'private' AND NEW.public_from IS NOT NULL) "
    "OR (NEW.state = 'withdrawn' AND NEW.public_from > {now}) "
    "OR (OLD.public_from <= {now} AND NEW.public_from {differs} OLD.public_from)"
)
_NO_REASON = (
    "(NEW.state = 'withdrawn' AND (NEW.withdrawn IS NULL OR NEW.reason IS NULL)) OR (OLD.state = 'withdrawn' "
    "AND (NEW.withdrawn {differs} OLD.withdrawn OR NEW.reason {differs} OLD.reason))"
)
_CHANGED = "OLD.state <> 'private' AND (" + " OR ".join(f"NEW.{one} {{differs}} OLD.{one}" for one in _FIXED) + ")"
_OF_FIXED_VERSION = "EXISTS (SELECT 1 FROM versions WHERE id IN ({rows}) AND state <> 'private')"

#: Name, table, when, condition and sentence of each trigger.
_TRIGGERS = (
    ("versions_begin", "versions", "INSERT", "NEW.state <> 'private'", "a version begins as private"),
    ("versions_step", "versions", "UPDATE", _NO_STEP, "this state of a version cannot follow that one"),
    ("versions_licence", "versions", "UPDATE", _UNLICENSED, "a version without a licence cannot be published"),
    ("versions_date", "versions", "UPDATE", _NO_DATE, "a version cannot become public, or cease to be, in this way"),
    ("versions_reason", "versions", "UPDATE", _NO_REASON, "a version is withdrawn once, with a reason"),
    ("versions_fixed", "versions", "UPDATE", _CHANGED, "a published version does not change"),
    ("versions_kept", "versions", "DELETE", "OLD.state <> 'private'", "a published version is not deleted"),
    ("files_added", "files", "INSERT", _OF_FIXED_VERSION, "a published version gets no more files"),
    ("files_fixed", "files", "UPDATE", _OF_FIXED_VERSION, "a published file does not change"),
    ("files_kept", "files", "DELETE", _OF_FIXED_VERSION, "a published file is not deleted"),
    ("audit_fixed", "audit", "UPDATE", "", "an entry of the audit log does not change"),
    ("audit_kept", "audit", "DELETE", "", "an entry of the audit log is not deleted"),
)


def upgrade() -> None:
    """Take the step."""
    for name, kind in (
        ("licence", sa.Text()),
        ("public_from", sa.Double()),
        ("embargoed", sa.Boolean()),
        ("withdrawn", sa.Double()),
        ("reason", sa.Text()),
    ):
        op.add_column("versions", sa.Column(name, kind))
    is_embargoed = sa.text("embargoed")
    op.create_index(
        "ix_versions_embargoed",
        "versions",
        ["public_from"],
        sqlite_where=is_embargoed,
        postgresql_where=is_embargoed,
    )
    op.create_index("ix_files_digest", "files", ["digest"])
    op.execute("UPDATE versions SET public_from = created WHERE state = 'published'")
    op.execute("UPDATE versions SET withdrawn = created, reason = '' WHERE state = 'withdrawn'")
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.bulk_insert(head, [{"id": 1, "number": 0, "digest": ""}])
    op.create_table(
        "audit_seals",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("site", "number", name="pk_audit_seals"),
    )
    for trigger in _TRIGGERS:
        _refuse(*trigger)


def downgrade() -> None:
    """Take it back."""
    for name, table, *_ in _TRIGGERS:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}()")
        else:
            op.execute(f"DROP TRIGGER {name}")
    for table in ("audit_seals", "audit_head", "audit"):
        op.drop_table(table)
    op.drop_index("ix_files_digest", "files")
    op.drop_index("ix_versions_embargoed", "versions")
    for column in ("reason", "withdrawn", "embargoed", "public_from", "licence"):
        op.drop_column("versions", column)


def _refuse(name: str, table: str, event: str, condition: str, sentence: str) -> None:
    """Make a trigger that refuses a statement, as a violated constraint is refused."""
    dialect, row = op.get_bind().dialect.name, "OLD" if event == "DELETE" else "NEW"
    rows = "OLD.version_id, NEW.version_id" if event == "UPDATE" else f"{row}.version_id"
    said = condition.format(now=_NOW[dialect], differs=_DIFFERS[dialect], rows=rows) or "1 = 1"
    if dialect == "sqlite":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {said} BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {said} THEN RAISE EXCEPTION '{sentence}' USING ERRCODE = 'check_violation'; END IF; "
        f"RETURN {row}; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
