# SPDX-License-Identifier: GPL-3.0-or-later
"""Creating and changing tickets; every change is an audit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.sandbox.records import Audit, Event, Ticket
from connector.sandbox.ticket_rules import check_open, check_stamp, check_values
from connector.sandbox.wire import as_int, as_object, as_rows, as_text, as_texts, epoch, iso_or_none

if TYPE_CHECKING:
    from connector.sandbox.account import Account
    from connector.sandbox.records import User
    from connector.sandbox.wire import Json

CREATE_EVENTS = (
    "subject",
    "requester_id",
    "priority",
    "type",
    "status",
    "organization_id",
    "brand_id",
    "ticket_form_id",
    "custom_status_id",
)
OPTIONAL_CREATE_EVENTS = ("group_id", "assignee_id", "due_at")
PLAIN_IDS = {
    "requester_id": "requester_id",
    "assignee_id": "assignee_id",
    "group_id": "group_id",
    "organization_id": "organization_id",
    "brand_id": "brand_id",
    "ticket_form_id": "form_id",
    "problem_id": "problem_id",
}
PLAIN_TEXTS = ("subject", "type", "priority", "external_id", "recipient")


@dataclass(frozen=True, slots=True)
class Doing:
    """Who does something to a ticket, when and by which channel."""

    author_id: int
    at: int
    channel: str = "api"
    client: str | None = None
    source: Json | None = None


@dataclass(slots=True)
class _Changes:
    """Changed attributes in the order they changed: name -> (before, after)."""

    seen: dict[str, tuple[object, object]] = field(default_factory=dict)

    def note(self, name: str, before: object, after: object) -> None:
        first = self.seen[name][0] if name in self.seen else before
        self.seen[name] = (first, after)


def create_ticket(account: Account, values: Json, doing: Doing) -> tuple[Ticket, Audit]:
    """Make a ticket and its first audit.

    Raises:
        Refusal: 422 when a value is not allowed.
    """
    author = account.users.get(doing.author_id)
    check_values(account, values, author)
    ticket = _bare_ticket(account, values, doing)
    _apply(account, ticket, values, author, _Changes())
    if ticket.custom_status_id is None:
        _default_status(account, ticket, ticket.status)
    audit = new_audit(account, ticket, doing, values)
    audit.events.append(_first_comment(account, ticket, values, audit))
    audit.events.extend(_create_events(account, ticket))
    account.keep_audit(ticket, audit)
    _index(account, ticket)
    return ticket, audit


def update_ticket(account: Account, ticket: Ticket, values: Json, doing: Doing) -> Audit:
    """Change a ticket; the audit is kept only if something changed.

    Raises:
        Refusal: 422 for a closed ticket or a value that is not allowed, 409 for a stale stamp.
    """
    check_open(account, ticket)
    check_stamp(ticket, values)
    author = account.users.get(doing.author_id)
    check_values(account, values, author)
    changes = _Changes()
    _apply(account, ticket, values, author, changes)
    audit = new_audit(account, ticket, doing, values)
    if comment := as_object(values.get("comment")):
        audit.events.append(_comment(account, comment, doing.author_id))
    for name, (before, after) in changes.seen.items():
        if before != after or not account.settings.assumptions.equal_values_make_no_event:
            audit.events.append(Event(account.ids.take(), "Change", name, after, before))
    if audit.events:
        account.keep_audit(ticket, audit)
        _index(account, ticket)
    return audit


def make_comment_private(account: Account, ticket: Ticket, comment: Event, doing: Doing) -> Audit:
    """Hide a public comment afterwards; it is an audit of its own."""
    check_open(account, ticket)
    comment.public = False
    audit = new_audit(account, ticket, doing, {})
    extra: Json = {"comment_id": comment.id}
    audit.events.append(
        Event(account.ids.take(), "CommentPrivacyChange", public=False, extra=extra)
    )
    account.keep_audit(ticket, audit)
    return audit


def _bare_ticket(account: Account, values: Json, doing: Doing) -> Ticket:
    requester_id = as_int(values.get("requester_id")) or doing.author_id
    requester = account.users.get(requester_id)
    comment = as_object(values.get("comment"))
    body = as_text(comment.get("body")) or as_text(values.get("description")) or ""
    via = as_text(as_object(values.get("via")).get("channel")) or doing.channel
    return Ticket(
        id=account.take_ticket_number(),
        created=doing.at,
        updated=doing.at,
        generated=0,
        channel=via,
        subject=as_text(values.get("subject")) or body[:150],
        description=body,
        requester_id=requester_id,
        submitter_id=as_int(values.get("submitter_id")) or doing.author_id,
        organization_id=requester.organization_id if requester else None,
        brand_id=account.default_brand_id,
        form_id=account.default_form_id,
        is_public=bool(comment.get("public", True)),
        via_followup_source_id=as_int(values.get("via_followup_source_id")),
        from_messaging_channel=via in {"native_messaging", "whatsapp"},
    )


def _apply(
    account: Account, ticket: Ticket, values: Json, author: User | None, changes: _Changes
) -> None:
    for key in PLAIN_TEXTS:
        if key in values:
            after = as_text(values[key]) or None
            changes.note(key, getattr(ticket, key), after)
            setattr(ticket, key, after if key != "subject" else after or ticket.subject)
    for key, attribute in PLAIN_IDS.items():
        if key in values:
            after_id = as_int(values[key])
            changes.note(key, _as_event(getattr(ticket, attribute)), _as_event(after_id))
            setattr(ticket, attribute, after_id)
    _apply_due(account, ticket, values, changes)
    _apply_tags(ticket, values, changes)
    for row in as_rows(values.get("custom_fields") or values.get("fields")):
        _apply_custom_field(account, ticket, row, changes)
    _apply_status(account, ticket, values, author, changes)


def _apply_due(account: Account, ticket: Ticket, values: Json, changes: _Changes) -> None:
    if "due_at" not in values:
        return
    if ticket.type != "task" and account.settings.assumptions.due_at_needs_task:
        return
    after = epoch(values["due_at"])
    changes.note("due_at", iso_or_none(ticket.due_at), iso_or_none(after))
    ticket.due_at = after


def _apply_tags(ticket: Ticket, values: Json, changes: _Changes) -> None:
    tags = list(ticket.tags)
    if "tags" in values:
        tags = as_texts(values["tags"])
    removed = set(as_texts(values.get("remove_tags")))
    tags = [tag for tag in [*tags, *as_texts(values.get("additional_tags"))] if tag not in removed]
    _put_tags(ticket, tags, changes)


def _put_tags(ticket: Ticket, tags: list[str], changes: _Changes) -> None:
    after = sorted(set(tags))
    if after != ticket.tags:
        changes.note("tags", ticket.tags, after)
        ticket.tags = after


def _apply_custom_field(account: Account, ticket: Ticket, row: Json, changes: _Changes) -> None:
    ident = as_int(row.get("id"))
    definition = account.rows("ticket_fields").get(ident or 0)
    if ident is None or definition is None or not definition["removable"]:
        return
    after = row.get("value")
    after = None if after == "" else after
    before = ticket.values.get(ident)
    if after == before:
        return
    changes.note(str(ident), before, after)
    if after is None:
        ticket.values.pop(ident, None)
    else:
        ticket.values[ident] = after
    _move_field_tags(ticket, definition, before, after, changes)


def _move_field_tags(
    ticket: Ticket, definition: Json, before: object, after: object, changes: _Changes
) -> None:
    if definition["type"] in {"tagger", "multiselect"}:
        gone, come = as_texts(before), as_texts(after)
    elif definition["type"] == "checkbox" and definition.get("tag"):
        tag = str(definition["tag"])
        gone, come = [tag] if before else [], [tag] if after else []
    else:
        return
    _put_tags(ticket, [tag for tag in ticket.tags if tag not in gone] + come, changes)


def _apply_status(
    account: Account, ticket: Ticket, values: Json, author: User | None, changes: _Changes
) -> None:
    before, before_id = ticket.status, ticket.custom_status_id
    custom = account.rows("custom_statuses").get(as_int(values.get("custom_status_id")) or 0)
    wanted = as_text(values.get("status"))
    if custom is not None:
        ticket.status, ticket.custom_status_id = (
            str(custom["status_category"]),
            as_int(custom["id"]),
        )
    elif wanted and wanted != before:
        _default_status(account, ticket, wanted)
    elif not wanted and before == "new" and as_int(values.get("assignee_id")):
        _default_status(account, ticket, "open")
    if ticket.status != before:
        changes.note("status", before, ticket.status)
        _follow_status(ticket, before, author, changes)
    if ticket.custom_status_id != before_id:
        after_id = _as_event(ticket.custom_status_id)
        changes.note("custom_status_id", _as_event(before_id), after_id)


def _follow_status(ticket: Ticket, before: str, author: User | None, changes: _Changes) -> None:
    if ticket.status == "solved":
        if ticket.assignee_id is None and author is not None and author.is_staff:
            changes.note("assignee_id", None, _as_event(author.id))
            ticket.assignee_id = author.id
    elif before == "solved" and ticket.status not in {"closed", "deleted"}:
        ticket.reopens += 1


def _default_status(account: Account, ticket: Ticket, category: str) -> None:
    ticket.status = category
    # closed has no status of its own: it keeps the solved one
    wanted = "solved" if category == "closed" else category
    for ident, row in account.rows("custom_statuses").items():
        if row["status_category"] == wanted and row["default"]:
            ticket.custom_status_id = ident
            return


def _index(account: Account, ticket: Ticket) -> None:
    if ticket.status == "solved":
        if ticket.solved_at is None:
            ticket.solved_at = ticket.updated
            account.expect_closing(ticket, ticket.updated)
    elif ticket.status != "closed":
        ticket.solved_at = None


def new_audit(account: Account, ticket: Ticket, doing: Doing, values: Json) -> Audit:
    """An audit without events yet."""
    return Audit(
        id=account.ids.take(),
        ticket_id=ticket.id,
        at=doing.at,
        author_id=doing.author_id,
        channel=doing.channel,
        client=doing.client,
        custom=as_object(values.get("metadata")),
        source=doing.source,
    )


def _first_comment(account: Account, ticket: Ticket, values: Json, audit: Audit) -> Event:
    comment = as_object(values.get("comment"))
    body: Json = {"body": ticket.description, **comment}
    default_author = ticket.requester_id if audit.channel != "api" else audit.author_id
    return _comment(account, body, default_author)


def _comment(account: Account, comment: Json, default_author: int) -> Event:
    return Event(
        id=account.ids.take(),
        kind="Comment",
        value=as_text(comment.get("body")) or as_text(comment.get("html_body")) or "",
        author_id=as_int(comment.get("author_id")) or default_author,
        public=bool(comment.get("public", True)),
        extra={"via": comment["via"]} if "via" in comment else None,
    )


def _create_events(account: Account, ticket: Ticket) -> list[Event]:
    names = list(CREATE_EVENTS)
    names += [name for name in OPTIONAL_CREATE_EVENTS if getattr(ticket, name) is not None]
    events = []
    for name in names:
        value = getattr(ticket, PLAIN_IDS.get(name, name))
        shown = iso_or_none(value) if name == "due_at" else _as_event(value)
        events.append(Event(account.ids.take(), "Create", name, shown))
    if ticket.tags:
        events.append(Event(account.ids.take(), "Create", "tags", list(ticket.tags)))
    for ident, value in ticket.values.items():
        events.append(Event(account.ids.take(), "Create", str(ident), value))
    return events


def _as_event(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
