# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sandbox assumes because nobody could check it on a live account."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.sandbox.settings import SandboxSettings
    from connector.sandbox.wire import Json

MEANINGS = {
    "plan_limit_text": "description of a 429 of the plan limit",
    "unknown_client_status": "status for an unknown OAuth client or secret",
    "token_status": "status of a granted token (documented: 201)",
    "forbidden_text": "description of a 403",
    "anonymous_id_is_null": "users/me of nobody holds an id that is null",
    "equal_values_make_no_event": "an update with equal values makes no Change event",
    "due_at_needs_task": "due_at on a ticket that is not a task is accepted and stays null",
    "failed_row_keys": "keys of a failed row of a bulk job",
    "too_many_jobs_status": "status when too many jobs are open",
    "bulk_rows_count_per_ticket": "rows of update_many count against the limit per ticket",
    "invalid_cursor_status": "status for a cursor that was never handed out",
    "event_via": "spelling of via in ticket events: text, object, or both in turn",
    "webhook_retries": "attempts after a delivery that asked for another",
    "breaker_min_deliveries": "deliveries in five minutes before the breaker can trip",
}


def assumptions_json(settings: SandboxSettings) -> Json:
    """Every assumption with its meaning and its present value."""
    values = asdict(settings.assumptions)
    return {name: {"meaning": MEANINGS[name], "value": value} for name, value in values.items()}


def describe(settings: SandboxSettings, base_url: str) -> list[str]:
    """Lines to print when a sandbox starts."""
    lines = [
        f"Zendesk sandbox at {base_url}: {settings.tickets} tickets, seed {settings.seed}",
        f"Its clock: {base_url}/_sandbox/clock",
        f"Clock from {settings.now.isoformat()} at speed {settings.speed:g}",
        f"OAuth client {settings.client_id!r}, secret {settings.client_secret!r}",
        "Assumptions (each can be switched, none is proven on a live account):",
    ]
    for name, value in asdict(settings.assumptions).items():
        lines.append(f"  {name} = {value!r}: {MEANINGS[name]}")
    return lines
