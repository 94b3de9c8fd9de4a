"""Add people, their tokens and their projects."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "principals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_principals"),
        sa.UniqueConstraint("name", name="uq_principals_name"),
    )
    op.create_table(
        "tokens",
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("expires", sa.Double()),
        sa.Column("revoked", sa.Double()),
        sa.ForeignKeyConstraint(["principal_id"], ["principals.id"], name="fk_tokens_principal_id"),
        sa.PrimaryKeyConstraint("handle", name="pk_tokens"),
    )
    op.create_index("ix_tokens_principal_id", "tokens", ["principal_id"])
    op.create_table(
        "projects",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.UniqueConstraint("name", name="uq_projects_name"),
    )
    op.create_table(
        "members",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["principal_id"], ["principals.id"], name="fk_members_principal_id"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_members_project_id"),
        sa.PrimaryKeyConstraint("project_id", "principal_id", name="pk_members"),
    )
    op.create_index("ix_members_principal_id", "members", ["principal_id"])


def downgrade() -> None:
    """Take it back."""
    op.drop_table("members")
    op.drop_table("projects")
    op.drop_table("tokens")
    op.drop_table("principals")
