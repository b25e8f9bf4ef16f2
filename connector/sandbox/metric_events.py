# SPDX-License-Identifier: GPL-3.0-or-later
"""Zendesk's own clocks, as the metric-event export shows them.

Every ticket has them, with or without an SLA policy. The events are worked
out afresh from the audits at each call; their ids follow from ticket, metric
and position, so that a rewritten event keeps its id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.sandbox.wire import Json, as_int, as_object, as_rows, iso

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.sandbox.account import Account
    from connector.sandbox.records import Audit, Ticket

RUNS_IN = {
    "agent_work_time": ("new", "open"),
    "requester_wait_time": ("new", "open", "hold"),
    "resolution_time": ("new", "open", "pending", "hold"),
}
METRICS = ("agent_work_time", "requester_wait_time", "resolution_time", "reply_time")
IDS_PER_TICKET = 512


@dataclass(slots=True)
class MetricEvent:
    """One event of one clock; `time` in epoch seconds."""

    metric: str
    instance: int
    kind: str
    time: int
    extra: Json
    deleted: bool = False


def ticket_metric_events(account: Account, ticket: Ticket, now: int) -> list[Json]:
    """All events of a ticket, in the order of their ids."""
    rows = []
    position = 0
    for metric in METRICS:
        for event in _events(account, ticket, metric, now):
            position += 1
            row: Json = {
                "id": ticket.id * IDS_PER_TICKET + position,
                "ticket_id": ticket.id,
                "metric": event.metric,
                "instance_id": event.instance,
                "type": event.kind,
                "time": iso(event.time),
                **event.extra,
            }
            if event.deleted:
                row["deleted"] = True
            rows.append(row)
    return rows


def metric_events_by_metric(account: Account, ticket: Ticket, now: int) -> Json:
    """The events of a ticket as the side-load shows them: an object by metric name."""
    body: Json = {metric: [] for metric in METRICS}
    for row in ticket_metric_events(account, ticket, now):
        listed = body[str(row["metric"])]
        if isinstance(listed, list):
            listed.append(row)
    return body


def policy_metrics(account: Account, ticket: Ticket, now: int) -> list[Json]:
    """Zendesk's own first-reply target of a ticket, when a policy applies."""
    target = _target(account, ticket)
    replied = _first_reply(account, ticket)
    if target is None or replied is not None:
        return []
    breach = ticket.created + target[1]
    return [
        {
            "breach_at": iso(breach),
            "stage": "active",
            "metric": "first_reply_time",
            "hours" if breach > now else "days": abs(breach - now) // 3600,
        }
    ]


def _events(account: Account, ticket: Ticket, metric: str, now: int) -> Iterator[MetricEvent]:
    yield MetricEvent(metric, 0, "measure", ticket.created, {})
    if metric == "reply_time":
        yield from _reply_events(account, ticket, now)
        return
    running = False
    instance = 1
    for at, status in _statuses(ticket):
        should_run = status in RUNS_IN[metric]
        if should_run and not running:
            yield MetricEvent(metric, instance, "activate", at, {})
        elif running and status in {"solved", "closed", "deleted"}:
            yield MetricEvent(metric, instance, "fulfill", at, {})
            yield MetricEvent(metric, instance, "update_status", at, _elapsed(ticket.created, at))
            instance += 1
        elif running and not should_run:
            yield MetricEvent(metric, instance, "pause", at, {})
        running = should_run


def _statuses(ticket: Ticket) -> Iterator[tuple[int, str]]:
    for audit in ticket.audits:
        for event in audit.events:
            if event.name == "status":
                yield audit.at, str(event.value)


def _reply_events(account: Account, ticket: Ticket, now: int) -> Iterator[MetricEvent]:
    instance, waiting_since = 0, None
    for audit in ticket.audits:
        by_staff = _public_comment_by_staff(account, audit)
        if by_staff is False and waiting_since is None:
            instance, waiting_since = instance + 1, audit.at
            yield MetricEvent("reply_time", instance, "activate", audit.at, {})
            if instance == 1:
                yield from _target_events(account, ticket, now)
        elif (by_staff and waiting_since is not None) or (_is_solved(audit) and waiting_since):
            yield MetricEvent("reply_time", instance, "fulfill", audit.at, {})
            status = _elapsed(waiting_since or audit.at, audit.at)
            yield MetricEvent("reply_time", instance, "update_status", audit.at, status)
            waiting_since = None


def _target_events(account: Account, ticket: Ticket, now: int) -> Iterator[MetricEvent]:
    target = _target(account, ticket)
    if target is None:
        return
    policy, seconds, in_hours = target
    replied = _first_reply(account, ticket)
    applied: Json = {
        "sla": {
            "target": seconds // 60,
            "target_in_seconds": seconds,
            "business_hours": in_hours,
            "policy": {key: policy[key] for key in ("id", "title", "description")},
        }
    }
    yield MetricEvent("reply_time", 1, "apply_sla", ticket.created, applied)
    breach = ticket.created + seconds
    kept = replied is not None and replied <= breach
    # a breach that did not come stays in the stream, marked as deleted
    if kept or breach <= now:
        yield MetricEvent("reply_time", 1, "breach", breach, {}, deleted=kept)


def _target(account: Account, ticket: Ticket) -> tuple[Json, int, bool] | None:
    customer = account.organizations.get(ticket.organization_id or 0)
    if customer is None or ticket.priority is None:
        return None
    for policy in account.rows("policies").values():
        conditions = as_rows(as_object(policy["filter"]).get("all"))
        if all(row.get("value") == customer.fields.get("sla_tier") for row in conditions):
            for row in as_rows(policy["policy_metrics"]):
                if (row["metric"], row["priority"]) == ("first_reply_time", ticket.priority):
                    seconds = as_int(row["target_in_seconds"]) or 0
                    return policy, seconds, bool(row["business_hours"])
    return None


def _first_reply(account: Account, ticket: Ticket) -> int | None:
    for audit in ticket.audits[1:]:
        if _public_comment_by_staff(account, audit):
            return audit.at
    return None


def _public_comment_by_staff(account: Account, audit: Audit) -> bool | None:
    """True for a public agent comment, False for one of the customer's side, else None."""
    for event in audit.events:
        if event.kind == "Comment" and event.public:
            author = account.users.get(event.author_id or 0)
            return author is not None and author.is_staff
    return None


def _is_solved(audit: Audit) -> bool:
    return any(event.name == "status" and event.value == "solved" for event in audit.events)


def _elapsed(start: int, end: int) -> Json:
    minutes = (end - start) // 60
    return {"status": {"calendar": minutes, "business": minutes}}
