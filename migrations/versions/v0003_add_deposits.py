"""Add deposits and their uploads."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "deposits",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_digest", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("new_version_of", sa.Text()),
        sa.Column("version_id", sa.Text()),
        sa.Column("refusal", sa.LargeBinary()),
        sa.Column("created", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'probing', 'accepted', 'quarantined', 'abandoned')", name=op.f("ck_deposits_state")
        ),
        sa.ForeignKeyConstraint(["new_version_of"], ["records.id"], name="fk_deposits_new_version_of"),
        sa.ForeignKeyConstraint(["principal_id"], ["principals.id"], name="fk_deposits_principal_id"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_deposits_project_id"),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_deposits_version_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deposits"),
        sa.UniqueConstraint("principal_id", "key", name="uq_deposits_principal_id_key"),
    )
    op.create_index("ix_deposits_site_state", "deposits", ["site", "state"])
    op.create_table(
        "uploads",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("deposit_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("topology", sa.Text()),
        sa.Column("digest", sa.Text()),
        sa.CheckConstraint("size >= 0", name=op.f("ck_uploads_size")),
        sa.ForeignKeyConstraint(["deposit_id"], ["deposits.id"], name="fk_uploads_deposit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
        sa.UniqueConstraint("deposit_id", "name", name="uq_uploads_deposit_id_name"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("uploads")
    op.drop_table("deposits")
