# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables. Every row carries its account; instants are whole epoch seconds in UTC.

No ticket text and no address is stored: facts are who, when and what kind.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only for a column of exactly this type.
_RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _instant(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _text(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable, server_default=default)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


def _flag(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger, nullable=False, server_default="0")


accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    _instant("sync_from", nullable=False),
    _instant("started_at", nullable=False),
    _text("policy", nullable=True),
    _text("code_version", nullable=True),
    _text("write_mode", nullable=True),
    _instant("paused_at"),
    _text("paused_because", nullable=True),
    _instant("not_before"),  # polling waits until then: the helpdesk asked for it
    _instant("purged_until"),  # what fell due before may be gone, its statements being closed
    _text("signing_key", nullable=True),  # of the links by which warnings are acknowledged
    _text("helpdesk", nullable=True),  # its kind, and where it is: what the rows were read from
    _text("helpdesk_host", nullable=True),
)

cursors = sa.Table(
    "cursors",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    _text("cursor", nullable=True),
    _instant("saved_at", nullable=False),
    _instant("until"),  # the newest change seen
    _instant("complete_at"),  # when the stream was last read to its end
    _count("pages"),
)

# Queries must say the same in the same words, or SQLite does not use the index.
DUE = sa.text("settled = 1 AND quarantined_at IS NULL AND look_at IS NOT NULL")

OPEN = sa.text("status NOT IN ('solved', 'closed') AND life = 'present'")
"""Tickets that somebody still works on."""

WAITING = sa.text("(news = 1 OR settled = 0 OR quarantined_at IS NOT NULL)")
"""Tickets with facts that no judgement knows yet, or that are set aside."""

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("ticket_id", sa.Text, primary_key=True),
    _text("facts"),
    _text("current"),
    _text("written", default="{}"),  # the last values that Stipt wrote
    sa.Column("feed_order", sa.BigInteger, nullable=False),
    _instant("updated_at", nullable=False),
    _instant("written_at"),
    _text("life", default="present"),
    _text("status", default="new"),
    _text("organization_id", nullable=True),
    sa.Column("organization_version", sa.Integer),
    # `version` grows with every change of the facts: a judgement of older ones is dropped.
    _count("version"),
    _flag("news"),  # facts have come since the last judgement
    _flag("settled"),  # 0 while the run of pages that brought the facts goes on
    _flag("unwritable"),
    _instant("look_at"),
    _instant("step_at"),  # the next step that has not fired: for the auditor alone
    _text("claim", nullable=True),
    _instant("lease_until"),
    _count("tries"),
    _text("error", nullable=True),
    _instant("quarantined_at"),
    _instant("judged_at"),
    _text("judged_by", nullable=True),  # the policy's hash
    _instant("judged_look_at"),  # the moment that the judgement named
    _text("tier", nullable=True),
    _text("sla_state", nullable=True),
    _text("detail_mark", nullable=True),  # what the detail on the ticket says, and its text
    _instant("window_at"),  # the present ten minutes of own writes
    _count("window_writes"),
    _count("full_windows"),
    _instant("writable_from"),
    # What reports ask for, filled by each judgement.
    _text("channel", nullable=True),
    _text("group_id", nullable=True),
    _instant("solved_at"),  # the first solve
    _instant("reopened_at"),
    # Before the solve; none where no end user asked, -1 where the ticket counts for nobody.
    sa.Column("contacts", sa.Integer),
    sa.Index(
        "ix_tickets_due",
        "account",
        "look_at",
        sqlite_where=DUE,
        postgresql_where=DUE,
    ),
    sa.Index(
        "ix_tickets_open",
        "account",
        "ticket_id",
        "version",
        "judged_at",
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    ),
    sa.Index(
        "ix_tickets_next_step",
        "account",
        "step_at",
        sqlite_where=sa.text("step_at IS NOT NULL"),
        postgresql_where=sa.text("step_at IS NOT NULL"),
    ),
    sa.Index("ix_tickets_account_organization_id", "account", "organization_id"),
    sa.Index(
        "ix_tickets_account_solved_at",
        "account",
        "solved_at",
        sqlite_where=sa.text("solved_at IS NOT NULL"),
        postgresql_where=sa.text("solved_at IS NOT NULL"),
    ),
    sa.Index(
        "ix_tickets_unsettled",
        "account",
        sqlite_where=sa.text("settled = 0"),
        postgresql_where=sa.text("settled = 0"),
    ),
    sa.Index(
        "ix_tickets_waiting",
        "account",
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    ),
)

happenings = sa.Table(
    "happenings",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("ticket_id", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Text, primary_key=True),
    _text("body"),
    sqlite_with_rowid=False,
)

