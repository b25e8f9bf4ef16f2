# SPDX-License-Identifier: GPL-3.0-or-later
"""What is due is found by an index of just that; what the auditor compares with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_DUE = sa.text("settled = 1 AND quarantined_at IS NULL AND look_at IS NOT NULL")
_STEP = sa.text("step_at IS NOT NULL")


def upgrade() -> None:
    """Add columns and indexes; rows from before tell the auditor nothing until judged again."""
    op.add_column("tickets", sa.Column("step_at", sa.BigInteger(), nullable=True))
    op.add_column("steps", sa.Column("tells", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("ix_tickets_account_look_at", table_name="tickets")
    op.create_index(
        "ix_tickets_due",
        "tickets",
        ["account", "look_at"],
        sqlite_where=_DUE,
        postgresql_where=_DUE,
    )
    op.create_index(
        "ix_tickets_next_step",
        "tickets",
        ["account", "step_at"],
        sqlite_where=_STEP,
        postgresql_where=_STEP,
    )
    if op.get_bind().dialect.name == "postgresql":
        # A claim changes columns that no index holds: with room on the page it touches no index.
        op.execute("ALTER TABLE tickets SET (fillfactor = 70)")
