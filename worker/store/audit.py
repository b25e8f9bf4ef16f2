# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions whose answer must be nothing, in SQL of their own.

Nothing here is shared with the code that decides, claims and sends: a slip
there must not hide itself here. Every question chooses the rows that break a
promise; they are counted, and the first of them are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.database import epoch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from worker.store.database import Books

_SHOWN = 20

_QUESTIONS: Mapping[str, str] = {
    "missed_step": """
        SELECT ticket_id FROM tickets
        WHERE account = :account AND step_at IS NOT NULL AND step_at < :late
        AND settled = 1 AND quarantined_at IS NULL AND life = 'present'""",
    "untold_step": """
        SELECT s.ticket_id FROM steps AS s
        WHERE s.account = :account AND s.tells > 0 AND s.fired_at >= :since AND s.tells >
            (SELECT count(*) FROM outbox AS o
             WHERE o.account = s.account AND o.ticket_id = s.ticket_id
             AND o.measure = s.measure AND o.cycle = s.cycle AND o.step = s.step)""",
    "no_reason": """
        SELECT ticket_id FROM outbox
        WHERE account = :account AND state NOT IN ('ready', 'sending', 'sent', 'joined')
        AND created_at >= :since AND coalesce(detail, '') = ''""",
    "unnoticed_breach": """
        SELECT v.ticket_id FROM verdicts AS v
        JOIN tickets AS t ON t.account = v.account AND t.ticket_id = v.ticket_id
        WHERE v.account = :account AND v.state = 'running' AND v.due_at < :late
        AND settled = 1 AND quarantined_at IS NULL AND life = 'present'""",
    "overdue_look": """
        SELECT ticket_id FROM tickets
        WHERE account = :account AND look_at IS NOT NULL AND look_at < :late
        AND settled = 1 AND quarantined_at IS NULL""",
    "no_look": """
        SELECT t.ticket_id FROM verdicts AS v
        JOIN tickets AS t ON t.account = v.account AND t.ticket_id = v.ticket_id
        WHERE v.account = :account AND v.state = 'running' AND t.look_at IS NULL
        AND settled = 1 AND quarantined_at IS NULL AND life = 'present'""",
    "not_judged": """
        SELECT ticket_id FROM tickets
        WHERE account = :account AND judged_at IS NULL AND look_at IS NULL AND settled = 1
        AND quarantined_at IS NULL""",
    "unsent_message": """
        SELECT ticket_id FROM outbox
        WHERE account = :account AND state = 'ready' AND due < :late""",
    "abandoned_message": """
        SELECT ticket_id FROM outbox
        WHERE account = :account AND state = 'sending'
        AND (lease_until IS NULL OR lease_until < :lease_late)""",
    "abandoned_write": """
        SELECT ticket_id FROM field_changes
        WHERE account = :account AND state = 'writing'
        AND (lease_until IS NULL OR lease_until < :lease_late)""",
    "old_hint": "SELECT ticket_id FROM hints WHERE account = :account AND due < :late",
    "old_cursor": """
        SELECT stream FROM cursors WHERE account = :account AND saved_at < :last_poll""",
    "paused": "SELECT account FROM accounts WHERE account = :account AND paused_at IS NOT NULL",
}

CHECKS = tuple(_QUESTIONS)
"""The names of all questions."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that does not hold: by how many rows, and which the first of them are."""

    check: str
    number: int
    shown: tuple[str, ...]


def violations(
    books: Books, now: datetime, *, grace: int, poll_interval: int, since: datetime | None = None
) -> list[Violation]:
    """What must never be.

    Args:
        books: the account.
        now: the present instant.
        grace: seconds for which something may be overdue.
        poll_interval: seconds between two polls; a place in the export may be three of them old.
        since: looks only at messages decided from then on; None: at all of them.
    """
    at, lease_now = epoch(now), books.lease_now()
    values = {
        "account": books.account,
        "late": at - grace,
        "lease_late": lease_now - grace,
        "last_poll": at - 3 * poll_interval,
        "since": 0 if since is None else epoch(since),
    }
    found = (_ask(books, check, text, values) for check, text in _QUESTIONS.items())
    return [one for one in found if one is not None]


def _ask(books: Books, check: str, text: str, values: Mapping[str, object]) -> Violation | None:
    wanted = {name: value for name, value in values.items() if f":{name}" in text}
    rows = books.tx.execute(sa.text(f"{text} LIMIT {_SHOWN + 1}"), wanted).scalars().all()
    if not rows:
        return None
    number = len(rows)
    if number > _SHOWN:
        count = sa.text(f"SELECT count(*) FROM ({text}) AS broken")  # noqa: S608 -- a text of ours
        number = books.tx.execute(count, wanted).scalar_one()
    return Violation(check, int(number), tuple(dict.fromkeys(rows[:_SHOWN])))
