# SPDX-License-Identifier: GPL-3.0-or-later
"""Tickets, their audits and comments, and the bulk calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.answers import Answer, not_found, too_many_values
from connector.sandbox.api_jobs import job_answer
from connector.sandbox.endpoints import Endpoint
from connector.sandbox.jobs import JobRow, Work
from connector.sandbox.ledger import TicketWrite
from connector.sandbox.metric_events import metric_events_by_metric, policy_metrics
from connector.sandbox.paging import listed
from connector.sandbox.render import (
    audit_json,
    comment_json,
    configuration_json,
    metric_set_json,
    organization_json,
    ticket_json,
    user_json,
)
from connector.sandbox.ticket_endings import delete_ticket, restore_ticket, scrub_ticket
from connector.sandbox.tickets import create_ticket, make_comment_private, update_ticket
from connector.sandbox.wire import Json, as_int, as_object, as_rows, as_texts, ids_of, iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.sandbox.records import Audit, Event, Ticket
    from connector.sandbox.site import Call

MOST = 100
WRITABLE = frozenset(
    as_texts(
        "subject description comment requester_id requester submitter_id assignee_id "
        "assignee_email organization_id group_id collaborator_ids collaborators "
        "additional_collaborators follower_ids followers email_ccs email_cc_ids external_id "
        "type priority status custom_status_id tags additional_tags remove_tags due_at "
        "custom_fields fields problem_id recipient brand_id ticket_form_id metadata "
        "safe_update updated_stamp via via_id via_followup_source_id macro_ids "
        "attribute_value_ids sharing_agreement_ids is_public satisfaction_rating"
    )
)


def show(call: Call) -> Answer:
    """`GET /tickets/{id}`, with the clocks and targets of Zendesk's own on request."""
    ticket = call.account.ticket(call.ident)
    row = ticket_json(call.account, ticket, call.links)
    wanted = call.includes()
    if "slas" in wanted:
        row["slas"] = {"policy_metrics": policy_metrics(call.account, ticket, call.now)}
    if "metric_events" in wanted:
        row["metric_events"] = metric_events_by_metric(call.account, ticket, call.now)
    body: Json = {"ticket": row}
    return Answer(200, body | sideloads(call, [ticket], wanted))


def index(call: Call) -> Answer:
    """`GET /tickets`: without deleted and long-closed ones; by cursor it leaves out `fields`."""
    archived_before = call.now - 120 * 86400
    rows = [
        ticket
        for ticket in call.account.tickets.values()
        if not ticket.is_deleted
        and not (ticket.status == "closed" and ticket.updated < archived_before)
    ]
    by_cursor = any(name.startswith("page[") for name in call.query)

    def shown(ticket: Ticket) -> Json:
        return ticket_json(call.account, ticket, call.links, fields_twice=not by_cursor)

    body = listed(call, "tickets", rows, shown, "nice_id")
    found = [call.account.tickets[as_int(row["id"]) or 0] for row in as_rows(body["tickets"])]
    return Answer(200, body | sideloads(call, found, call.includes()))


def show_many(call: Call) -> Answer:
    """`GET /tickets/show_many`: in id order, missing ones silently left out."""
    wanted = ids_of(call.query.get("ids", ""))
    if len(wanted) > MOST:
        raise too_many_values()
    found = [call.account.tickets.get(ident) for ident in sorted(set(wanted))]
    tickets = [ticket for ticket in found if ticket is not None and not ticket.is_deleted]
    body: Json = {
        "tickets": [ticket_json(call.account, ticket, call.links) for ticket in tickets],
        "next_page": None,
        "previous_page": None,
        "count": len(tickets),
    }
    return Answer(200, body | sideloads(call, tickets, call.includes()))


