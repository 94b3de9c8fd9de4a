"""Add an order of the versions that hold one system, so that the newest are found among very many."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Take the step."""
    op.create_index("ix_systems_aspect_fingerprint_version_id", "systems", ["aspect", "fingerprint", "version_id"])
    op.drop_index("ix_systems_aspect_fingerprint", "systems")


def downgrade() -> None:
    """Take it back."""
    op.create_index("ix_systems_aspect_fingerprint", "systems", ["aspect", "fingerprint"])
    op.drop_index("ix_systems_aspect_fingerprint_version_id", "systems")
