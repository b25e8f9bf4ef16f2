# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of people whom a provider lets in: who said so, and as what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; sessions that there are belong to people with an account of their own."""
    op.add_column("sessions", sa.Column("issuer", sa.Text()))
    op.add_column("sessions", sa.Column("role", sa.Text()))
