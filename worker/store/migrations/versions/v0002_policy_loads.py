# SPDX-License-Identifier: GPL-3.0-or-later
"""When which policy came into force, also a policy that came back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; the policies so far were loaded once each, as far as is known."""
    op.create_table(
        "policy_loads",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_loads")),
    )
    op.create_index("ix_policy_loads_account_id", "policy_loads", ["account", "id"])
    op.execute(
        "INSERT INTO policy_loads (account, hash, loaded_at) "
        "SELECT account, hash, loaded_at FROM policies ORDER BY loaded_at, hash"
    )
