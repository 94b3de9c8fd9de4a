"""Add orders of what came to be public, went, or was asked for last."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Take the step."""
    op.create_index("ix_versions_public_from", "versions", ["public_from"])
    op.create_index("ix_versions_withdrawn", "versions", ["withdrawn"])
    op.create_index("ix_operations_principal_id_id", "operations", ["principal_id", "id"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_operations_principal_id_id", "operations")
    op.drop_index("ix_versions_withdrawn", "versions")
    op.drop_index("ix_versions_public_from", "versions")
