# SPDX-License-Identifier: GPL-3.0-or-later
"""How accounts stand in the running periods, and messages that are about no ticket."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, and the column that says what such a message is about."""
    op.create_table(
        "standings",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("counted_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_standings"),
    )
    op.add_column("outbox", sa.Column("about", sa.Text(), nullable=True))
