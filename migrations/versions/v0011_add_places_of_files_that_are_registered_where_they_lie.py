"""Add places of files that are registered where they lie."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_COLUMNS = {"path": sa.Text(), "guard": sa.Text(), "handed_by": sa.BigInteger(), "checked": sa.Double()}


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table("replicas") as replicas:
        for name, kind in _COLUMNS.items():
            replicas.add_column(sa.Column(name, kind))
        replicas.create_check_constraint(op.f("ck_replicas_guard"), "guard IN ('lease', 'rehash', 'none')")


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("replicas") as replicas:
        replicas.drop_constraint(op.f("ck_replicas_guard"), type_="check")
        for name in _COLUMNS:
            replicas.drop_column(name)
