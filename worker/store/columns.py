# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tables are made of: the one catalogue of them, and the kinds of columns."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only for a column of exactly this type.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def instant(name: str, *, nullable: bool = True) -> sa.Column[int]:
    """An instant: whole epoch seconds in UTC."""
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def text(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[str]:
    """Words, an id or JSON."""
    return sa.Column(name, sa.Text, nullable=nullable, server_default=default)


def count(name: str) -> sa.Column[int]:
    """A number that starts at nothing."""
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


def flag(name: str) -> sa.Column[int]:
    """1 for yes, 0 for no, which it is at first."""
    return sa.Column(name, sa.SmallInteger, nullable=False, server_default="0")
