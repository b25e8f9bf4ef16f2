# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan for people: what changes in which ticket, and what the plan does not know."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rules.calendar_zones import time_zone
from worker.cli.output import coloured, counted, result, say

if TYPE_CHECKING:
    from connector.base import Helpdesk
    from rules.changes import FieldChange
    from worker.planning import Plan, PlannedTicket

_DELAY = timedelta(minutes=2)
"""How far a helpdesk's export may be behind: one to two minutes for Zendesk."""

_MOST_MOVES = 3
_LONGEST = 60


def show_plan(found: "Plan", *, limit: int, quiet: bool, is_of_some: bool = False) -> None:
    """Print the tickets of a plan, at most so many, and its summary.

    `is_of_some` says that it may be of some tickets, not of all that are not closed.
    """
    for one in found.tickets[:limit]:
        _show_ticket(one)
    if quiet:
        return
    if len(found.tickets) > limit:
        say(f"and {len(found.tickets) - limit} tickets more; --limit shows more, --json all")
    if found.tickets and limit:
        result()
    which = "" if is_of_some else ", all that are not closed"
    judged = f"{counted(found.n_judged, 'ticket')} judged{which}"
    result(f"{judged}: {len(found.tickets)} would change")
    for group in found.groups():
        result(f"  {group.sentence()}")
    for field, n in found.by_field().items():
        result(f"  {field}: {n}")
    total = sum(found.messages.values())
    if total:
        told = ", ".join(f"{_WHOM.get(name, name)} {n}" for name, n in found.messages.items())
        result(f"{counted(total, 'message')} would be due at once: {told}")
    else:
        result("no message would be due at once")
    since = found.made_at.astimezone(UTC) - _DELAY
    say(
        f"what happened in the helpdesk after {since:%H:%M:%S} UTC may be missing: its export "
        "shows it a minute or two late"
    )


def not_found(helpdesk: "Helpdesk", missing: Sequence[str]) -> list[str]:
    """Why tickets that were asked for are not in a plan, a sentence for each reason."""
    if not missing:
        return []
    there = {state.facts.id for state in helpdesk.tickets(missing)}
    unseen = [ident for ident in missing if ident in there]
    unknown = [ident for ident in missing if ident not in there]
    told = [f"not in the account: {', '.join(unknown)}"] if unknown else []
    if unseen:
        told.append(
            f"not read yet: {', '.join(unseen)}; either new, and the export shows them a minute or "
            "two late, or not changed since STIPT_SYNC_FROM"
        )
    return told


def _show_ticket(one: "PlannedTicket") -> None:
    owner = f"customer {one.customer}, tier {one.tier}" if one.customer else f"tier {one.tier}"
    result(f"#{one.ticket_id} {owner if one.tier else 'no tier'}: {one.reason}")
    for change in one.changes:
        result(f"  {_change_line(one, change)}")


_WHOM = {"note": "internal notes"}
_SIGNS = {"+": "green", "-": "red", "~": "yellow"}


def _change_line(one: "PlannedTicket", change: "FieldChange") -> str:
    sign = "+" if change.old is None else "-" if change.new is None else "~"
    mark = coloured(sign, _SIGNS[sign])
    if change.field == "sla_detail":
        return f"{mark} sla_detail {_detail_moved(change)} ({change.because})"
    old, new = (_value(one, change, value) for value in (change.old, change.new))
    moved = " -> ".join(value for value in (old, new) if value is not None)
    counted_on = f", counted {one.calendar}" if _is_instant(change) and one.calendar else ""
    return f"{mark} {change.field} {moved} ({change.because}{counted_on})"


def _detail_moved(change: "FieldChange") -> str:
    """What becomes another in the detail, or the text itself where it is new, gone or edited."""
    from rules.detail import moves
    from rules.format.messages import shown

    found = moves(change.old, change.new)
    if not found:
        return " -> ".join(shown(one, _LONGEST) for one in (change.old, change.new) if one)
    told = [
        f"{path} {' -> '.join('none' if one is None else shown(one, _LONGEST) for one in values)}"
        for path, *values in found[:_MOST_MOVES]
    ]
    more = len(found) - _MOST_MOVES
    return ", ".join([*told, *([f"{more} more"] if more > 0 else [])])


def _is_instant(change: "FieldChange") -> bool:
    return change.field in ("sla_due_at", "due_at")


def _value(one: "PlannedTicket", change: "FieldChange", value: str | None) -> str | None:
    """A value for people: an instant in the calendar's zone, the new one in UTC as well."""
    if value is None or not _is_instant(change) or one.time_zone is None:
        return value
    try:
        at = datetime.fromisoformat(value)
    except ValueError:  # somebody wrote something else into the field
        return value
    if at.tzinfo is None:
        return value
    local = f"{at.astimezone(time_zone(one.time_zone)):%a %Y-%m-%d %H:%M%z}"
    return f"{local} ({value})" if value == change.new else local
