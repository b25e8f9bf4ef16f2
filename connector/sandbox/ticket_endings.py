# SPDX-License-Identifier: GPL-3.0-or-later
"""How tickets end and come back: merge, delete, restore, scrub, close by automation."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from connector.sandbox.records import SYSTEM, Event, Ticket
from connector.sandbox.ticket_rules import check_open
from connector.sandbox.tickets import Doing, new_audit, update_ticket

if TYPE_CHECKING:
    from connector.sandbox.account import Account
    from connector.sandbox.wire import Json

MERGE_TAG = "closed_by_merge"


def merge_tickets(account: Account, source: Ticket, target: Ticket, doing: Doing) -> None:
    """Close one ticket into another: a private note on both, a tag on the closed one."""
    check_open(account, source)
    check_open(account, target)
    into: Json = {
        "from": {},
        "to": {"ticket_id": target.id, "subject": target.subject},
        "rel": "merge",
    }
    note = f"This request was closed and merged into request #{target.id} {target.subject!r}."
    closing: Json = {
        "comment": {"body": note, "public": False},
        "additional_tags": [MERGE_TAG],
        "status": "closed",
    }
    update_ticket(
        account,
        source,
        closing,
        Doing(doing.author_id, doing.at, "web", source=into),
    )
    came_from: Json = {
        "from": {"ticket_id": source.id, "subject": source.subject},
        "to": {},
        "rel": "merge",
    }
    note = f"Request #{source.id} {source.subject!r} was closed and merged into this request."
    update_ticket(
        account,
        target,
        {"comment": {"body": note, "public": False}},
        Doing(doing.author_id, doing.at, "web", source=came_from),
    )


def delete_ticket(account: Account, ticket: Ticket, doing: Doing) -> None:
    """Put a ticket into the bin: `deleted` in the exports, 404 elsewhere."""
    ticket.status_before_deletion = ticket.status
    _set_status(account, ticket, "deleted", doing)
    ticket.deleted_at = doing.at
    account.expect_scrubbing(ticket, doing.at)


def restore_ticket(account: Account, ticket: Ticket, doing: Doing) -> None:
    """Take a ticket out of the bin as it was."""
    ticket.deleted_at = None
    _set_status(account, ticket, ticket.status_before_deletion, doing)


def scrub_ticket(account: Account, ticket: Ticket, at: int) -> None:
    """Delete for good: the text is overwritten, the row comes once more in the export.

    `updated_at` stays, only the export's own time moves.
    """
    ticket.subject = "SCRUBBED"
    ticket.description = "X"
    ticket.scrubbed = True
    account.regenerate(ticket, at)


def recalculate(account: Account, ticket: Ticket, at: int) -> None:
    """A system update: the row moves in the export without any event."""
    account.regenerate(ticket, at)


def run_housekeeping(account: Account, until: int) -> None:
    """Close what was solved long ago and delete for good what lay in the bin long enough."""
    while account.closing and account.closing[0][0] <= until:
        due, ident = heapq.heappop(account.closing)
        ticket = account.tickets[ident]
        wait = account.settings.close_after_hours * 3600
        solved_at = ticket.solved_at if ticket.status == "solved" else None
        # solved again in between: a later entry of the heap closes it
        if solved_at is not None and solved_at + int(wait) <= due:
            close_ticket(account, ticket, due)
    while account.scrubbing and account.scrubbing[0][0] <= until:
        due, ident = heapq.heappop(account.scrubbing)
        if account.tickets[ident].is_deleted and not account.tickets[ident].scrubbed:
            scrub_ticket(account, account.tickets[ident], due)


def close_ticket(account: Account, ticket: Ticket, at: int) -> None:
    """What the account's automation does to a ticket solved long ago."""
    source: Json = {
        "from": {"title": "Close ticket after solved", "deleted": False},
        "rel": "automation",
    }
    update_ticket(account, ticket, {"status": "closed"}, Doing(SYSTEM, at, "rule", source=source))


def _set_status(account: Account, ticket: Ticket, status: str, doing: Doing) -> None:
    before, ticket.status = ticket.status, status
    audit = new_audit(account, ticket, doing, {})
    audit.events.append(Event(account.ids.take(), "Change", "status", status, before))
    account.keep_audit(ticket, audit)
