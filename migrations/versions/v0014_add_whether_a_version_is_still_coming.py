"""Add whether a version is still coming to a site."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Take the step."""
    op.add_column("placements", sa.Column("coming", sa.Boolean()))


def downgrade() -> None:
    """Take it back; what was still coming is where it came to by now, or is asked for again."""
    op.drop_column("placements", "coming")
