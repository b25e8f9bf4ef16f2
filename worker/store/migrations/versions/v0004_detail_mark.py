# SPDX-License-Identifier: GPL-3.0-or-later
"""What the detail on a ticket says, by name, so that an equal one need not be built."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; it is filled by the next judgement of each ticket."""
    op.add_column("tickets", sa.Column("detail_mark", sa.Text(), nullable=True))
