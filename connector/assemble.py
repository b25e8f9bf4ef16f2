# SPDX-License-Identifier: GPL-3.0-or-later
"""A ticket as it stands + what happened to it -> the ticket as it was created, with its history.

Helpdesks show a ticket's present values; the engine wants those at creation.
Each happening knows the value before it, so the earliest one of every field
tells the value at creation. Where the history starts in mid-life, that is the
earliest value known, and it is taken to have held since creation.

A connector may mark the comment that came with the creation by an id that
starts with `creation-`: it is no reply, it tells who created the ticket and
whether publicly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rules.facts import PRIORITIES, STATUSES, Happening, Organization

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from connector.base import TicketState
    from rules.facts import Ticket, Value

CREATION = "creation-"
"""Prefix of the id of the comment that a ticket was created with."""

_CUSTOM_FIELD = "ticket.fields."
_MERGE_TAG = "closed_by_merge"
_NO_ORGANIZATIONS: dict[str, Organization] = {}


def assemble(
    state: TicketState,
    happenings: Sequence[Happening],
    organization: Organization | None,
    organizations: Mapping[str, Organization] = _NO_ORGANIZATIONS,
) -> Ticket:
    """The ticket as it was created, with its history in order.

    Args:
        state: the ticket as it stands.
        happenings: all that is known to have happened to it, in any order;
            the same one (kind and id) told twice counts once.
        organization: present facts of the customer that the ticket belongs to now.
        organizations: facts of other customers by id, for tickets that changed hands.

    Returns:
        The facts for the engine. A ticket that is deleted, restored or merged
        without a happening that says so gets one at the state's last update.
    """
    creation, history = _split(state, _in_order(happenings))
    ticket = replace(state.facts, organization=organization, happenings=())
    if state.life == "deleted":
        ticket = replace(ticket, status="new")  # a deleted ticket shows no status of its own
    ticket = _rewound(ticket, history)
    ticket = replace(ticket, organization=_first_organization(ticket, history, organizations))
    if creation is not None:
        ticket = replace(ticket, created_by=creation.by, created_public=creation.public)
    return ticket.with_happenings((*history, *_missing_ends(state, history)))


def _in_order(happenings: Iterable[Happening]) -> list[Happening]:
    once: dict[tuple[str, str], Happening] = {}
    loose: list[Happening] = []
    for happening in happenings:
        if happening.id is None:
            loose.append(happening)
        else:
            once[happening.kind, happening.id] = happening
    return sorted((*once.values(), *loose), key=_position)


def _position(happening: Happening) -> tuple[object, int, str]:
    """By time, then by the helpdesk's numbers, which grow within one update."""
    identifier = (happening.id or "").removeprefix(CREATION)
    return (happening.at, len(identifier.split(".", 1)[0]), identifier)


def _split(
    state: TicketState, history: list[Happening]
) -> tuple[Happening | None, tuple[Happening, ...]]:
    """The comment that came with the creation, if it is known, and all the rest."""
    marked = [item for item in history if (item.id or "").startswith(CREATION)]
    if not marked:
        at = state.facts.created_at
        marked = [item for item in history if item.kind == "comment" and item.at == at][:1]
    creation = marked[0] if marked else None
    return creation, tuple(item for item in history if item not in marked)


@dataclass(slots=True)
class _Earliest:
    """The value before the earliest change of each thing."""

    status: tuple[str | None, str | None] | None
    values: dict[str, Value]


def _earliest(history: Iterable[Happening]) -> _Earliest:
    earliest = _Earliest(status=None, values={})
    for item in history:
        if item.kind == "status" and earliest.status is None:
            earliest.status = (_one(item.was), _second(item.was))
        elif item.kind == "field" and item.field is not None:
            earliest.values.setdefault(item.field, item.was)
    return earliest


def _rewound(ticket: Ticket, history: tuple[Happening, ...]) -> Ticket:
    earliest = _earliest(history)
    values = earliest.values
    status, custom = ticket.status, ticket.custom_status
    if earliest.status is not None:
        was, custom = earliest.status
        status = was if was in STATUSES else "new"
    priority = ticket.priority
    if "priority" in values:
        was_priority = _one(values["priority"])
        priority = was_priority if was_priority in PRIORITIES else None
    return replace(
        ticket,
        status=status,
        custom_status=custom,
        priority=priority,
        type=_one(values.get("type", ticket.type)),
        brand=_one(values.get("brand", ticket.brand)),
        group=_one(values.get("group", ticket.group)),
        form=_one(values.get("form", ticket.form)),
        assignee=_one(values.get("assignee", ticket.assignee)),
        tags=_many(values.get("tags", ticket.tags)),
        fields=_fields(ticket, values),
    )


def _fields(ticket: Ticket, values: Mapping[str, Value]) -> Mapping[str, Value]:
    changed = {
        path.removeprefix(_CUSTOM_FIELD): was
        for path, was in values.items()
        if path.startswith(_CUSTOM_FIELD)
    }
    if not changed:
        return ticket.fields
    merged = {**ticket.fields, **changed}
    return {key: value for key, value in merged.items() if value is not None}


def _first_organization(
    ticket: Ticket, history: tuple[Happening, ...], known: Mapping[str, Organization]
) -> Organization | None:
    """The customer at creation: told by the `was` of the first change, an id."""
    first = next((item for item in history if item.kind == "organization"), None)
    if first is None:
        return ticket.organization
    identifier = _one(first.was)
    if identifier is None:
        return None
    if identifier in known:
        return known[identifier]
    told = [ticket.organization, *(item.organization for item in history)]
    return next(
        (item for item in told if item is not None and item.id == identifier),
        Organization(id=identifier),
    )


def _missing_ends(state: TicketState, history: tuple[Happening, ...]) -> tuple[Happening, ...]:
    """Deletion, restoration or merge that the state shows and the history does not."""
    lives = [item.kind for item in history if item.kind in {"deleted", "restored"}]
    is_gone = bool(lives) and lives[-1] == "deleted"
    if state.life == "deleted" and not is_gone:
        return (Happening(at=state.updated_at, kind="deleted"),)
    if state.life == "present" and is_gone:
        return (Happening(at=state.updated_at, kind="restored"),)
    merged = any(item.kind == "merged" for item in history)
    if _MERGE_TAG in state.facts.tags and state.facts.status == "closed" and not merged:
        return (Happening(at=state.updated_at, kind="merged"),)
    return ()


def _second(value: Value) -> str | None:
    """The custom status that a `was` of two texts tells beside its category."""
    return value[1] if isinstance(value, tuple) and len(value) > 1 else None


def _one(value: Value) -> str | None:
    if isinstance(value, tuple):
        return value[0] if value else None
    return value


def _many(value: Value) -> tuple[str, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)
