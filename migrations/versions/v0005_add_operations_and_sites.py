"""Add operations, sites, and the settings that sites share."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "operations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_digest", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("site", sa.Text()),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("failure", sa.LargeBinary()),
        sa.Column("provenance", sa.Text()),
        sa.Column("result_site", sa.Text()),
        sa.Column("result_blob", sa.Text()),
        sa.Column("result_key", sa.Text()),
        sa.Column("schema_json", sa.Text()),
        sa.Column("request", sa.LargeBinary()),
        sa.Column("result_size", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_operations_state")
        ),
        sa.CheckConstraint("(result_site IS NULL) = (result_blob IS NULL)", name=op.f("ck_operations_result")),
        sa.ForeignKeyConstraint(["principal_id"], ["principals.id"], name="fk_operations_principal_id"),
        sa.PrimaryKeyConstraint("id", name="pk_operations"),
        sa.UniqueConstraint("principal_id", "key", name="uq_operations_principal_id_key"),
    )
    op.create_index("ix_operations_answered", "operations", ["principal_id", "result_key"])
    op.create_table(
        "sites",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("peer_address", sa.Text(), nullable=False),
        sa.Column("certificate_digest", sa.Text(), nullable=False),
        sa.Column("wall", sa.Text(), nullable=False),
        sa.Column("heartbeat", sa.Double()),
        sa.Column("running", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("environments", sa.Text(), nullable=False),
        sa.Column("hot_runs", sa.BigInteger(), nullable=False),
        sa.Column("cold_runs", sa.BigInteger(), nullable=False),
        sa.Column("holders", sa.Integer(), nullable=False),
        sa.Column("held_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sites"),
    )
    op.create_table(
        "settings",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_settings"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("settings")
    op.drop_table("sites")
    op.drop_table("operations")
