# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a ticket in Zendesk's words, and whether a ticket already holds them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from connector.base import Conflict, Gone, Refused, WriteResult
from connector.zendesk.errors import CodedRefusal
from connector.zendesk.names import DROP_DOWNS, Names, option_tag
from connector.zendesk.normalise import DELETED
from connector.zendesk.updates import MARKER
from connector.zendesk.wire import utc
from rules.changes import OWN_FIELDS

if TYPE_CHECKING:
    from connector.base import TicketState
    from connector.zendesk.wire import JobResult
    from rules.changes import FieldChange, OwnField, TicketChange

_GONE_CODES: Final = frozenset({"RecordNotFound", "TicketNotFound"})
_CONFLICT_CODES: Final = frozenset({"UpdateConflict"})
INVALID_CODES: Final = frozenset({"RecordInvalid", "InvalidValue"})


class Unwritable(ValueError):
    """A change that cannot be said in this account's words; the text says which."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A change ready to be sent: the ticket's row without its id, and tags to add."""

    change: TicketChange
    values: dict[str, object]
    tags: tuple[str, ...]

    @property
    def row(self) -> dict[str, object]:
        """The row of a batch."""
        return {"id": int(self.change.ticket_id), **self.values}


def draft(change: TicketChange, names: Names) -> Draft:
    """Say a change in Zendesk's words.

    Fields of ours are forced. Where a system field changes, the write is safe:
    it is refused when somebody changed the ticket after it was judged.

    Raises:
        Unwritable: a field is not set up, or a group is not known.
    """
    own = [item for item in change.fields if item.field in OWN_FIELDS]
    system = [item for item in change.fields if item.field not in OWN_FIELDS]
    values: dict[str, object] = {}
    if own:
        values["custom_fields"] = [_custom_field(item, names) for item in own]
    for item in system:
        if item.field != "tags":
            values |= _system_field(item, names)
    if any(item.field != "tags" for item in system) and change.seen_at is not None:
        values["updated_stamp"] = stamp(change.seen_at)
        values["safe_update"] = True
    if values:
        values["metadata"] = marker()
    tags = tuple(item.new for item in system if item.field == "tags" and item.new is not None)
    return Draft(change, values, tags)


def marker(note_key: str | None = None) -> dict[str, object]:
    """Metadata by which an update is known as ours."""
    return {MARKER: {"v": 1} if note_key is None else {"v": 1, "note": note_key}}


def stamp(at: datetime) -> str:
    """An instant as Zendesk writes it: whole seconds, UTC."""
    return utc(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def _custom_field(item: FieldChange, names: Names) -> dict[str, object]:
    for number, own in names.own_fields.items():
        if own == item.field:
            return {"id": int(number), "value": _own_value(own, item.new, names)}
    raise Unwritable(f"the field {item.field} is not set up in this account")


def _own_value(own: OwnField, word: str | None, names: Names) -> str | None:
    if word is None or own not in DROP_DOWNS:
        return word
    for tag, (field, known) in names.own_options.items():
        if field == own and known == word:
            return tag
    return option_tag(own, word)


def _system_field(item: FieldChange, names: Names) -> dict[str, object]:
    if item.field in {"priority", "due_at"}:
        return {item.field: item.new}
    if item.field == "group":
        return {"group_id": _group_id(item.new, names)}
    if item.new is not None and "@" in item.new:
        return {"assignee_email": item.new}
    return {"assignee_id": int(item.new) if item.new and item.new.isdigit() else None}


def _group_id(name: str | None, names: Names) -> int | None:
    if name is None:
        return None
    for number, known in names.groups.items():
        if known == name:
            return int(number)
    if name.isdigit():
        return int(name)
    raise Unwritable("there is no group of this name")


def holds(state: TicketState, change: TicketChange) -> bool:
    """Whether a ticket already holds every value of a change."""
    return all(_holds(state, item) for item in change.fields)


def _holds(state: TicketState, item: FieldChange) -> bool:
    current = state.current
    if item.field == "tags":
        return item.new is None or item.new in current.tags
    if item.field == "due_at":
        return _instant(current.due_at) == _instant(item.new)
    if item.field == "priority":
        return current.priority == item.new
    if item.field == "group":
        return current.group == item.new
    if item.field == "assignee":
        return current.assignee == item.new
    return (current.own.get(item.field) or None) == (item.new or None)


def _instant(text: str | None) -> datetime | str | None:
    try:
        return utc(datetime.fromisoformat(text)) if text else None
    except ValueError:
        return text


def outcome_of_row(row: JobResult, ticket_id: str) -> WriteResult | None:
    """What a finished job says of a ticket; None where only the ticket itself can tell."""
    if row.success or (row.success is None and row.status == "Updated"):
        return WriteResult(ticket_id, "written")
    code = row.error or ""
    if code in _CONFLICT_CODES:
        return WriteResult(ticket_id, "conflict", code)
    if code in _GONE_CODES:
        return WriteResult(ticket_id, "gone", code)
    if code in INVALID_CODES and isinstance(row.details, dict):
        return refusal(ticket_id, tuple(sorted(row.details)), code)
    return None


def refusal(ticket_id: str, keys: tuple[str, ...], code: str) -> WriteResult:
    """A refusal by the keys of its details: `status` is a closed ticket, and final."""
    if "status" in keys:
        return WriteResult(ticket_id, "unwritable", "closed")
    return WriteResult(ticket_id, "refused", ", ".join(keys) or code)


def refusal_of(ticket_id: str, fault: Refused | Gone | Conflict) -> WriteResult:
    """What a call that was refused as a whole means for its only ticket."""
    if isinstance(fault, Conflict):
        return WriteResult(ticket_id, "conflict", str(fault))
    if isinstance(fault, Gone):
        return WriteResult(ticket_id, "gone", str(fault))
    code = fault.code if isinstance(fault, CodedRefusal) else str(fault)
    return refusal(ticket_id, fault.keys, code)


def outcome_of_state(state: TicketState | None, change: TicketChange, code: str) -> WriteResult:
    """What became of a change whose answer is unclear, told by the ticket as read afterwards."""
    ticket_id = change.ticket_id
    if state is None or state.current.status == DELETED:
        return WriteResult(ticket_id, "gone")
    if holds(state, change):
        return WriteResult(ticket_id, "written", "read back")
    if state.current.status == "closed":
        return WriteResult(ticket_id, "unwritable", "closed")
    moved = change.seen_at is not None and utc(state.updated_at) > utc(change.seen_at)
    if moved and any(item.field not in OWN_FIELDS for item in change.fields):
        return WriteResult(ticket_id, "conflict", code)
    if code in INVALID_CODES:
        return WriteResult(ticket_id, "refused", code)
    return WriteResult(ticket_id, "error", code or "not done")
