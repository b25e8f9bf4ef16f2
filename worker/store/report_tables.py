# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of closed statements, of running periods, and of reports by e-mail.

Recipients of reports stand there by their names in the rules.
"""

from __future__ import annotations

import sqlalchemy as sa

from worker.store.columns import metadata

statements = sa.Table(
    "statements",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("ident", sa.Text, primary_key=True),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("customer", sa.Text, nullable=False),  # the party's name
    sa.Column("period", sa.Text, nullable=False),  # the kind of it
    sa.Column("from_at", sa.BigInteger, nullable=False),
    sa.Column("until_at", sa.BigInteger, nullable=False),
    sa.Column("cut_off", sa.BigInteger, nullable=False),
    sa.Column("closed_at", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # the sealed bytes, which never change
    sa.UniqueConstraint("account", "sha256"),
)

standings = sa.Table(
    "standings",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("counted_at", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)

report_mails = sa.Table(
    "report_mails",
    metadata,
    sa.Column(
        "id",
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("customer", sa.Text, nullable=False),
    sa.Column("every", sa.Text, nullable=False),  # period, week
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("occasion", sa.Text, nullable=False),  # the period or week; "": the order itself
    sa.Column("label", sa.Text, nullable=False),  # the period that is reported
    sa.Column("state", sa.Text, nullable=False),  # stands; ready, sending, sent, dead
    sa.Column("due_at", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger, nullable=False),  # what is reported is known up to then
    sa.Column("try_at", sa.BigInteger, nullable=False),
    sa.Column("claim", sa.Text),
    sa.Column("lease_until", sa.BigInteger),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    # 1: a claimed one is about to be handed over; before that it has certainly not arrived.
    sa.Column("begun", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("ambiguous", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("detail", sa.Text),
    sa.Column("sent_at", sa.BigInteger),
    sa.UniqueConstraint("account", "customer", "every", "recipient", "occasion", "label"),
)
