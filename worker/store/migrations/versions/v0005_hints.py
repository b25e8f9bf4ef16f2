# SPDX-License-Identifier: GPL-3.0-or-later
"""Hints of webhooks: tickets to read again, and the calls that have been taken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables, empty."""
    op.create_table(
        "hints",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("account", "ticket_id", name=op.f("pk_hints")),
    )
    op.create_index("ix_hints_account_due", "hints", ["account", "due"])
    op.create_table(
        "webhook_calls",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "event_id", name=op.f("pk_webhook_calls")),
    )
    op.create_index("ix_webhook_calls_account_taken_at", "webhook_calls", ["account", "taken_at"])
