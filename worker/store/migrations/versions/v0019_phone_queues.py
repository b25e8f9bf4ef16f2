# SPDX-License-Identifier: GPL-3.0-or-later
"""Who waits on the phone, as it was last told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "phone_queues",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("longest_wait_seconds", sa.BigInteger(), nullable=False),
        sa.Column("average_wait_seconds", sa.BigInteger(), nullable=False),
        sa.Column("agents_online", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_phone_queues"),
    )
