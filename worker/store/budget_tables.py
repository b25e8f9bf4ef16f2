# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of how often the helpdesk was written to or called, which all processes share."""

from __future__ import annotations

import sqlalchemy as sa

from worker.store.columns import count, instant, metadata

budgets = sa.Table(
    "budgets",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("bucket", sa.Text, primary_key=True),
    sa.Column("window_at", sa.BigInteger, primary_key=True, autoincrement=False),
    count("used"),
    instant("lifted_at"),
)

call_budgets = sa.Table(
    "call_budgets",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("bucket", sa.Text, primary_key=True),
    sa.Column("plan_limit", sa.Integer),  # calls a window that the plan allows
    sa.Column("window_no", sa.BigInteger, nullable=False),  # windows since the epoch
    count("used"),
    instant("blocked_until"),
    count("penalty"),
    instant("penalty_until"),
)
