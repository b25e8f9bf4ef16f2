# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of what is told beside tickets: phone calls, their legs, ratings, outages."""

from __future__ import annotations

import sqlalchemy as sa

from worker.store.columns import metadata

calls = sa.Table(
    "calls",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("call_id", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("ended", sa.Text, nullable=False),
    sa.Column("inbound", sa.SmallInteger, nullable=False),
    sa.Column("wait_seconds", sa.BigInteger, nullable=False),
    sa.Column("handling_seconds", sa.BigInteger, nullable=False),
    sa.Column("outside_hours", sa.SmallInteger, nullable=False),
    sa.Column("connected", sa.SmallInteger, nullable=False),
    sa.Column("ticket_id", sa.Text),
    sa.Column("line", sa.Text),
    sa.Column("group_id", sa.Text),
    sa.Index("ix_calls_account_at", "account", "at"),
)

call_legs = sa.Table(
    "call_legs",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("leg_id", sa.Text, primary_key=True),
    sa.Column("call_id", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("ended", sa.Text, nullable=False),
    sa.Column("agent_id", sa.Text),
    sa.Column("handling_seconds", sa.BigInteger, nullable=False),
    sa.Index("ix_call_legs_account_call_id", "account", "call_id"),
)

ratings = sa.Table(
    "ratings",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("rating_id", sa.Text, primary_key=True),
    sa.Column("ticket_id", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("score", sa.Text, nullable=False),
    sa.Index("ix_ratings_account_at", "account", "at"),
)

phone_queues = sa.Table(
    "phone_queues",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("waiting", sa.Integer, nullable=False),
    sa.Column("longest_wait_seconds", sa.BigInteger, nullable=False),
    sa.Column("average_wait_seconds", sa.BigInteger, nullable=False),
    sa.Column("agents_online", sa.Integer, nullable=False),
)

outage_logs = sa.Table(
    "outage_logs",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("log", sa.Text, primary_key=True),  # as the `outages` of obligations name it
    sa.Column("told_at", sa.BigInteger, nullable=False),
)

outages = sa.Table(
    "outages",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("log", sa.Text, primary_key=True),
    sa.Column("outage_id", sa.Text, primary_key=True),
    sa.Column("from_at", sa.BigInteger, nullable=False),
    sa.Column("until_at", sa.BigInteger),
    sa.Column("because", sa.Text, nullable=False),
)
