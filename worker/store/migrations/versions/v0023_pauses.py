# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a solved ticket was paused, and how often hastily, for the team's report."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, which the next judgement of each ticket fills."""
    op.add_column("tickets", sa.Column("pauses", sa.Integer(), nullable=True))
    op.add_column("tickets", sa.Column("hasty_pauses", sa.Integer(), nullable=True))
