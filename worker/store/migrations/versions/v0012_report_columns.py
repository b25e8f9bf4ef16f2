# SPDX-License-Identifier: GPL-3.0-or-later
"""What reports group tickets by, their first solve, and verdicts by their due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_SOLVED = sa.text("solved_at IS NOT NULL")


def upgrade() -> None:
    """Add the columns, which the next judgement of each ticket fills, and the indexes."""
    op.add_column("tickets", sa.Column("channel", sa.Text(), nullable=True))
    op.add_column("tickets", sa.Column("group_id", sa.Text(), nullable=True))
    op.add_column("tickets", sa.Column("solved_at", sa.BigInteger(), nullable=True))
    op.add_column("tickets", sa.Column("reopened_at", sa.BigInteger(), nullable=True))
    op.add_column("tickets", sa.Column("contacts", sa.Integer(), nullable=True))
    op.create_index(
        "ix_tickets_account_solved_at",
        "tickets",
        ["account", "solved_at"],
        sqlite_where=_SOLVED,
        postgresql_where=_SOLVED,
    )
    op.create_index("ix_verdicts_account_due_at", "verdicts", ["account", "due_at"])
