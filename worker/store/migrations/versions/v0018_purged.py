# SPDX-License-Identifier: GPL-3.0-or-later
"""Until when what statements counted may have been purged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    with op.batch_alter_table("accounts") as accounts:
        accounts.add_column(sa.Column("purged_until", sa.BigInteger(), nullable=True))
