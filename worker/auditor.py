# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the rows, by queries of its own, whether anything has been forgotten.

Only when nothing has is the dead-man's address pinged: silence is noticed.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import requests

from worker.logs import get_logger
from worker.store.audit import Violation, violations

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from worker.settings import AccountSettings
    from worker.store.database import Database
    from worker.wiring import Installation

GRACE = 300
"""Seconds for which something may be overdue before it counts as forgotten."""

_LOOKS_BACK = timedelta(days=2)
"""The running auditor looks over younger messages; `stipt audit` over all of them."""

MEANINGS = {
    "missed_step": "a step's moment has passed and it has not fired",
    "untold_step": "a step fired and not everyone it tells has a message",
    "no_reason": "a message was not sent and nobody wrote down why",
    "unnoticed_breach": "a due has passed and its clock does not say so",
    "overdue_look": "a ticket's moment has passed and nobody looked at it",
    "no_look": "a clock runs and nobody will look at its ticket",
    "not_judged": "a ticket was read and is not judged",
    "unsent_message": "a message waits past its time",
    "abandoned_message": "a message was begun and nobody finishes it",
    "abandoned_write": "a write was begun and nobody finishes it",
    "old_hint": "a webhook told of a ticket and nobody has read it",
    "old_cursor": "the helpdesk was read too long ago",
    "paused": "the connection is paused",
}
"""What each check's finding means, for people."""

_log = get_logger(__name__)


def audited(
    database: Database,
    accounts: Sequence[AccountSettings],
    now: datetime,
    *,
    since: datetime | None = None,
) -> dict[str, list[Violation]]:
    """Promises that do not hold, by account; empty when all is well."""
    found: dict[str, list[Violation]] = {}
    for account in accounts:
        with database.read(account.name) as books:
            broken = violations(
                books,
                now,
                grace=GRACE,
                poll_interval=int(account.poll_interval.total_seconds()),
                since=since,
            )
        if broken:
            found[account.name] = broken
    return found


def audit_and_ping(installation: Installation) -> bool:
    """Audit; ping the dead-man's address if and only if nothing was found."""
    now = installation.clock.now()
    accounts = [work.settings for work in installation.accounts]
    found = audited(installation.database, accounts, now, since=now - _LOOKS_BACK)
    counts: Counter[str] = Counter()
    for broken in found.values():
        counts.update({one.check: one.number for one in broken})
    installation.metrics.audited(counts, tuple(MEANINGS))
    for account, broken in found.items():
        shown = ", ".join(f"{one.check} {one.number}" for one in broken)
        _log.error("audit_failed", account=account, reason=shown)
    url = installation.settings.deadman_url
    if url is not None and not found:
        try:
            requests.get(url.get_secret_value(), timeout=(5, 10), allow_redirects=False)
        except requests.RequestException as fault:
            _log.warning("deadman_unreachable", reason=type(fault).__name__)
    return not found
