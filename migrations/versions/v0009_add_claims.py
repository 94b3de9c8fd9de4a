"""Add what depositors say of their deposits, apart from what the files say."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_TABLES = ("deposits", "versions")


def upgrade() -> None:
    """Take the step."""
    for table in _TABLES:
        op.add_column(table, sa.Column("claims", sa.Text()))


def downgrade() -> None:
    """Take it back."""
    for table in _TABLES:
        op.drop_column(table, "claims")
