# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of agents who have tickets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, empty; names come with the tickets that change."""
    op.create_table(
        "agents",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "agent_id", name=op.f("pk_agents")),
    )
