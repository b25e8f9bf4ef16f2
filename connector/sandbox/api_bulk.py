# SPDX-License-Identifier: GPL-3.0-or-later
"""Bulk calls on tickets: up to a hundred rows, done by a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.answers import Answer, Refusal, too_many_values
from connector.sandbox.api_jobs import job_answer
from connector.sandbox.api_tickets import MOST, note_write
from connector.sandbox.endpoints import Endpoint
from connector.sandbox.jobs import JobRow, Work, failed_row
from connector.sandbox.ledger import TicketWrite
from connector.sandbox.limits import TEN_MINUTES
from connector.sandbox.ticket_endings import delete_ticket
from connector.sandbox.tickets import Doing, create_ticket, update_ticket
from connector.sandbox.wire import Json, as_int, as_object, as_rows, ids_of, iso

if TYPE_CHECKING:
    from connector.sandbox.site import Call


def create_many(call: Call) -> Answer:
    """`POST /tickets/create_many`: rows are done in an order of their own."""
    rows = as_rows(call.body.get("tickets"))
    if len(rows) > MOST:
        raise too_many_values()
    order = list(enumerate(rows))
    call.account.rng.shuffle(order)
    work = [_creation(call, number, row) for number, row in order]
    return job_answer(call, Work("Bulk Create Ticket", "Creating ticket", work))


def update_many(call: Call) -> Answer:
    """`PUT /tickets/update_many`: one change for all `ids`, or a row for each ticket."""
    if "ids" in call.query:
        change = as_object(call.body.get("ticket"))
        rows: list[Json] = [change | {"id": ident} for ident in ids_of(call.query["ids"])]
        # the bulk form is always safe: its stamp is the time of queueing
        queued: int | None = call.now
    else:
        rows = as_rows(call.body.get("tickets"))
        queued = None
    if len(rows) > MOST:
        raise too_many_values()
    for row in rows:
        if queued is None and ("safe_update" in row) != ("updated_stamp" in row):
            text = "safe_update and updated_stamp must be sent together"
            raise Refusal(400, {"error": "InvalidValue", "description": text})
    work = [_change(call, row, queued) for row in rows]
    return job_answer(call, Work("Bulk Update Ticket", "Updating ticket", work))


def destroy_many(call: Call) -> Answer:
    """`DELETE /tickets/destroy_many?ids=`: 200 with a job."""
    wanted = ids_of(call.query.get("ids", ""))
    if len(wanted) > MOST:
        raise too_many_values()
    work = [_deletion(call, ident) for ident in wanted]
    return job_answer(call, Work("Bulk Delete Ticket", "Deleting ticket", work))


def _at(call: Call, at: int) -> Doing:
    doing = call.doing()
    return Doing(doing.author_id, at, doing.channel, client=doing.client)


def _creation(call: Call, number: int, values: Json) -> JobRow:
    def run(at: int) -> Json:
        try:
            ticket, audit = create_ticket(call.account, values, _at(call, at))
        except Refusal as refusal:
            body = as_object(refusal.answer.body)
            return {
                "index": number,
                "error": "TicketCreateFailed",
                "details": str(body.get("description")),
            }
        note_write(call, audit, "create", at, in_job="create_many")
        account_id = call.site.settings.account_id
        return {"index": number, "id": ticket.id, "account_id": account_id}

    return JobRow(run, action="create")


def _change(call: Call, row: Json, queued: int | None) -> JobRow:
    ident = as_int(row.get("id")) or 0
    values = {key: value for key, value in row.items() if key != "id"}
    keys = call.site.settings.assumptions.failed_row_keys

    def run(at: int) -> Json:
        try:
            ticket = call.account.ticket(ident)
            _count_update(call, ident, at)
            if queued is not None and ticket.updated > queued:
                values["safe_update"], values["updated_stamp"] = True, iso(queued)
            audit = update_ticket(call.account, ticket, values, _at(call, at))
        except Refusal as refusal:
            return failed_row(ident, "update", refusal, keys)
        note_write(call, audit, "update", at, in_job="update_many")
        return {"action": "update", "status": "Updated", "success": True, "id": ident}

    return JobRow(run, ident)


def _count_update(call: Call, ident: int, at: int) -> None:
    """Count a row like a single update of its ticket, if that is what is assumed."""
    if not call.site.settings.assumptions.bulk_rows_count_per_ticket:
        return
    who = f"per-ticket-updates {call.user.id if call.user else None} {ident}"
    most = call.site.settings.effective_limits.per_ticket
    if call.site.buckets.take(who, most, at, TEN_MINUTES).refused:
        text = "Number of updates of this ticket exceeded"
        raise Refusal(429, {"error": "APIRateLimitExceeded", "description": text})


def _deletion(call: Call, ident: int) -> JobRow:
    keys = call.site.settings.assumptions.failed_row_keys

    def run(at: int) -> Json:
        try:
            delete_ticket(call.account, call.account.ticket(ident), _at(call, at))
        except Refusal as refusal:
            return failed_row(ident, "delete", refusal, keys)
        call.site.ledger.ticket_writes.append(TicketWrite(iso(at), ident, "delete", {}))
        return {"action": "delete", "status": "Deleted", "success": True, "id": ident}

    return JobRow(run, ident, "delete")


ENDPOINTS = (
    Endpoint("POST", "tickets/create_many", create_many),
    Endpoint("PUT", "tickets/update_many", update_many),
    Endpoint("DELETE", "tickets/destroy_many", destroy_many, action="destroy_many"),
)
