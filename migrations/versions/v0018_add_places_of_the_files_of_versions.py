"""Add places of the files of versions, of which a site reads one for the same bytes."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_KNOWN = """
    INSERT INTO file_places (version_id, site, digest, path, guard, handed_by)
    SELECT DISTINCT placements.version_id, replicas.site, replicas.digest, replicas.path, replicas.guard,
        replicas.handed_by
    FROM replicas
    JOIN files ON files.digest = replicas.digest
    JOIN placements ON placements.version_id = files.version_id AND placements.site = replicas.site
    WHERE replicas.path IS NOT NULL
"""


def upgrade() -> None:
    """Take the step; what lies in place is the place of each version that has it there."""
    op.create_table(
        "file_places",
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("guard", sa.Text(), nullable=False),
        sa.Column("handed_by", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("guard IN ('lease', 'rehash', 'none')", name=op.f("ck_file_places_guard")),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_file_places_version_id"),
        sa.PrimaryKeyConstraint("version_id", "site", "digest", name="pk_file_places"),
    )
    op.create_index(op.f("ix_file_places_digest"), "file_places", ["digest"])
    op.execute(_KNOWN)


def downgrade() -> None:
    """Take it back; one place of the same bytes remains, that of the replica."""
    op.drop_table("file_places")