def create(call: Call) -> Answer:
    """`POST /tickets`: the answer shows the host that was called."""
    values = as_object(call.body.get("ticket"))
    ticket, audit = create_ticket(call.account, values, call.doing())
    note_write(call, audit, "create", call.now)
    body: Json = {
        "ticket": ticket_json(call.account, ticket, call.called, generated=_generated(call, 0)),
        "audit": audit_json(audit),
    }
    return Answer(201, body, location=call.called.to("tickets", ticket.id))


def update(call: Call) -> Answer:
    """`PUT /tickets/{id}`."""
    ticket = call.account.ticket(call.ident)
    values = as_object(call.body.get("ticket"))
    audit = update_ticket(call.account, ticket, values, call.doing())
    note_write(call, audit, "update", call.now)
    generated = _generated(call, ticket.generated)
    body: Json = {
        "ticket": ticket_json(call.account, ticket, call.links, generated=generated),
        "audit": audit_json(audit),
    }
    return Answer(200, body)


def delete(call: Call) -> Answer:
    """`DELETE /tickets/{id}`: into the bin."""
    ticket = call.account.ticket(call.ident)
    delete_ticket(call.account, ticket, call.doing())
    _note_plain(call, ticket.id, "delete")
    return Answer(204)


def restore(call: Call) -> Answer:
    """`PUT /deleted_tickets/{id}/restore`."""
    ticket = _in_bin(call, call.ident)
    restore_ticket(call.account, ticket, call.doing())
    _note_plain(call, ticket.id, "restore")
    return Answer(200, {})


def deleted(call: Call) -> Answer:
    """`GET /deleted_tickets`."""
    rows = [
        ticket
        for ticket in call.account.tickets.values()
        if ticket.is_deleted and not ticket.scrubbed
    ]

    def shown(ticket: Ticket) -> Json:
        return {
            "id": ticket.id,
            "subject": ticket.subject,
            "description": ticket.description,
            "actor": {"id": ticket.audits[-1].author_id, "name": ""},
            "deleted_at": iso(ticket.deleted_at or 0),
            "previous_state": ticket.status_before_deletion,
        }

    return Answer(200, listed(call, "deleted_tickets", rows, shown))


def delete_for_good(call: Call) -> Answer:
    """`DELETE /deleted_tickets/{id}`: scrubs the ticket by a job without a total."""
    ticket = _in_bin(call, call.ident)

    def scrub(at: int) -> Json:
        scrub_ticket(call.account, ticket, at)
        return {"success": True}

    return job_answer(
        call,
        Work(
            "Bulk Permanently Delete Ticket", "Deleting ticket", [JobRow(scrub)], shows_total=False
        ),
    )


def audits(call: Call) -> Answer:
    """`GET /tickets/{id}/audits`."""
    ticket = call.account.ticket(call.ident)
    rows = ticket.audits
    if call.query.get("sort_order") == "desc" or call.query.get("sort") == "-created_at":
        rows = list(reversed(rows))
    return Answer(200, listed(call, "audits", rows, audit_json) | sideloads(call, [ticket], set()))


def all_audits(call: Call) -> Answer:
    """`GET /ticket_audits`: of all tickets that are not archived."""
    rows = sorted(call.account.audits.values(), key=lambda audit: (audit.at, audit.id))
    return Answer(200, listed(call, "audits", rows, audit_json, "created_at,id"))


def comments(call: Call) -> Answer:
    """`GET /tickets/{id}/comments`."""
    ticket = call.account.ticket(call.ident)
    rows = [(event, audit) for audit in ticket.audits for event in _comments_of(audit)]

    def shown(row: tuple[Event, Audit]) -> Json:
        return comment_json(*row)

    body = listed(call, "comments", rows, shown, "created_at,id")
    if "users" in call.includes():
        authors = {event.author_id for event, _ in rows}
        people = [call.account.users[ident] for ident in authors if ident in call.account.users]
        body["users"] = [user_json(user, call.links) for user in people]
    return Answer(200, body)


