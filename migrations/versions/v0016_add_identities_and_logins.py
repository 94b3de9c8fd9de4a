"""Add identities at providers that log in to accounts, and what was taken of providers' words."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "identities",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identities"),
        sa.ForeignKeyConstraint(["principal_id"], ["principals.id"], name="fk_identities_principal_id"),
    )
    op.create_index("ix_identities_principal_id", "identities", ["principal_id"])
    op.create_table(
        "logins",
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text()),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("proof", name="pk_logins"),
        sa.ForeignKeyConstraint(["handle"], ["tokens.handle"], name="fk_logins_handle"),
    )
    op.create_index("ix_logins_handle", "logins", ["handle"])
    op.create_index("ix_logins_until", "logins", ["until"])


def downgrade() -> None:
    """Take it back: people log in with tokens again, and those that they got by a provider end by themselves."""
    op.drop_table("logins")
    op.drop_table("identities")
