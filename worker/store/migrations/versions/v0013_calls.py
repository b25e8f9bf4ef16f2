# SPDX-License-Identifier: GPL-3.0-or-later
"""Phone calls, the agents' parts of them, and ratings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "calls",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.Text(), nullable=False),
        sa.Column("inbound", sa.SmallInteger(), nullable=False),
        sa.Column("wait_seconds", sa.BigInteger(), nullable=False),
        sa.Column("handling_seconds", sa.BigInteger(), nullable=False),
        sa.Column("outside_hours", sa.SmallInteger(), nullable=False),
        sa.Column("connected", sa.SmallInteger(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=True),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account", "call_id", name="pk_calls"),
    )
    op.create_index("ix_calls_account_at", "calls", ["account", "at"])
    op.create_table(
        "call_legs",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("leg_id", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("handling_seconds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "leg_id", name="pk_call_legs"),
    )
    op.create_index("ix_call_legs_account_call_id", "call_legs", ["account", "call_id"])
    op.create_table(
        "ratings",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("rating_id", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "rating_id", name="pk_ratings"),
    )
    op.create_index("ix_ratings_account_at", "ratings", ["account", "at"])
