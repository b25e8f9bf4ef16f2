# SPDX-License-Identifier: GPL-3.0-or-later
"""Digests, limits of recipients, and acknowledgements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and tables, empty; messages that wait go out as they would have."""
    op.add_column("accounts", sa.Column("signing_key", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("calendar", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("digest", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("checked_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "recipient_states",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "recipient", name=op.f("pk_recipient_states")),
    )
    op.create_table(
        "acknowledgements",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account", "ticket_id", "measure", "cycle", name=op.f("pk_acknowledgements")
        ),
    )
