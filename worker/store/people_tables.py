# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of people who sign in. They belong to the installation: `account` is empty."""

from __future__ import annotations

import sqlalchemy as sa

from worker.store.columns import metadata

people = sa.Table(
    "people",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),  # viewer, operator
    sa.Column("password", sa.Text, nullable=False),  # an argon2 hash
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("changed_at", sa.BigInteger, nullable=False),  # when the password was set
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("token", sa.Text, primary_key=True),  # SHA-256 of what the browser holds
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
    # Who came by a provider has no row in `people`: what it made of them stands here.
    sa.Column("issuer", sa.Text),
    sa.Column("role", sa.Text),
    sa.Index("ix_sessions_account_name", "account", "name"),
)

sign_in_tries = sa.Table(
    "sign_in_tries",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),  # a keyed hash of a name or an address
    sa.Column("window_at", sa.BigInteger, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
)
