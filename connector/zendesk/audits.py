# SPDX-License-Identifier: GPL-3.0-or-later
"""Updates of a ticket -> happenings. Pure: nothing here reads a network or a clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from connector.assemble import CREATION
from connector.zendesk.updates import (
    CHANGES,
    COMMENTS,
    PRIVACY,
    SILENT,
    Changed,
    Child,
    Update,
    adds_merge_tag,
    as_text,
    child_id,
    is_merge,
    is_public,
    kind_of,
    merged_into,
    tells_creation,
    via_of,
)
from connector.zendesk.wire import text_id
from connector.zendesk.words import (
    Unknown,
    comment_via,
    count,
    field_value,
    priority_of,
    status_of,
    tags_of,
)
from rules.facts import Happening, Organization

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from connector.zendesk.names import Names
    from rules.facts import Author, Value

_NAMED: Final = {
    "priority": "priority",
    "type": "type",
    "ticket_type": "type",
    "group_id": "group",
    "brand_id": "brand",
    "ticket_form_id": "form",
    "assignee_id": "assignee",
}

_NO_CHANGE: Final = Changed(id="", name="", value=None, previous=None)


@dataclass(slots=True)
class Reader:
    """Reads updates of one ticket, in their order.

    Attributes:
        names: people, customers and words of the account.
        requester_id: who the ticket's requester is.
        comments: when each known comment was made, for those made private later.
        unknown: words without a place, counted here.
        happenings: what was read so far.
        missing: comments that were made private and that nobody knows.
    """

    names: Names
    requester_id: str | None
    comments: Mapping[str, datetime]
    unknown: Unknown
    happenings: list[Happening] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def read_all(self, updates: Iterable[Update]) -> list[Happening]:
        """What these updates say, added to what was read before."""
        for update in updates:
            self.read(update)
        return self.happenings

    def read(self, update: Update) -> None:
        """Add what one update says."""
        merges = any(item.name == "tags" and adds_merge_tag(item) for item in update.changes)
        by = self._author(update)
        for index, child in enumerate(update.children):
            kind = kind_of(child)
            if kind in COMMENTS:
                self._comment(update, child, index, merging=merges or is_merge(update.via))
            elif kind in PRIVACY:
                self._privacy(update, child, index, by)
            elif kind not in CHANGES and kind not in SILENT:
                count(self.unknown, "event", kind or "nothing")
        self._changes(update, [item for item in update.changes if not item.created], by)
        if merges:
            into = merged_into(update.via)
            self.happenings.append(
                Happening(at=update.at, kind="merged", by=by, into=into, id=update.id)
            )

    def _author(self, update: Update) -> Author:
        if update.ours:
            return "stipt"
        return self.names.author(update.author_id, self.requester_id)

    def _comment(self, update: Update, child: Child, index: int, *, merging: bool) -> None:
        author_id = text_id(child.get("author_id")) or update.author_id
        by: Author = self.names.author(author_id, self.requester_id)
        if merging or update.ours:
            by = "system" if merging else "stipt"
        identifier = child_id(update, child, index)
        self.happenings.append(
            Happening(
                at=update.at,
                kind="comment",
                by=by,
                public=is_public(child),
                via=comment_via(via_of(child) or update.via, self.unknown),
                id=f"{CREATION}{identifier}" if tells_creation(update) else identifier,
            )
        )

    def _privacy(self, update: Update, child: Child, index: int, by: Author) -> None:
        if child.get("public") is True:
            return
        comment_id = text_id(child.get("comment_id")) or ""
        made_at = self.comments.get(comment_id)
        if made_at is None:
            self.missing.append(comment_id)
            return
        identifier = child_id(update, child, index)
        self.happenings.append(
            Happening(
                at=update.at, kind="comment_private", by=by, public=False, of=made_at, id=identifier
            )
        )

    def _changes(self, update: Update, changes: list[Changed], by: Author) -> None:
        status = next((item for item in changes if item.name == "status"), None)
        custom = next((item for item in changes if item.name == "custom_status_id"), None)
        for item in changes:
            # What a trigger changed inside somebody's update is the system's.
            told: Author = "system" if item.by_rule else by
            if item is status or (item is custom and status is None):
                self.happenings.append(self._status(update, status, custom, told))
            elif item.name == "organization_id":
                self.happenings.append(self._organization(update, item, told))
            elif item is not custom:
                self._field(update, item, told)

    def _status(
        self, update: Update, status: Changed | None, custom: Changed | None, by: Author
    ) -> Happening:
        identifier = (status or custom or _NO_CHANGE).id
        if status is not None and status.value == "deleted":
            return Happening(at=update.at, kind="deleted", by=by, id=identifier)
        if status is not None and status.previous == "deleted":
            return Happening(at=update.at, kind="restored", by=by, id=identifier)
        name, category = self._custom_status(custom.value if custom else None)
        old_name, old_category = self._custom_status(custom.previous if custom else None)
        to = status_of(as_text(status.value) if status else category, self.unknown)
        was = as_text(status.previous) if status else old_category or to
        return Happening(
            at=update.at,
            kind="status",
            by=by,
            to=to,
            custom=name,
            was=(was, old_name) if was and old_name else was,
            id=identifier,
        )

    def _custom_status(self, raw: object) -> tuple[str | None, str | None]:
        """Name and category of a custom status; no name for the category itself."""
        status_id = text_id(raw)
        if status_id is None:
            return None, None
        known = self.names.statuses.get(status_id)
        if known is None:
            count(self.unknown, "custom_status", status_id)
            return None, None
        return known.name, known.category

    def _organization(self, update: Update, item: Changed, by: Author) -> Happening:
        return Happening(
            at=update.at,
            kind="organization",
            by=by,
            organization=self.names.organization(text_id(item.value)) or Organization(),
            was=text_id(item.previous),
            id=item.id,
        )

    def _field(self, update: Update, item: Changed, by: Author) -> None:
        path = self._path(item.name)
        if path is None:
            return
        to, was = self._spoken(item.name, item.value), self._spoken(item.name, item.previous)
        if to == was:
            return  # a change of tags that only our own drop-downs made
        self.happenings.append(
            Happening(at=update.at, kind="field", by=by, field=path, to=to, was=was, id=item.id)
        )

    def _path(self, name: str) -> str | None:
        """The match path of an attribute; None for those no rule can see, our own included."""
        if name == "tags":
            return "tags"
        if name in _NAMED:
            return _NAMED[name]
        number = name.removeprefix("custom_fields_").removeprefix("custom_field_")
        if not number.isdigit() or number in self.names.own_fields:
            return None
        return f"ticket.fields.{self.names.field_name(number)}"

    def _spoken(self, name: str, raw: object) -> Value:
        """A value of an attribute in the words of facts."""
        if name == "tags":
            return tuple(tag for tag in tags_of(raw) if not self.names.is_own_tag(tag)) or None
        if name == "priority":
            return priority_of(raw, self.unknown)
        if name.endswith("_id"):
            return self.names.named(name, text_id(raw))
        value = field_value(raw)
        return None if value == "-" and name in {"type", "ticket_type"} else value
