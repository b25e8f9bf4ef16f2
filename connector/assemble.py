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

from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING

from rules.facts import PRIORITIES, STATUSES, Happening, Organization, Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from connector.base import TicketState
    from rules.facts import Priority, Status, Value

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
    facts, told = state.facts, _told(history)
    values, first, status = told.values, told.organization, told.status
    one = {name: _one(values[name]) for name in _SINGLE if name in values}
    return Ticket(
        id=facts.id,
        created_at=facts.created_at,
        channel=facts.channel,
        priority=_priority(facts, values),
        status=_status(state, status),
        custom_status=facts.custom_status if status is None else _second(status.was),
        type=one.get("type", facts.type),
        brand=one.get("brand", facts.brand),
        group=one.get("group", facts.group),
        form=one.get("form", facts.form),
        assignee=one.get("assignee", facts.assignee),
        tags=_many(values["tags"]) if "tags" in values else facts.tags,
        fields=_fields(facts, values),
        requester=facts.requester,
        organization=(
            organization
            if first is None
            else _first_organization(organization, first, history, organizations)
        ),
        created_by=facts.created_by if creation is None else creation.by,
        created_public=facts.created_public if creation is None else creation.public,
        happenings=(*history, *_missing_ends(state, told)),
    )


_SINGLE = ("type", "brand", "group", "form", "assignee")


def _in_order(happenings: Iterable[Happening]) -> list[Happening]:
    once: dict[tuple[str, str], Happening] = {}
    loose: list[Happening] = []
    for happening in happenings:
        if happening.id is None:
            loose.append(happening)
        else:
            once[happening.kind, happening.id] = happening
    ordered = sorted((*once.values(), *loose), key=_AT)
    if any(before.at == after.at for before, after in pairwise(ordered)):
        ordered.sort(key=_position)
    return ordered


_AT = attrgetter("at")


def _position(happening: Happening) -> tuple[object, int, str]:
    """By time, then by the helpdesk's numbers, which grow within one update."""
    identifier = (happening.id or "").removeprefix(CREATION)
    return (happening.at, len(identifier.split(".", 1)[0]), identifier)


def _split(
    state: TicketState, history: list[Happening]
) -> tuple[Happening | None, tuple[Happening, ...]]:
    """The comment that came with the creation, if it is known, and all the rest."""
    marked = [item for item in history if item.id is not None and item.id.startswith(CREATION)]
    if not marked:
        at = state.facts.created_at
        marked = [item for item in history if item.at == at and item.kind == "comment"][:1]
    if not marked:
        return None, tuple(history)
    return marked[0], tuple(item for item in history if item not in marked)


@dataclass(slots=True)
class _Told:
    """What a history tells of earlier values: the earliest change of each thing.

    `values` are those before it. `life` is the last word on deletion, and
    `is_merged` says that a merge was told.
    """

    status: Happening | None
    values: dict[str, Value]
    organization: Happening | None
    life: str | None
    is_merged: bool


def _told(history: Iterable[Happening]) -> _Told:
    told = _Told(None, {}, None, None, is_merged=False)
    for item in history:
        kind = item.kind
        if kind == "field":
            if item.field is not None:
                told.values.setdefault(item.field, item.was)
        elif kind == "status":
            told.status = told.status or item
        elif kind == "organization":
            told.organization = told.organization or item
        elif kind in {"deleted", "restored"}:
            told.life = kind
        elif kind == "merged":
            told.is_merged = True
    return told


def _status(state: TicketState, first: Happening | None) -> Status:
    if first is not None:
        was = _one(first.was)
        return was if was in STATUSES else "new"
    # A deleted ticket shows no status of its own.
    return "new" if state.life == "deleted" else state.facts.status


def _priority(facts: Ticket, values: Mapping[str, Value]) -> Priority | None:
    if "priority" not in values:
        return facts.priority
    was = _one(values["priority"])
    return was if was in PRIORITIES else None


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
    present: Organization | None,
    first: Happening,
    history: Iterable[Happening],
    known: Mapping[str, Organization],
) -> Organization | None:
    """The customer at creation: told by the `was` of the first change, an id."""
    identifier = _one(first.was)
    if identifier is None:
        return None
    if identifier in known:
        return known[identifier]
    candidates = [present, *(item.organization for item in history)]
    return next(
        (item for item in candidates if item is not None and item.id == identifier),
        Organization(id=identifier),
    )


def _missing_ends(state: TicketState, told: _Told) -> tuple[Happening, ...]:
    """Deletion, restoration or merge that the state shows and the history does not."""
    if state.life == "deleted" and told.life != "deleted":
        return (Happening(at=state.updated_at, kind="deleted"),)
    if state.life == "present" and told.life == "deleted":
        return (Happening(at=state.updated_at, kind="restored"),)
    facts = state.facts
    if not told.is_merged and facts.status == "closed" and _MERGE_TAG in facts.tags:
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
