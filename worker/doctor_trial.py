# SPDX-License-Identifier: GPL-3.0-or-later
"""A write for trial, when it is asked for: one field of one ticket is changed and put back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from connector.base import HelpdeskError
from rules.changes import FieldChange, OwnField, TicketChange
from worker.doctor_finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.base import Helpdesk, TicketState

_FIELD: Final[OwnField] = "sla_due_at"
_TRIAL: Final = "2000-01-01T00:00:00Z"
"""An instant that no verdict gives, should it be left standing."""


def try_to_write(helpdesk: Helpdesk, ticket_id: str) -> Iterator[Finding]:
    """Write a field of a ticket, read it back, and put back what was there.

    Both writes are single calls that fail when somebody changes the ticket meanwhile.
    """
    try:
        yield from _tried(helpdesk, ticket_id)
    except HelpdeskError as fault:
        seen = f"#{ticket_id}: {fault}"
        yield Finding("write test", "write", "fail", seen, f"look at {_FIELD} of the ticket")


def _tried(helpdesk: Helpdesk, ticket_id: str) -> Iterator[Finding]:
    before = _state(helpdesk, ticket_id)
    if before is None:
        yield Finding("write test", "write", "fail", f"#{ticket_id}: there is no such ticket")
        return
    held = before.current.own.get(_FIELD)
    written = _write(helpdesk, before, held, _TRIAL)
    yield _finding("written", ticket_id, written, "stipt setup, and the scope tickets:write")
    if written:
        return
    after = _state(helpdesk, ticket_id)
    if after is None or after.current.own.get(_FIELD) != _TRIAL:
        seen = f"#{ticket_id}: reading does not show what was written"
        yield Finding("write test", "read back", "fail", seen, "is the field ours alone?")
        return
    yield Finding("write test", "read back", "ok", f"#{ticket_id}: as written")
    restored = _write(helpdesk, after, _TRIAL, held)
    yield _finding("restored", ticket_id, restored, f"put {_FIELD} back to {held or 'nothing'}")


def _state(helpdesk: Helpdesk, ticket_id: str) -> TicketState | None:
    return next(iter(helpdesk.tickets([ticket_id])), None)


def _write(helpdesk: Helpdesk, state: TicketState, old: str | None, new: str | None) -> str:
    """What went wrong; empty when it is written."""
    change = FieldChange(_FIELD, old, new, "stipt doctor --write-test")
    result = helpdesk.write_one(TicketChange(state.facts.id, (change,), state.updated_at))
    return "" if result.outcome == "written" else f"{result.outcome} {result.detail}".strip()


def _finding(name: str, ticket_id: str, fault: str, remedy: str) -> Finding:
    if fault:
        return Finding("write test", name, "fail", f"#{ticket_id}: {fault}", remedy)
    return Finding("write test", name, "ok", f"#{ticket_id}: {_FIELD}")
