"""Add what is known of versions under global names, quality checks of their files, and waivers."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "metadata_terms",
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("number", sa.Double()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("origin IN ('claimed', 'extracted')", name=op.f("ck_metadata_terms_origin")),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_metadata_terms_version_id"),
        sa.PrimaryKeyConstraint("version_id", "position", name="pk_metadata_terms"),
    )
    op.create_index("ix_metadata_terms_name_number", "metadata_terms", ["name", "number"])
    op.create_index("ix_metadata_terms_name_text", "metadata_terms", ["name", "text"])
    op.create_table(
        "quality_checks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("method_version", sa.Text(), nullable=False),
        sa.Column("n_findings", sa.BigInteger(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("checked", sa.Double()),
        sa.CheckConstraint(
            "state IN ('waiting', 'passed', 'failed', 'inapplicable', 'undecided')",
            name=op.f("ck_quality_checks_state"),
        ),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_quality_checks_version_id"),
        sa.PrimaryKeyConstraint("id", name="pk_quality_checks"),
        sa.UniqueConstraint("version_id", "file", "name", name="uq_quality_checks_version_id_file_name"),
    )
    op.create_index("ix_quality_checks_site_state", "quality_checks", ["site", "state"])
    op.create_table(
        "quality_waivers",
        sa.Column("check_id", sa.Text(), nullable=False),
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["check_id"], ["quality_checks.id"], name="fk_quality_waivers_check_id"),
        sa.ForeignKeyConstraint(["principal_id"], ["principals.id"], name="fk_quality_waivers_principal_id"),
        sa.PrimaryKeyConstraint("check_id", name="pk_quality_waivers"),
    )


def downgrade() -> None:
    """Take it back."""
    for table in ("quality_waivers", "quality_checks", "metadata_terms"):
        op.drop_table(table)
