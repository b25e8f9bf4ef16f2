# SPDX-License-Identifier: GPL-3.0-or-later
"""People needed for mail and whatever else can wait until its due."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from rules.mail_plan import (
    JUDGED_WEEKS,
    WEEKS,
    MailPlan,
    half_year,
    laid_end_to_end,
    outlook,
    plan_mail,
    weekly_capacity,
    weekly_work,
)
from rules.timeline import seconds_of
from rules.workdays import workdays
from rules.workload import Roster, Task
from worker.staffing.first_replies import first_reply, is_chat
from worker.staffing.setting import levels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rules.facts import Ticket
    from rules.workdays import Workday
    from worker.staffing.setting import Setting

_AFTER_THE_END = 8 * 7 * 86_400
"""Work that came in just before the end is done after it."""


class MailAnswer(NamedTuple):
    """The people needed, and what those of the roster make of it; None without a roster.

    `days` are those of a simulated week, with the roster's people where there is one.
    """

    needed: MailPlan
    as_rostered: MailPlan | None
    days: tuple[Workday, ...]


def answer_mail(tickets: Sequence[Ticket], setting: Setting) -> MailAnswer | None:
    """People needed for work that can wait; None where none came in."""
    over, assumed = setting.over, setting.assumed
    span = half_year(over)
    tasks = _tasks(tickets, setting)
    if not tasks:
        return None
    pledges = levels(setting.policy, assumed.level)
    within = (span.start, span.end + _AFTER_THE_END)

    def staffed(agents: int) -> Roster:
        return Roster.staffed(setting.calendar.business, agents, within, assumed.shrinkage)

    needed = plan_mail(tasks, pledges, _kept(staffed), span)
    shifts = None if setting.roster is None else setting.roster.of("mail")
    if shifts is None or not shifts.shifts:
        return MailAnswer(needed, None, _last_week(tasks, staffed(needed.agents or 0), setting))
    n_days = (within[1] - within[0]) // 86_400
    days = [over.days[0] + timedelta(days=n) for n in range(n_days)]
    full, fewer = (
        Roster(shifts.duties(days, over.zone, less), assumed.shrinkage) for less in (0, 1)
    )
    tiers = outlook(tasks, pledges, full, fewer, span)
    work, capacity = weekly_work(tasks, span), weekly_capacity(full, span)
    as_rostered = MailPlan(None, tiers, work, capacity)
    return MailAnswer(needed, as_rostered, _last_week(tasks, full, setting))


def _last_week(tasks: Sequence[Task], roster: Roster, setting: Setting) -> tuple[Workday, ...]:
    """The last whole week of the half year without a holiday, from its Monday."""
    over, holidays = setting.over, setting.calendar.holiday_names
    behind = over.days[0] + timedelta(weeks=WEEKS)
    behind -= timedelta(days=behind.weekday())
    for _ in range(JUDGED_WEEKS):
        if not any(behind - timedelta(days=back) in holidays for back in range(1, 8)):
            break
        behind -= timedelta(weeks=1)
    return tuple(workdays(tasks, roster, behind - timedelta(weeks=1), behind, over.zone))


def _tasks(tickets: Sequence[Ticket], setting: Setting) -> list[Task]:
    # More mail is more work: what counts is that it is done in time, not how it is cut up.
    work = round(setting.assumed.mail_seconds * (1 + setting.assumed.growth))
    found = []
    for ticket in laid_end_to_end(tickets, setting.over):
        first = None if ticket.channel == "phone" else first_reply(ticket, setting.policy)
        if first is not None and not is_chat(ticket, first.seconds):
            arrives = seconds_of(ticket.created_at)
            found.append(Task(arrives, first.due, work, first.group))
    return found


def _kept(make: Callable[[int], Roster]) -> Callable[[int], Roster]:
    """The same, each roster made once."""
    made: dict[int, Roster] = {}

    def roster(agents: int) -> Roster:
        if agents not in made:
            made[agents] = make(agents)
        return made[agents]

    return roster
