# SPDX-License-Identifier: GPL-3.0-or-later
"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    _accounts()
    _budgets()
    _cursors()
    _field_changes()
    _happenings()
    _leases()
    _notices()
    _organizations()
    _outbox()
    _policies()
    _set_aside()
    _steps()
    _tickets()
    _unknown_words()
    _verdicts()


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("sync_from", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.Column("code_version", sa.Text(), nullable=True),
        sa.Column("write_mode", sa.Text(), nullable=True),
        sa.Column("paused_at", sa.BigInteger(), nullable=True),
        sa.Column("paused_because", sa.Text(), nullable=True),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_accounts")),
    )


def _budgets() -> None:
    op.create_table(
        "budgets",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("window_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("used", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "bucket", "window_at", name=op.f("pk_budgets")),
    )


def _cursors() -> None:
    op.create_table(
        "cursors",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("complete_at", sa.BigInteger(), nullable=True),
        sa.Column("pages", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("account", "stream", name=op.f("pk_cursors")),
    )


def _field_changes() -> None:
    op.create_table(
        "field_changes",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ambiguous", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_changes")),
        sa.UniqueConstraint(
            "account", "ticket_id", "wanted", name=op.f("uq_field_changes_account_ticket_id_wanted")
        ),
    )
    op.create_index(
        "ix_field_changes_account_state_due",
        "field_changes",
        ["account", "state", "due"],
        unique=False,
    )


def _happenings() -> None:
    op.create_table(
        "happenings",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "ticket_id", "event_id", name=op.f("pk_happenings")),
        sqlite_with_rowid=False,
    )


def _leases() -> None:
    op.create_table(
        "leases",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name", name=op.f("pk_leases")),
    )


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "name", name=op.f("pk_notices")),
    )


def _organizations() -> None:
    op.create_table(
        "organizations",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account", "organization_id", "version", name=op.f("pk_organizations")
        ),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("late_by", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("cycle_state", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("assignee_id", sa.Text(), nullable=True),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ambiguous", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint(
            "account",
            "ticket_id",
            "measure",
            "cycle",
            "step",
            "recipient",
            name=op.f("uq_outbox_account_ticket_id_measure_cycle_step_recipient"),
        ),
    )
    op.create_index(
        "ix_outbox_account_state_due", "outbox", ["account", "state", "due"], unique=False
    )


def _policies() -> None:
    op.create_table(
        "policies",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "hash", name=op.f("pk_policies")),
    )


def _set_aside() -> None:
    op.create_table(
        "set_aside",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("account", "ticket_id", "stream", name=op.f("pk_set_aside")),
    )


def _steps() -> None:
    op.create_table(
        "steps",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("fired_at", sa.BigInteger(), nullable=False),
        sa.Column("late_by", sa.BigInteger(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("acted", sa.SmallInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint(
            "account", "ticket_id", "measure", "cycle", "step", name=op.f("pk_steps")
        ),
        sqlite_with_rowid=False,
    )


def _tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("current", sa.Text(), nullable=False),
        sa.Column("written", sa.Text(), server_default="{}", nullable=False),
        sa.Column("feed_order", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=True),
        sa.Column("life", sa.Text(), server_default="present", nullable=False),
        sa.Column("status", sa.Text(), server_default="new", nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=True),
        sa.Column("organization_version", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("news", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("settled", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("unwritable", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("look_at", sa.BigInteger(), nullable=True),
        sa.Column("claim", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("quarantined_at", sa.BigInteger(), nullable=True),
        sa.Column("judged_at", sa.BigInteger(), nullable=True),
        sa.Column("judged_by", sa.Text(), nullable=True),
        sa.Column("judged_look_at", sa.BigInteger(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("sla_state", sa.Text(), nullable=True),
        sa.Column("window_at", sa.BigInteger(), nullable=True),
        sa.Column("window_writes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("full_windows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("writable_from", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "ticket_id", name=op.f("pk_tickets")),
    )
    op.create_index("ix_tickets_account_look_at", "tickets", ["account", "look_at"], unique=False)
    op.create_index(
        "ix_tickets_account_organization_id",
        "tickets",
        ["account", "organization_id"],
        unique=False,
    )
    op.create_index(
        "ix_tickets_unsettled",
        "tickets",
        ["account"],
        unique=False,
        sqlite_where=sa.text("settled = 0"),
        postgresql_where=sa.text("settled = 0"),
    )


def _unknown_words() -> None:
    op.create_table(
        "unknown_words",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("seen", sa.Integer(), server_default="0", nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "word", name=op.f("pk_unknown_words")),
    )


def _verdicts() -> None:
    op.create_table(
        "verdicts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=True),
        sa.Column("organization_id", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("target_seconds", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("fulfilled_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("breached_at", sa.BigInteger(), nullable=True),
        sa.Column("elapsed_seconds", sa.BigInteger(), nullable=False),
        sa.Column("paused_seconds", sa.BigInteger(), nullable=False),
        sa.Column("risk_at", sa.BigInteger(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("judged_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account", "ticket_id", "measure", "cycle", name=op.f("pk_verdicts")
        ),
        sqlite_with_rowid=False,
    )
