"""What the tables are made of: one schema with its names, and kinds of columns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, MetaData, Text, TypeDecorator
from sqlalchemy.engine import Dialect

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)


class Unsigned64(TypeDecorator[int]):
    """A number of 64 bits without sign, as inodes are, in the signed column that databases have."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        """Wrap the upper half to negative numbers."""
        return value - 2**64 if value is not None and value >= 2**63 else value

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:
        """Unwrap negative numbers to the upper half."""
        return value + 2**64 if value is not None and value < 0 else value


def required(name: str, kind: Any = Text, *more: Any, **how: Any) -> Column[Any]:
    """Make a column that is never empty."""
    return Column(name, kind, *more, nullable=False, **how)