def hide_comment(call: Call) -> Answer:
    """`PUT /tickets/{id}/comments/{id}/make_private`."""
    ticket = call.account.ticket(call.ident)
    for audit in ticket.audits:
        for event in _comments_of(audit):
            if event.id == int(call.params["other"]):
                make_comment_private(call.account, ticket, event, call.doing())
                _note_plain(call, ticket.id, "make_private")
                return Answer(200, {})
    raise not_found()


def sideloads(call: Call, tickets: Sequence[Ticket], wanted: set[str]) -> Json:
    """Root-level arrays of what the tickets of a page refer to."""
    account = call.account
    body: Json = {}
    if "users" in wanted:
        ids = {i for t in tickets for i in (t.requester_id, t.submitter_id, t.assignee_id) if i}
        people = [account.users[ident] for ident in sorted(ids) if ident in account.users]
        body["users"] = [user_json(user, call.links) for user in people]
    if "organizations" in wanted:
        ids = {t.organization_id for t in tickets if t.organization_id}
        customers = [account.organizations[i] for i in sorted(ids) if i in account.organizations]
        body["organizations"] = [organization_json(row, call.links) for row in customers]
    for word, kind, attribute in (
        ("groups", "groups", "group_id"),
        ("brands", "brands", "brand_id"),
    ):
        if word in wanted:
            ids = {i for t in tickets if (i := getattr(t, attribute)) is not None}
            rows = [account.rows(kind)[i] for i in sorted(ids) if i in account.rows(kind)]
            body[word] = [configuration_json(kind, row, call.links) for row in rows]
    if "metric_sets" in wanted:
        body["metric_sets"] = [metric_set_json(account, ticket) for ticket in tickets]
    return body


def note_write(
    call: Call, audit: Audit, action: str, at: int, *, in_job: str | None = None
) -> None:
    """Enter one changed ticket into the ledger."""
    changed = {event.name: event.value for event in audit.events if event.kind == "Change"}
    call.site.ledger.ticket_writes.append(
        TicketWrite(
            at=iso(at),
            ticket_id=audit.ticket_id,
            action=action,
            changed=changed,
            comment=any(event.kind == "Comment" for event in audit.events),
            marker=audit.custom,
            in_job=in_job,
        )
    )


def _note_plain(call: Call, ticket_id: int, action: str) -> None:
    call.site.ledger.ticket_writes.append(TicketWrite(iso(call.now), ticket_id, action, {}))


def _comments_of(audit: Audit) -> list[Event]:
    return [event for event in audit.events if event.kind == "Comment"]


def _generated(call: Call, value: int) -> int | None:
    return None if call.site.settings.era == "2023" else value


def _in_bin(call: Call, ident: int) -> Ticket:
    ticket = call.account.tickets.get(ident)
    if ticket is None or not ticket.is_deleted or ticket.scrubbed:
        raise not_found()
    return ticket


ENDPOINTS = (
    Endpoint("GET", "tickets", index, bucket="tickets-index"),
    Endpoint("POST", "tickets", create, wrapper="ticket", permitted=WRITABLE, action="create"),
    Endpoint("GET", "tickets/show_many", show_many),
    Endpoint("GET", "tickets/{id}", show),
    Endpoint(
        "PUT",
        "tickets/{id}",
        update,
        bucket="tickets-update",
        wrapper="ticket",
        permitted=WRITABLE,
        action="update",
    ),
    Endpoint("DELETE", "tickets/{id}", delete, action="destroy"),
    Endpoint("GET", "tickets/{id}/audits", audits, bucket="audits"),
    Endpoint("GET", "tickets/{id}/comments", comments),
    Endpoint("PUT", "tickets/{id}/comments/{other}/make_private", hide_comment),
    Endpoint("GET", "ticket_audits", all_audits, admin=True),
    Endpoint("GET", "deleted_tickets", deleted),
    Endpoint("PUT", "deleted_tickets/{id}/restore", restore, action="restore"),
    Endpoint(
        "DELETE",
        "deleted_tickets/{id}",
        delete_for_good,
        bucket="deleted-tickets-destroy",
        action="destroy",
    ),
)
