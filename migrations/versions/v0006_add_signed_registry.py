"""Add the signed registry: approvals, verdicts, keys, trust documents and guest environments."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

#: Key of the one signature that a method had before: the federation's root key.
_FORMER_KEY = "root"

_METHODS = sa.table("methods", *(sa.column(name) for name in ("id", "reviewers", "signed", "signature")))
_APPROVALS = sa.table("approvals", *(sa.column(name) for name in ("method_id", "key_id", "statement", "signature")))


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "approvals",
        sa.Column("method_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["method_id"], ["methods.id"], name="fk_approvals_method_id"),
        sa.PrimaryKeyConstraint("method_id", "key_id", name="pk_approvals"),
    )
    connection = op.get_bind()
    for row in connection.execute(sa.select(_METHODS)).all():  # kept for the way down; no site believes it any more
        former = json.dumps({"reviewers": row.reviewers, "signed": row.signed}).encode()
        moved = sa.select(_METHODS.c.id, sa.literal(_FORMER_KEY), sa.literal(former), _METHODS.c.signature)
        connection.execute(
            _APPROVALS.insert().from_select(list(_APPROVALS.c.keys()), moved.where(_METHODS.c.id == row.id))
        )
    with op.batch_alter_table("methods") as methods:
        for name in ("reviewers", "signed", "signature"):
            methods.drop_column(name)
    op.create_table(
        "verdicts",
        sa.Column("method_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("state IN ('deprecated', 'revoked')", name=op.f("ck_verdicts_state")),
        sa.ForeignKeyConstraint(["method_id"], ["methods.id"], name="fk_verdicts_method_id"),
        sa.PrimaryKeyConstraint("method_id", "key_id", "state", name="pk_verdicts"),
    )
    op.create_table(
        "public_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("replaces", sa.Text()),
        sa.Column("revoked", sa.Double()),
        sa.ForeignKeyConstraint(["principal_id"], ["principals.id"], name="fk_public_keys_principal_id"),
        sa.PrimaryKeyConstraint("id", name="pk_public_keys"),
    )
    op.create_index("ix_public_keys_principal_id", "public_keys", ["principal_id"])
    op.create_table(
        "trust_documents",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_trust_documents"),
    )
    op.create_table(
        "environments",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lock_digest", sa.Text(), nullable=False),
        sa.Column("lock", sa.LargeBinary(), nullable=False),
        sa.Column("added", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", "lock_digest", name="pk_environments"),
    )


def downgrade() -> None:
    """Take it back."""
    for name in ("environments", "trust_documents", "public_keys", "verdicts"):
        op.drop_table(name)
    with op.batch_alter_table("methods") as methods:
        methods.add_column(sa.Column("reviewers", sa.Text(), nullable=False, server_default="[]"))
        methods.add_column(sa.Column("signed", sa.BigInteger(), nullable=False, server_default="0"))
        methods.add_column(sa.Column("signature", sa.LargeBinary(), nullable=False, server_default=""))
    connection = op.get_bind()
    of_old = _APPROVALS.c.key_id == _FORMER_KEY
    for row in connection.execute(sa.select(_APPROVALS.c.method_id, _APPROVALS.c.statement).where(of_old)).all():
        signature = sa.select(_APPROVALS.c.signature).where(of_old, _APPROVALS.c.method_id == row.method_id)
        connection.execute(
            _METHODS.update()
            .where(_METHODS.c.id == row.method_id)
            .values(**json.loads(bytes(row.statement)), signature=signature.scalar_subquery())
        )
    with op.batch_alter_table("methods") as methods:
        for name in ("reviewers", "signed", "signature"):
            methods.alter_column(name, server_default=None)
    op.drop_table("approvals")
