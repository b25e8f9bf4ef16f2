# SPDX-License-Identifier: GPL-3.0-or-later
"""One budget of calls per account, shared by all processes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; it is filled by the first calls."""
    op.create_table(
        "call_budgets",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("plan_limit", sa.Integer(), nullable=True),
        sa.Column("window_no", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.Integer(), server_default="0", nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=True),
        sa.Column("penalty", sa.Integer(), server_default="0", nullable=False),
        sa.Column("penalty_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "bucket", name=op.f("pk_call_budgets")),
    )
