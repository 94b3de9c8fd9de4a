"""Add what sites found when they ran the golden cases of published methods again."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "method_health",
        sa.Column("method_id", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("environment_digest", sa.Text(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("checked", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["method_id"], ["methods.id"], name="fk_method_health_method_id"),
        sa.PrimaryKeyConstraint("method_id", "site", name="pk_method_health"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("method_health")
