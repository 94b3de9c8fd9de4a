"""Add a count of the changes of what calls mean: while it stays, what was read before still holds."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

#: Tables that say who asks, what a name means, who sees it and where it lies. Notes about calls are not among them.
_COUNTED = (
    "files",
    "members",
    "methods",
    "placements",
    "principals",
    "projects",
    "records",
    "registry",
    "replicas",
    "tokens",
    "versions",
)
_EVENTS = ("INSERT", "UPDATE", "DELETE")

#: On PostgreSQL a transaction counts once, when it commits: whoever changes something else does not wait for it before.
_COUNT = """
    CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF current_setting('fomrepo.counted', true) IS DISTINCT FROM pg_current_xact_id()::text THEN
            UPDATE changes SET number = number + 1;
            PERFORM set_config('fomrepo.counted', pg_current_xact_id()::text, true);
        END IF;
        RETURN NULL;
    END $$
"""


def upgrade() -> None:
    """Take the step."""
    changes = op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
    )
    op.bulk_insert(changes, [{"id": 1, "number": 0}])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_COUNT)
        for table in _COUNTED:
            op.execute(
                f"CREATE CONSTRAINT TRIGGER {table}_counted AFTER {' OR '.join(_EVENTS)} ON {table} "
                "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_change()"
            )
        return
    for name, table, event in _triggers():
        trigger = f"CREATE TRIGGER {name} AFTER {event} ON {table}"
        op.execute(f"{trigger} BEGIN UPDATE changes SET number = number + 1; END")  # noqa: S608  (made of the constants above)


def downgrade() -> None:
    """Take it back."""
    if op.get_bind().dialect.name == "postgresql":
        for table in _COUNTED:
            op.execute(f"DROP TRIGGER {table}_counted ON {table}")
        op.execute("DROP FUNCTION count_change()")
    else:
        for name, _, _ in _triggers():
            op.execute(f"DROP TRIGGER {name}")
    op.drop_table("changes")


def _triggers() -> list[tuple[str, str, str]]:
    return [(f"{table}_counted_{event.lower()}", table, event) for table in _COUNTED for event in _EVENTS]
