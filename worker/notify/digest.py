# SPDX-License-Identifier: GPL-3.0-or-later
"""One message about many tickets: those of one moment for one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.notify.markup import Line, plain
from worker.notify.text import LATE_WORTH_SAYING, Template, Text, heading, spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from worker.notify.text import Setting
    from worker.outbox import OutboxMessage

MOST_SHOWN = 20
"""So many tickets are named; of the others only their number is told."""


def compose_digest(members: Sequence[tuple[OutboxMessage, Setting]], *, repeat: bool) -> Text:
    """What a digest says: each ticket once, the one that is due first at the top.

    Args:
        members: the messages that it stands for, each as it would be composed alone.
        repeat: an earlier try may have arrived.
    """
    first_of: dict[str, tuple[OutboxMessage, Setting]] = {}
    for one in sorted(members, key=lambda member: _urgency(member[0])):
        first_of.setdefault(one[0].ticket_id, one)
    tickets = list(first_of.values())
    setting = tickets[0][1]
    wording = setting.wording
    count = {"count": str(len(tickets))}
    subject = Template(wording.digest).render(count)
    head = [Line(Template(wording.digest_first).render(count))]
    tail = [Line(wording.repeat)] if repeat else []
    late = max(message.late_by for message, _ in members)
    if late >= LATE_WORTH_SAYING:
        tail.append(Line(Template(wording.late).render({"late_by": spoken(late, wording)})))
    lines = [Line(heading(message, where), where.link) for message, where in tickets[:MOST_SHOWN]]
    room = setting.room - len(subject) - len(wording.digest_more) - len(count["count"]) - 4
    while len(lines) > 1 and len(plain([*head, *lines, *tail])) > room:
        lines.pop()
    n_more = len(tickets) - len(lines)
    if n_more:
        lines.append(Line(Template(wording.digest_more).render({"count": str(n_more)})))
    return Text(subject, (*head, *lines, *tail), _is_overdue(members))


def _urgency(message: OutboxMessage) -> tuple[datetime, str]:
    return message.due_at or message.at, message.ticket_id


def _is_overdue(members: Iterable[tuple[OutboxMessage, Setting]]) -> bool:
    return any(
        message.due_at is not None and where.now >= message.due_at for message, where in members
    )
