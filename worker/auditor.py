# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the rows, by queries of its own, whether anything has been forgotten.

Only when nothing has is the dead-man's address pinged: silence is noticed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from worker.logs import get_logger
from worker.store.accounts import account_row
from worker.store.summary import violations

if TYPE_CHECKING:
    from worker.wiring import Installation

GRACE = 300
"""Seconds for which a row may be overdue before it counts as forgotten."""

_log = get_logger(__name__)


def audit(installation: Installation) -> dict[str, dict[str, int]]:
    """Rows that break a promise, by account and check; empty when all is well."""
    found: dict[str, dict[str, int]] = {}
    now = installation.clock.now()
    for work in installation.accounts:
        interval = int(work.settings.poll_interval.total_seconds())
        with installation.database.read(work.name) as books:
            broken = violations(books, now, GRACE, interval)
            broken["paused"] = int(account_row(books).paused_at is not None)
        broken = {check: number for check, number in broken.items() if number}
        if broken:
            found[work.name] = broken
    return found


def audit_and_ping(installation: Installation) -> bool:
    """Audit; ping the dead-man's address if and only if nothing was found."""
    found = audit(installation)
    for account, broken in found.items():
        shown = ", ".join(f"{check} {number}" for check, number in sorted(broken.items()))
        _log.error("audit_failed", account=account, reason=shown)
    url = installation.settings.deadman_url
    if url is not None and not found:
        try:
            requests.get(url.get_secret_value(), timeout=(5, 10), allow_redirects=False)
        except requests.RequestException as fault:
            _log.warning("deadman_unreachable", reason=type(fault).__name__)
    return not found
