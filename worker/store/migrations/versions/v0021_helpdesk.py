# SPDX-License-Identifier: GPL-3.0-or-later
"""From which helpdesk an account's rows were read; the next start fills it for a store of today."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("accounts", sa.Column("helpdesk", sa.Text(), nullable=True))
    op.add_column("accounts", sa.Column("helpdesk_host", sa.Text(), nullable=True))
