# SPDX-License-Identifier: GPL-3.0-or-later
"""Updates of a ticket in one form, whichever source told them.

The bulk stream names the changed attribute as a key of the child row, audits
have `field_name`; `via` is a display text or an object. Both become an
`Update` here, and from there on there is one path (`audits`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from connector.zendesk.wire import (
    AuditRow,
    RowUnreadable,
    TicketEventRow,
    Via,
    convert,
    text_id,
    utc,
)
from connector.zendesk.words import RULE_WORDS, tags_of, via_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Child = dict[str, object]

MERGE_TAG: Final = "closed_by_merge"
MARKER: Final = "stipt"
"""Key in an update's metadata that says the update is ours."""

COMMENTS: Final = frozenset({"Comment", "VoiceComment", "FacebookComment", "TwitterComment"})
PRIVACY: Final = frozenset({"CommentPrivacyChange"})
CHANGES: Final = frozenset({"Change", "Create"})
SILENT: Final = frozenset(
    {
        "Notification",
        "NotificationWithCcs",
        "OrganizationActivity",
        "Cc",
        "FollowerChange",
        "EmailCcChange",
        "FollowerNotification",
        "SatisfactionRating",
        "TicketSharingEvent",
        "AttachmentRedactionEvent",
        "CommentRedactionEvent",
        "KnowledgeLinked",
        "KnowledgeLinkAccepted",
        "KnowledgeLinkRejected",
        "SlaTargetChange",
        "ScheduleAssignment",
        "External",
        "LogMeInTranscript",
        "Push",
        "Error",
        "FacebookEvent",
        "Tweet",
        "SMS",
        "ChatStartedEvent",
        "ChatEndedEvent",
        "ChatFileEvent",
        "Audit",
        "WorkspaceChanged",
        "AgentMacroReference",
        "ChannelBackEvent",
        "TranslationUpdated",
        "AssociateAttValsEvent",
        "CollabThreadCreated",
        "CollabThreadReply",
        "CollabThreadClosed",
        "CollabThreadReopened",
        "MessagingCsatChange",
    }
)
_KNOWN_KEYS: Final = frozenset(
    {
        "status",
        "custom_status_id",
        "priority",
        "type",
        "ticket_type",
        "group_id",
        "brand_id",
        "ticket_form_id",
        "assignee_id",
        "organization_id",
        "requester_id",
    }
)
_CUSTOM_KEYS: Final = frozenset({"custom_ticket_fields", "custom_fields"})


