# SPDX-License-Identifier: GPL-3.0-or-later
"""The board tells from an index alone which open tickets have changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_OPEN = sa.text("status NOT IN ('solved', 'closed') AND life = 'present'")


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        "ix_tickets_open",
        "tickets",
        ["account", "ticket_id", "version", "judged_at"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
