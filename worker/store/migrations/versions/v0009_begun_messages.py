# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a claimed message was about to be sent, so that a crash leaves no needless doubt."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of messages that are under way it is believed that they were."""
    column = sa.Column("begun", sa.SmallInteger(), server_default="1", nullable=False)
    op.add_column("outbox", column)
