"""Add the registry of methods and the index of results."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "registry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("snapshot", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registry"),
    )
    op.execute("INSERT INTO registry (id, snapshot) VALUES (1, 0)")
    op.create_table(
        "methods",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("rank", sa.Text(), nullable=False),
        sa.Column("bundle_digest", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("reviewers", sa.Text(), nullable=False),
        sa.Column("signed", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("bundle", sa.LargeBinary(), nullable=False),
        sa.Column("schema", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_methods"),
        sa.UniqueConstraint("name", "version", name="uq_methods_name_version"),
    )
    op.create_table(
        "results",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("wall_s", sa.Double(), nullable=False),
        sa.Column("computed", sa.Double(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.CheckConstraint("size >= 0", name=op.f("ck_results_size")),
        sa.CheckConstraint("way IN ('cold', 'hot')", name=op.f("ck_results_way")),
        sa.PrimaryKeyConstraint("key", "site", name="pk_results"),
    )
    op.create_table(
        "result_sources",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["key", "site"], ["results.key", "results.site"], name="fk_result_sources_key_site", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", "site", "digest", name="pk_result_sources"),
    )
    op.create_index("ix_result_sources_site_digest", "result_sources", ["site", "digest"])


def downgrade() -> None:
    """Take it back."""
    op.drop_table("result_sources")
    op.drop_table("results")
    op.drop_table("methods")
    op.drop_table("registry")
