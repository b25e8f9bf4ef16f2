# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor sees of the account beside the rules: who they reach, and what a sync takes."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from connector.base import HelpdeskError
from worker.doctor_finding import Finding
from worker.doctor_history import look_at_history
from worker.rule_fit import MOST_ORGANIZATIONS, misfits, only_last_tier
from worker.store.database import Database
from worker.store.schema import schema_state
from worker.store.sync_progress import first_sync_is_done

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.base import Helpdesk, Inventory
    from rules.policy import Policy
    from worker.settings import AccountSettings, Settings

_SHOWN = 5
_PAGE = 1_000
_EVENTS_PER_TICKET = 5
"""Updates a ticket has, as helpdesks go: the estimate says that it is one."""
_EXPORTS_A_MINUTE = 10
_TICKETS_A_JOB = 100
_JOB = timedelta(seconds=12.5)
_JOBS_AT_ONCE = 3


def look_at_account(
    settings: Settings,
    account: AccountSettings,
    helpdesk: Helpdesk,
    policy: Policy,
    now: Callable[[], datetime],
) -> Iterator[Finding]:
    """Rules against what the account has, the two histories, and an estimate of the first sync."""
    yield from _asked("rules", "fit", lambda: _fit(helpdesk, policy))
    database = Database(settings.database_url.get_secret_value())
    try:
        if _has_tables(database):
            yield from _asked(
                "history", "comparison", lambda: look_at_history(database, account, helpdesk)
            )
        yield from _asked(
            "estimate", "first sync", lambda: _estimate(database, account, helpdesk, now())
        )
    finally:
        database.close()


def _asked(group: str, name: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of a look; a helpdesk that does not answer is one too."""
    try:
        yield from look()
    except (HelpdeskError, SQLAlchemyError) as fault:
        seen = str(fault) if isinstance(fault, HelpdeskError) else type(fault).__name__
        yield Finding(group, name, "warn", f"could not be looked at: {seen}")


def _fit(helpdesk: Helpdesk, policy: Policy) -> Iterator[Finding]:
    inventory = helpdesk.inventory(most_organizations=MOST_ORGANIZATIONS)
    found = misfits(policy, inventory)
    for one in found:
        yield Finding("rules", one.kind, "warn", one.what, one.remedy)
    if inventory.organizations is None:
        seen = "the organizations may not be read, so nobody knows whom the tiers reach"
        yield Finding("rules", "fit", "warn", seen, "grant the scope organizations:read")
    elif not found:
        n = len(inventory.organizations)
        seen = f"every tier and contract that names organizations matches some of the {n}"
        yield Finding("rules", "fit", "ok", seen)
    yield from _left_over(policy, inventory)


def _left_over(policy: Policy, inventory: Inventory) -> Iterator[Finding]:
    left = only_last_tier(policy, inventory.organizations or ())
    if not left:
        return
    names = ", ".join(one.name or f"{one.id}" for one in left[:_SHOWN])
    more = ", ..." if len(left) > _SHOWN else ""
    seen = f"{len(left)} organizations match the last tier alone: {names}{more}"
    yield Finding("rules", "last tier", "ok", seen)


def _has_tables(database: Database) -> bool:
    if database.is_sqlite and not Path(database.url.database or "").exists():
        return False
    return schema_state(database) == "current"


def _estimate(
    database: Database, account: AccountSettings, helpdesk: Helpdesk, now: datetime
) -> Iterator[Finding]:
    if _has_tables(database):
        with database.read(account.name) as books:
            is_done = first_sync_is_done(books)
        if is_done:
            yield Finding("estimate", "first sync", "ok", "done")
            return
    since = account.sync_from
    since = since if isinstance(since, datetime) else now - since
    n = helpdesk.count_changed(since)
    yield Finding("estimate", "first sync", "ok", _first_sync(n, since, account))
    yield Finding("estimate", "first write", "ok", _first_write(n, account))


def _first_sync(n: int, since: datetime, account: AccountSettings) -> str:
    tickets = ceil(n / _PAGE)
    told = f"{n:,} tickets changed since {since:%Y-%m-%d}"
    if account.history == "audits":
        calls = tickets + n
        how = f"{tickets} pages, and a call for the audits of each ticket"
        return f"{told}: {calls:,} calls ({how})"
    events = ceil(n * _EVENTS_PER_TICKET / _PAGE)
    minutes = ceil((tickets + events) / (_EXPORTS_A_MINUTE * float(account.api_share)))
    return (
        f"{told}, with {_EVENTS_PER_TICKET} events each: about {minutes} min ({tickets} ticket and "
        f"{events} event pages of {_PAGE:,}, at {float(account.api_share):.0%} of "
        f"{_EXPORTS_A_MINUTE} calls a minute)"
    )


def _first_write(n: int, account: AccountSettings) -> str:
    jobs = ceil(n / _TICKETS_A_JOB)
    minutes = ceil(ceil(jobs / _JOBS_AT_ONCE) * _JOB / timedelta(minutes=1))
    return (
        f"at most {n:,} tickets in {jobs} bulk jobs, about {minutes} min; the write budget lets "
        f"{account.write_budget} an hour through, or a tenth of the open ones"
    )
