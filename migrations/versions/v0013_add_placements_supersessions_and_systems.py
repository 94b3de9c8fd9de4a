"""Add where versions were put, what took their place, and which systems they are of."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "placements",
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_placements_version_id"),
        sa.PrimaryKeyConstraint("version_id", "site", name="pk_placements"),
    )
    op.execute(  # where it was deposited, and where there are copies that are of no other record
        "INSERT INTO placements (version_id, site) "
        "SELECT version_id, site FROM deposits WHERE version_id IS NOT NULL "
        "UNION SELECT files.version_id, replicas.site FROM files JOIN replicas ON replicas.digest = files.digest "
        "JOIN versions ON versions.id = files.version_id WHERE NOT EXISTS ("
        "SELECT 1 FROM files AS others JOIN versions AS theirs ON theirs.id = others.version_id "
        "WHERE others.digest = files.digest AND theirs.record_id <> versions.record_id)"
    )
    op.create_table(
        "supersessions",
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_supersessions_version_id"),
        sa.ForeignKeyConstraint(["by_id"], ["versions.id"], name="fk_supersessions_by_id"),
        sa.PrimaryKeyConstraint("version_id", name="pk_supersessions"),
    )
    op.create_table(
        "systems",
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("aspect", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.CheckConstraint("aspect IN ('sequence', 'composition', 'size')", name=op.f("ck_systems_aspect")),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_systems_version_id"),
        sa.PrimaryKeyConstraint("version_id", "file", "aspect", name="pk_systems"),
    )
    op.create_index("ix_systems_aspect_fingerprint", "systems", ["aspect", "fingerprint"])


def downgrade() -> None:
    """Take it back."""
    for table in ("systems", "supersessions", "placements"):
        op.drop_table(table)
