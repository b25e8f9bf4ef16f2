# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables. Every row carries its account; instants are whole epoch seconds in UTC.

No ticket text and no address is stored: facts are who, when and what kind.
"""

from __future__ import annotations

import sqlalchemy as sa

from worker.store.columns import ROW_ID, count, flag, instant, metadata, text

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    instant("sync_from", nullable=False),
    instant("started_at", nullable=False),
    text("policy", nullable=True),
    text("code_version", nullable=True),
    text("write_mode", nullable=True),
    instant("paused_at"),
    text("paused_because", nullable=True),
    instant("not_before"),  # polling waits until then: the helpdesk asked for it
    instant("purged_until"),  # what fell due before may be gone, its statements being closed
    text("signing_key", nullable=True),  # of the links by which warnings are acknowledged
    text("helpdesk", nullable=True),  # its kind, and where it is: what the rows were read from
    text("helpdesk_host", nullable=True),
)

cursors = sa.Table(
    "cursors",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    text("cursor", nullable=True),
    instant("saved_at", nullable=False),
    instant("until"),  # the newest change seen
    instant("complete_at"),  # when the stream was last read to its end
    count("pages"),
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
    text("facts"),
    text("current"),
    text("written", default="{}"),  # the last values that Stipt wrote
    sa.Column("feed_order", sa.BigInteger, nullable=False),
    instant("updated_at", nullable=False),
    instant("written_at"),
    text("life", default="present"),
    text("status", default="new"),
    text("organization_id", nullable=True),
    sa.Column("organization_version", sa.Integer),
    # `version` grows with every change of the facts: a judgement of older ones is dropped.
    count("version"),
    flag("news"),  # facts have come since the last judgement
    flag("settled"),  # 0 while the run of pages that brought the facts goes on
    flag("unwritable"),
    instant("look_at"),
    instant("step_at"),  # the next step that has not fired: for the auditor alone
    text("claim", nullable=True),
    instant("lease_until"),
    count("tries"),
    text("error", nullable=True),
    instant("quarantined_at"),
    instant("judged_at"),
    text("judged_by", nullable=True),  # the policy's hash
    instant("judged_look_at"),  # the moment that the judgement named
    text("tier", nullable=True),
    text("sla_state", nullable=True),
    text("detail_mark", nullable=True),  # what the detail on the ticket says, and its text
    instant("window_at"),  # the present ten minutes of own writes
    count("window_writes"),
    count("full_windows"),
    instant("writable_from"),
    # What reports ask for, filled by each judgement.
    text("channel", nullable=True),
    text("group_id", nullable=True),
    instant("solved_at"),  # the first solve
    instant("reopened_at"),
    # Before the solve; none where no end user asked, -1 where the ticket counts for nobody.
    sa.Column("contacts", sa.Integer),
    sa.Column("pauses", sa.Integer),  # before the solve
    sa.Column("hasty_pauses", sa.Integer),
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
    text("body"),
    sqlite_with_rowid=False,
)

organizations = sa.Table(
    "organizations",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("organization_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    instant("seen_at", nullable=False),
    text("body"),
)

verdicts = sa.Table(
    "verdicts",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("ticket_id", sa.Text, primary_key=True),
    sa.Column("measure", sa.Text, primary_key=True),
    sa.Column("cycle", sa.Integer, primary_key=True),
    text("state"),
    text("reason", nullable=True),
    text("tier"),
    text("customer", nullable=True),
    text("organization_id", nullable=True),
    text("priority"),
    text("rule"),
    text("calendar"),
    text("time_zone"),
    text("policy"),
    sa.Column("target_seconds", sa.BigInteger, nullable=False),
    instant("started_at", nullable=False),
    instant("due_at"),
    instant("fulfilled_at"),
    text("ended_by", nullable=True),
    instant("breached_at"),
    sa.Column("elapsed_seconds", sa.BigInteger, nullable=False),
    sa.Column("paused_seconds", sa.BigInteger, nullable=False),
    instant("risk_at"),
    instant("since"),
    instant("judged_at", nullable=False),
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
    instant("at", nullable=False),
    instant("fired_at", nullable=False),
    sa.Column("late_by", sa.BigInteger, nullable=False),
    text("policy"),
    flag("acted"),  # its field actions are written, or there are none
    count("tells"),  # recipients: as many rows the outbox must have
    sqlite_with_rowid=False,
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
    text("account"),
    text("ticket_id"),
    text("measure"),
    sa.Column("cycle", sa.Integer, nullable=False),
    text("step"),
    text("recipient"),
    text("state"),  # ready, sending, sent, joined, dropped, nobody, dead
    text("steps"),  # the steps that this message speaks of; it is the first of them
    text("labels"),
    instant("due", nullable=False),
    instant("at", nullable=False),
    sa.Column("late_by", sa.BigInteger, nullable=False),
    instant("started_at", nullable=False),
    instant("due_at"),
    text("cycle_state"),
    text("tier"),
    text("customer", nullable=True),
    text("priority", nullable=True),
    text("group_id", nullable=True),
    text("assignee_id", nullable=True),
    text("calendar", nullable=True),
    text("policy"),
    text("claim", nullable=True),
    instant("lease_until"),
    count("attempt"),
    flag("ambiguous"),  # 1: an earlier try may have arrived; 2: and it is wanted all the same
    # 1: a claimed message is about to be sent; before that it has certainly not arrived.
    sa.Column("begun", sa.SmallInteger, nullable=False, server_default="1"),
    text("digest", nullable=True),  # the digest as part of which it was tried
    instant("checked_at"),  # when the ticket was last compared with the helpdesk for it
    text("about", nullable=True),  # what a message says that is about no ticket
    text("detail", nullable=True),
    instant("created_at", nullable=False),
    instant("ended_at"),
    sa.UniqueConstraint("account", "ticket_id", "measure", "cycle", "step", "recipient"),
    sa.Index("ix_outbox_account_state_due", "account", "state", "due"),
)

recipient_states = sa.Table(
    "recipient_states",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("recipient", sa.Text, primary_key=True),
    sa.Column("minute", sa.BigInteger, nullable=False),  # the present one, since the epoch
    count("used"),  # messages in it
    count("failures"),  # in a row
    instant("blocked_until"),
)

acknowledgements = sa.Table(
    "acknowledgements",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("ticket_id", sa.Text, primary_key=True),
    sa.Column("measure", sa.Text, primary_key=True),
    sa.Column("cycle", sa.Integer, primary_key=True),
    instant("at", nullable=False),
)

field_changes = sa.Table(
    "field_changes",
    metadata,
    sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
    text("account"),
    text("ticket_id"),
    text("wanted"),  # hash of the wanted values
    text("changes"),
    text("cause"),  # event, time, policy
    # ready, dry_run, writing, written, superseded, unwritable, refused, gone, dead
    text("state"),
    instant("seen_at"),
    instant("due", nullable=False),
    text("claim", nullable=True),
    instant("lease_until"),
    count("tries"),
    flag("ambiguous"),
    text("detail", nullable=True),
    instant("created_at", nullable=False),
    instant("ended_at"),
    sa.UniqueConstraint("account", "ticket_id", "wanted"),
    sa.Index("ix_field_changes_account_state_due", "account", "state", "due"),
)

policies = sa.Table(
    "policies",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, primary_key=True),
    text("files"),
    instant("loaded_at", nullable=False),
)

policy_loads = sa.Table(
    "policy_loads",
    metadata,
    sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
    text("account"),
    text("hash"),
    instant("loaded_at", nullable=False),  # when it came into force
    sa.Index("ix_policy_loads_account_id", "account", "id"),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    text("holder"),
    instant("until", nullable=False),
)

set_aside = sa.Table(
    "set_aside",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("ticket_id", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    text("reason"),
    instant("seen_at", nullable=False),
    instant("due", nullable=False),
    count("tries"),
)

unknown_words = sa.Table(
    "unknown_words",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("word", sa.Text, primary_key=True),
    count("seen"),
    instant("seen_at", nullable=False),
)

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    text("text"),
    instant("raised_at", nullable=False),
    instant("ended_at"),
)