organizations = sa.Table(
    "organizations",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("organization_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    _instant("seen_at", nullable=False),
    _text("body"),
)

verdicts = sa.Table(
    "verdicts",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("ticket_id", sa.Text, primary_key=True),
    sa.Column("measure", sa.Text, primary_key=True),
    sa.Column("cycle", sa.Integer, primary_key=True),
    _text("state"),
    _text("reason", nullable=True),
    _text("tier"),
    _text("customer", nullable=True),
    _text("organization_id", nullable=True),
    _text("priority"),
    _text("rule"),
    _text("calendar"),
    _text("time_zone"),
    _text("policy"),
    sa.Column("target_seconds", sa.BigInteger, nullable=False),
    _instant("started_at", nullable=False),
    _instant("due_at"),
    _instant("fulfilled_at"),
    _text("ended_by", nullable=True),
    _instant("breached_at"),
    sa.Column("elapsed_seconds", sa.BigInteger, nullable=False),
    sa.Column("paused_seconds", sa.BigInteger, nullable=False),
    _instant("risk_at"),
    _instant("since"),
    _instant("judged_at", nullable=False),
    sa.Index("ix_verdicts_account_due_at", "account", "due_at"),
    sqlite_with_rowid=False,
)

steps = sa.Table(
    "steps",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("ticket_id", sa.Text, primary_key=True),
    sa.Column("measure", sa.Text, primary_key=True),
    sa.Column("cycle", sa.Integer, primary_key=True),
    sa.Column("step", sa.Text, primary_key=True),
    _instant("at", nullable=False),
    _instant("fired_at", nullable=False),
    sa.Column("late_by", sa.BigInteger, nullable=False),
    _text("policy"),
    _flag("acted"),  # its field actions are written, or there are none
    _count("tells"),  # recipients: as many rows the outbox must have
    sqlite_with_rowid=False,
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", _RowId, primary_key=True, autoincrement=True),
    _text("account"),
    _text("ticket_id"),
    _text("measure"),
    sa.Column("cycle", sa.Integer, nullable=False),
    _text("step"),
    _text("recipient"),
    _text("state"),  # ready, sending, sent, joined, dropped, nobody, dead
    _text("steps"),  # the steps that this message speaks of; it is the first of them
    _text("labels"),
    _instant("due", nullable=False),
    _instant("at", nullable=False),
    sa.Column("late_by", sa.BigInteger, nullable=False),
    _instant("started_at", nullable=False),
    _instant("due_at"),
    _text("cycle_state"),
    _text("tier"),
    _text("customer", nullable=True),
    _text("priority", nullable=True),
    _text("group_id", nullable=True),
    _text("assignee_id", nullable=True),
    _text("calendar", nullable=True),
    _text("policy"),
    _text("claim", nullable=True),
    _instant("lease_until"),
    _count("attempt"),
    _flag("ambiguous"),  # 1: an earlier try may have arrived; 2: and it is wanted all the same
    # 1: a claimed message is about to be sent; before that it has certainly not arrived.
    sa.Column("begun", sa.SmallInteger, nullable=False, server_default="1"),
    _text("digest", nullable=True),  # the digest as part of which it was tried
    _instant("checked_at"),  # when the ticket was last compared with the helpdesk for it
    _text("about", nullable=True),  # what a message says that is about no ticket
    _text("detail", nullable=True),
    _instant("created_at", nullable=False),
    _instant("ended_at"),
    sa.UniqueConstraint("account", "ticket_id", "measure", "cycle", "step", "recipient"),
    sa.Index("ix_outbox_account_state_due", "account", "state", "due"),
)

recipient_states = sa.Table(
    "recipient_states",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("recipient", sa.Text, primary_key=True),
    sa.Column("minute", sa.BigInteger, nullable=False),  # the present one, since the epoch
    _count("used"),  # messages in it
    _count("failures"),  # in a row
    _instant("blocked_until"),
)

acknowledgements = sa.Table(
    "acknowledgements",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("ticket_id", sa.Text, primary_key=True),
    sa.Column("measure", sa.Text, primary_key=True),
    sa.Column("cycle", sa.Integer, primary_key=True),
    _instant("at", nullable=False),
)

field_changes = sa.Table(
    "field_changes",
    metadata,
    sa.Column("id", _RowId, primary_key=True, autoincrement=True),
    _text("account"),
    _text("ticket_id"),
    _text("wanted"),  # hash of the wanted values
    _text("changes"),
    _text("cause"),  # event, time, policy
    # ready, dry_run, writing, written, superseded, unwritable, refused, gone, dead
    _text("state"),
    _instant("seen_at"),
    _instant("due", nullable=False),
    _text("claim", nullable=True),
    _instant("lease_until"),
    _count("tries"),
    _flag("ambiguous"),
    _text("detail", nullable=True),
    _instant("created_at", nullable=False),
    _instant("ended_at"),
    sa.UniqueConstraint("account", "ticket_id", "wanted"),
    sa.Index("ix_field_changes_account_state_due", "account", "state", "due"),
)

policies = sa.Table(
    "policies",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, primary_key=True),
    _text("files"),
    _instant("loaded_at", nullable=False),
)

policy_loads = sa.Table(
    "policy_loads",
    metadata,
    sa.Column("id", _RowId, primary_key=True, autoincrement=True),
    _text("account"),
    _text("hash"),
    _instant("loaded_at", nullable=False),  # when it came into force
    sa.Index("ix_policy_loads_account_id", "account", "id"),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    _text("holder"),
    _instant("until", nullable=False),
)

budgets = sa.Table(
    "budgets",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("bucket", sa.Text, primary_key=True),
    sa.Column("window_at", sa.BigInteger, primary_key=True, autoincrement=False),
    _count("used"),
    _instant("lifted_at"),
)

call_budgets = sa.Table(
    "call_budgets",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("bucket", sa.Text, primary_key=True),
    sa.Column("plan_limit", sa.Integer),  # calls a window that the plan allows
    sa.Column("window_no", sa.BigInteger, nullable=False),  # windows since the epoch
    _count("used"),
    _instant("blocked_until"),
    _count("penalty"),
    _instant("penalty_until"),
)

set_aside = sa.Table(
    "set_aside",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("ticket_id", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    _text("reason"),
    _instant("seen_at", nullable=False),
    _instant("due", nullable=False),
    _count("tries"),
)

unknown_words = sa.Table(
    "unknown_words",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("word", sa.Text, primary_key=True),
    _count("seen"),
    _instant("seen_at", nullable=False),
)

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    _text("text"),
    _instant("raised_at", nullable=False),
    _instant("ended_at"),
)
