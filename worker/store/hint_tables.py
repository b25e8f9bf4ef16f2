# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of what webhooks told: tickets to read afresh, and the calls that were taken."""

from __future__ import annotations

import sqlalchemy as sa

from worker.store.columns import metadata

hints = sa.Table(
    "hints",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("ticket_id", sa.Text, primary_key=True),
    sa.Column("first_at", sa.BigInteger, nullable=False),
    sa.Column("due", sa.BigInteger, nullable=False),
    # Grows with every hint: one that came while it was read is not forgotten.
    sa.Column("told", sa.Integer, nullable=False, server_default="0"),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Index("ix_hints_account_due", "account", "due"),
)

webhook_calls = sa.Table(
    "webhook_calls",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("taken_at", sa.BigInteger, nullable=False),
    sa.Index("ix_webhook_calls_account_taken_at", "account", "taken_at"),
)
