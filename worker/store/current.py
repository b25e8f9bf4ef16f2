# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ticket's fields hold once values have been written into them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rules.changes import OWN_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rules.changes import CurrentFields, FieldChange


def with_values(current: CurrentFields, values: Mapping[str, str | None]) -> CurrentFields:
    """The fields with these values in them; a value of `tags` is a tag that is there as well."""
    own = dict(current.own)
    own.update({name: values[name] for name in OWN_FIELDS if name in values})
    tag = values.get("tags")
    tags = current.tags if tag is None or tag in current.tags else (*current.tags, tag)
    return replace(
        current,
        own=own,
        tags=tags,
        priority=values.get("priority", current.priority),
        due_at=values.get("due_at", current.due_at),
        group=values.get("group", current.group),
        assignee=values.get("assignee", current.assignee),
    )


def with_changes(current: CurrentFields, changes: Sequence[FieldChange]) -> CurrentFields:
    """The fields after the changes have been carried out."""
    for change in changes:
        if change.field == "tags":
            current = with_values(current, {"tags": change.new})
    return with_values(current, {one.field: one.new for one in changes if one.field != "tags"})


def holds(current: CurrentFields, field: str, value: str | None) -> bool:
    """Whether a field holds the value; `tags` holds a tag that is there among others."""
    if field == "tags":
        return value in current.tags
    held: dict[str, str | None] = dict(current.own.items())
    held["priority"] = current.priority
    held["due_at"] = current.due_at
    held["group"] = current.group
    held["assignee"] = current.assignee
    return held.get(field) == value