@dataclass(frozen=True, slots=True)
class Update:
    """One update of a ticket, whichever source told it.

    `changes` are all attributes that it changed or, at creation, set.
    """

    id: str
    ticket_id: str
    at: datetime
    author_id: str | None
    via: Via | str | None
    ours: bool
    children: tuple[Child, ...]
    changes: tuple[Changed, ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """One attribute that an update changed, with the names that Zendesk's API uses.

    `created` is True where the row only tells a value that the ticket was created with.
    """

    id: str
    name: str
    value: object
    previous: object
    by_rule: bool = False
    created: bool = False


def update_of_audit(row: AuditRow, ticket_id: str) -> Update:
    """The update that one of a ticket's own audits tells."""
    return _with_changes(
        Update(
            id=str(row.id),
            ticket_id=ticket_id,
            at=utc(row.created_at),
            author_id=text_id(row.author_id),
            via=row.via,
            ours=_is_ours(row.metadata),
            children=tuple(row.events),
        )
    )


def update_of_event(row: TicketEventRow) -> Update:
    """The update that a row of the bulk stream tells.

    Raises:
        RowUnreadable: it has no time.
    """
    if row.created_at is not None:
        at = utc(row.created_at)
    elif row.timestamp is not None:
        at = datetime.fromtimestamp(row.timestamp, tz=UTC)
    else:
        raise RowUnreadable("a ticket event without a time")
    return _with_changes(
        Update(
            id=str(row.id),
            ticket_id=str(row.ticket_id),
            at=at,
            author_id=text_id(row.updater_id),
            via=row.via,
            ours=_is_ours(row.metadata),
            children=tuple(row.child_events),
        )
    )


def comment_times(updates: Iterable[Update]) -> dict[str, datetime]:
    """When each comment of these updates was made, by its id."""
    return {
        comment_id: update.at
        for update in updates
        for child in update.children
        if kind_of(child) in COMMENTS and (comment_id := text_id(child.get("id"))) is not None
    }


def people_in(updates: Iterable[Update]) -> set[str]:
    """Ids of all who updated or commented."""
    met: set[str] = set()
    for update in updates:
        if update.author_id is not None:
            met.add(update.author_id)
        for child in update.children:
            author_id = text_id(child.get("author_id"))
            if kind_of(child) in COMMENTS and author_id is not None:
                met.add(author_id)
    return met


def requesters_in(updates: Iterable[Update]) -> dict[str, str]:
    """The requester of each ticket whose creation or change of requester is told here."""
    met: dict[str, str] = {}
    for update in updates:
        for changed in update.changes:
            requester_id = text_id(changed.value)
            if changed.name == "requester_id" and requester_id is not None:
                met[update.ticket_id] = requester_id
    return met


def organizations_in(updates: Iterable[Update]) -> set[str]:
    """Ids of the customers that tickets were moved to or from."""
    return {
        organization_id
        for update in updates
        for changed in update.changes
        if changed.name == "organization_id"
        for organization_id in (text_id(changed.value), text_id(changed.previous))
        if organization_id is not None
    }


def kind_of(child: Child) -> str:
    """`Comment`, `Change`, `Create` ...; where both keys are there, `type` is a ticket's field."""
    said = child.get("event_type") or child.get("type")
    return said if isinstance(said, str) else ""


def _with_changes(update: Update) -> Update:
    changes = [
        changed
        for index, child in enumerate(update.children)
        if kind_of(child) in CHANGES
        for changed in _changed(update, child, index)
    ]
    return replace(update, changes=tuple(changes))


def _changed(update: Update, child: Child, index: int) -> Iterator[Changed]:
    """The attributes that one child row changed: one in audits, any number in the stream."""
    identifier = child_id(update, child, index)
    created = kind_of(child) == "Create"
    by_rule = not created and (via_word(via_of(child)) or "") in RULE_WORDS
    if "field_name" in child:
        name = as_text(child["field_name"]) or ""
        value, previous = child.get("value"), child.get("previous_value")
        yield Changed(identifier, name, value, previous, by_rule, created)
        return
    for position, (name, value, previous) in enumerate(_told_in_keys(child)):
        own_id = identifier if position == 0 else f"{identifier}.{position}"
        yield Changed(own_id, name, value, previous, by_rule, created)


def _told_in_keys(child: Child) -> Iterator[tuple[str, object, object]]:
    previous = child.get("previous_value")
    for name, value in child.items():
        if name in _KNOWN_KEYS:
            if name != "type" or "event_type" in child:
                yield name, value, previous
        elif name == "tags":
            yield name, value, _previous_tags(child)
        elif name in _CUSTOM_KEYS:
            yield from _custom_fields(value, previous)
        elif name.isdigit() or name.startswith("custom_field_"):
            yield name, value, previous


def _custom_fields(raw: object, previous: object) -> Iterator[tuple[str, object, object]]:
    """Custom fields as an object by id, or as the list that tickets have."""
    if isinstance(raw, dict):
        for key, value in raw.items():
            was = previous.get(key) if isinstance(previous, dict) else previous
            yield str(key), value, was
    elif isinstance(raw, list):
        for item in raw:
            if isinstance(item, dict) and "id" in item:
                yield str(item["id"]), item.get("value"), item.get("previous_value", previous)


def _previous_tags(child: Child) -> object:
    """Tags before: told, or worked out from those added and removed."""
    if "previous_value" in child or not ("added_tags" in child or "removed_tags" in child):
        return child.get("previous_value")
    added = set(tags_of(child.get("added_tags")))
    kept = [tag for tag in tags_of(child.get("tags")) if tag not in added]
    return [*kept, *tags_of(child.get("removed_tags"))]


def tells_creation(update: Update) -> bool:
    """Whether this is the update that created the ticket."""
    return any(kind_of(child) == "Create" for child in update.children)


def adds_merge_tag(item: Changed) -> bool:
    """Whether this change of tags says that the ticket was merged into another."""
    return MERGE_TAG in tags_of(item.value) and MERGE_TAG not in tags_of(item.previous)


def is_merge(via: Via | str | None) -> bool:
    """Whether an update is part of a merge, on either side."""
    if isinstance(via, Via) and via.source is not None and via.source.get("rel") == "merge":
        return True
    return via_word(via) == "merge"


def merged_into(via: Via | str | None) -> str | None:
    """The ticket that another was merged into, where the update says so."""
    if not isinstance(via, Via) or via.source is None:
        return None
    to = via.source.get("to")
    return text_id(to.get("ticket_id")) if isinstance(to, dict) else None


def is_public(child: Child) -> bool:
    """Whether a comment is public; the stream without comments has a key of its own for it."""
    said = child.get("public", child.get("comment_public"))
    return said is not False


def via_of(child: Child) -> Via | str | None:
    """The channel of one row of an update; None where it has none of its own."""
    raw = child.get("via")
    if isinstance(raw, dict):
        try:
            return convert(raw, Via)
        except RowUnreadable:
            return None
    return raw if isinstance(raw, str) else None


def child_id(update: Update, child: Child, index: int) -> str:
    """The row's own id, else its place in the update."""
    return text_id(child.get("id")) or f"{update.id}-{index}"


def _is_ours(metadata: Mapping[str, object] | None) -> bool:
    custom = (metadata or {}).get("custom")
    return isinstance(custom, dict) and MARKER in custom


def as_text(raw: object) -> str | None:
    """Text as it is, numbers as text."""
    return raw if isinstance(raw, str) else text_id(raw)
