# SPDX-License-Identifier: GPL-3.0-or-later
"""An index of the few tickets that wait to be judged, which each report counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_WAITING = sa.text("(news = 1 OR settled = 0 OR quarantined_at IS NOT NULL)")


def upgrade() -> None:
    """Create the index."""
    op.create_index(
        "ix_tickets_waiting",
        "tickets",
        ["account"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
