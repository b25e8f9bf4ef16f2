# SPDX-License-Identifier: GPL-3.0-or-later
"""What staffing says: lines for people, rows for spreadsheets, a document for programs."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

from rules.attainment import percent_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from fractions import Fraction

    from rules.arrivals import Slot, Usual
    from rules.line_plan import IntervalPlan, LinePlan
    from rules.mail_plan import MailPlan
    from rules.workdays import Workday
    from worker.staffing.answer import Answer
    from worker.staffing.queues import Promised, QueuePlan

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NAMES = {"phone": ("Phone", "calls"), "chat": ("Chat", "conversations")}
Rows = list[list[str]]
DAYS_TITLE = "Mail day by day, in a week at the end of the simulated half year"


def percent(share: Fraction | None) -> str:
    """A share with one decimal, or n/a."""
    return "n/a" if share is None else f"{percent_of(share.numerator, share.denominator)} %"


def span(seconds: float) -> str:
    """Seconds as minutes and seconds: `6 min 05 s`."""
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"


def clock(slot: Slot) -> str:
    """A time of the week: `Mon 09:30`."""
    return f"{WEEKDAYS[slot.weekday]} {slot.minute // 60:02d}:{slot.minute % 60:02d}"


def heading(answer: Answer) -> str:
    """Which weeks, in which zone, in whose hours."""
    over = answer.setting.over
    weeks = "1 week" if over.weeks == 1 else f"{over.weeks} weeks"
    n = len(over.holidays)
    without = f", without {n} holiday{'s' if n > 1 else ''}" if n else ""
    return (
        f"From {over.days[0]} to {over.days[-1]} ({weeks}{without}), in {over.zone}; "
        f"the team's hours are those of the calendar {answer.setting.calendar.name}"
    )


def queue_name(plan: QueuePlan) -> str:
    """What it is called."""
    return _NAMES[plan.work][0]


def queue_facts(plan: QueuePlan) -> str:
    """What came in and how it went."""
    what = _NAMES[plan.work][1]
    told = [f"{float(plan.profile.total()):.0f} {what} a week of {span(plan.handling_seconds)}"]
    if plan.profile.trend is not None:
        change = float(plan.profile.trend - 1) * 100
        told.append(f"{change:+.0f} % from the earlier to the later half of the weeks")
    history = plan.history
    if history is not None:
        lost = percent_of(history.n_abandoned, history.n_offered)
        told.append(f"{history.n_offered:,} offered, {lost} % gave up")
        if plan.patience_seconds is not None:
            told.append(f"callers give up after {span(plan.patience_seconds)} on average")
    return "; ".join(told)


def promise_words(one: Promised) -> str:
    """A promise in words, and who has it."""
    promise, parts = one.promise, []
    if promise.answered is not None:
        parts.append(f"{percent(promise.answered)} within {span(promise.within_seconds)}")
    if promise.abandoned is not None:
        parts.append(f"at most {percent(promise.abandoned)} give up")
    names = ", ".join(one.names) if one.names else "nobody is promised anything; planned for"
    return f"{names}: {' and '.join(parts)}"


def person_hours(plan: LinePlan, interval_minutes: int) -> float:
    """Hours that people are needed in a week."""
    return sum(one.needed.agents for one in plan.intervals) * interval_minutes / 60


def busiest(intervals: Iterable[IntervalPlan]) -> IntervalPlan | None:
    """The interval that needs most people; the first of several."""
    return max(intervals, key=lambda one: (one.needed.agents, one.calls), default=None)


def queue_rows(plan: QueuePlan) -> Rows:
    """A line for each weekday: what comes in, who is needed, when most, what the roster lacks."""
    has_roster = any(one.rostered is not None for one in plan.plan.intervals)
    head = ["day", _NAMES[plan.work][1], "most people", "at", "person hours", "paid hours"]
    rows = [[*head, *(["intervals short"] if has_roster else [])]]
    minutes = plan.profile.interval_minutes
    for weekday, name in enumerate(WEEKDAYS):
        intervals = [one for one in plan.plan.intervals if one.slot.weekday == weekday]
        most = busiest(intervals)
        if most is None:
            continue
        hours, paid = (
            sum(n for n in each) * minutes / 60
            for each in (
                [one.needed.agents for one in intervals],
                [one.needed.paid for one in intervals],
            )
        )
        short = [str(sum(one.missing > 0 for one in intervals))] if has_roster else []
        rows.append(
            [
                name,
                f"{float(sum(one.calls for one in intervals)):.1f}",
                str(most.needed.agents),
                clock(most.slot).partition(" ")[2] if most.needed.agents else "",
                f"{hours:.1f}",
                f"{paid:.1f}",
                *short,
            ]
        )
    return rows


def fewer_rows(plan: QueuePlan) -> Rows:
    """What one person fewer in every interval does to each promise."""
    gives_up = plan.patience_seconds is not None
    head = ["promise", "in time", "with one fewer"]
    rows = [[*head, *(["give up", "with one fewer"] if gives_up else [])]]
    for one, each in zip(plan.promised, plan.of_each, strict=True):
        lost = [percent(each.abandoned(one_fewer=fewer)) for fewer in (False, True)]
        rows.append(
            [
                promise_words(one),
                percent(each.answered()),
                percent(each.answered(one_fewer=True)),
                *(lost if gives_up else []),
            ]
        )
    return rows


def roster_words(plan: QueuePlan) -> str | None:
    """What the roster makes of the week; None without one."""
    if all(one.rostered is None for one in plan.plan.intervals):
        return None
    kept = percent(plan.plan.answered_as_rostered())
    fewer = percent(plan.plan.answered_as_rostered(one_fewer=True))
    return f"With the roster {kept} are answered in time, with one fewer in each interval {fewer}"


def mail_words(answer: Answer, plan: MailPlan) -> str:
    """How many people, what they have to do, and how busy that makes them."""
    hours = f"{float(plan.work) / 3600:.1f} hours of work a week"
    busy = f"{percent(plan.utilisation)} of their time" if plan.utilisation is not None else ""
    if plan.agents is None:
        return f"Mail with the roster: {hours}, {busy or 'nobody is on duty'}"
    people = "1 person" if plan.agents == 1 else f"{plan.agents} people"
    when = f"in the hours of the calendar {answer.setting.calendar.name}"
    return f"Mail: {people} on duty {when}: {hours}, {busy}"


def mail_rows(plan: MailPlan) -> Rows:
    """What becomes of each tier's promise, and with one person fewer."""
    return [
        ["promise", "promised", "judged", "in time", "with one fewer", "nobody could"],
        *(
            [
                one.name,
                percent(one.promised),
                f"{one.n:,}",
                percent(one.kept),
                percent(one.kept_with_one_fewer),
                f"{one.hopeless:,}",
            ]
            for one in plan.tiers
        ),
    ]


def day_rows(days: Sequence[Workday]) -> Rows:
    """What comes in on each day, what is done, what is left, and what is late."""
    head = ["day", "hours come in", "hours done at most", "busy", "hours left", "oldest", "late"]
    return [
        head,
        *(
            [
                WEEKDAYS[one.day.weekday()],
                f"{one.load / 3600:.1f}",
                f"{float(one.capacity) / 3600:.1f}",
                percent(one.utilisation),
                f"{float(one.backlog) / 3600:.1f}",
                "" if one.oldest_seconds is None else f"{one.oldest_seconds / 3600:.1f} h",
                f"{one.late} of {one.due}",
            ]
            for one in days
        ),
    ]


def interval_csv(answer: Answer) -> str:
    """Every interval of the week that has people or customers, as CSV."""
    written = StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(
        [
            *("work", "day", "from", "expected", "people", "paid", "rostered", "short"),
            *("in_time", "in_time_with_one_fewer", "occupancy", "p80", "stood_out"),
        ]
    )
    for plan in (answer.phone, answer.chat):
        for one in [] if plan is None else plan.plan.intervals:
            queue, fewer = one.needed.queue, one.needed.one_fewer
            day, _, at = clock(one.slot).partition(" ")
            usual = plan.profile.slots.get(one.slot) if plan else None
            writer.writerow(
                [
                    *(plan.work if plan else "", day, at, f"{float(one.calls):.3f}"),
                    *(one.needed.agents, one.needed.paid),
                    *("" if one.rostered is None else one.rostered, one.missing),
                    *(f"{queue.answered:.4f}", "" if fewer is None else f"{fewer.answered:.4f}"),
                    f"{queue.occupancy:.4f}",
                    *(["", ""] if usual is None else [usual.p80, " ".join(_stood_out(usual))]),
                ]
            )
    return written.getvalue()


def document(answer: Answer) -> dict[str, object]:
    """Everything for programs; shares from 0 to 1, spans in seconds."""
    over = answer.setting.over
    return {
        "from": str(over.days[0]),
        "until": str(over.until),
        "weeks": over.weeks,
        "zone": over.zone,
        "calendar": answer.setting.calendar.name,
        "phone": _queue_document(answer.phone),
        "chat": _queue_document(answer.chat),
        "mail": _mail_document(answer.mail),
        "mail_as_rostered": _mail_document(answer.as_rostered),
        "mail_days": [
            {
                "day": WEEKDAYS[one.day.weekday()],
                "work_seconds": one.load,
                "capacity_seconds": float(one.capacity),
                "left_seconds": float(one.backlog),
                "oldest_seconds": one.oldest_seconds,
                "due": one.due,
                "late": one.late,
            }
            for one in answer.days
        ],
        "doubts": list(answer.doubts),
    }


def _queue_document(plan: QueuePlan | None) -> dict[str, object] | None:
    if plan is None:
        return None
    return {
        "a_week": float(plan.profile.total()),
        "trend": _number(plan.profile.trend),
        "handling_seconds": plan.handling_seconds,
        "patience_seconds": plan.patience_seconds,
        "most_people": plan.plan.most_agents,
        "person_hours": person_hours(plan.plan, plan.profile.interval_minutes),
        "promises": [
            {
                "of": list(one.names),
                "within_seconds": one.promise.within_seconds,
                "answered": _number(one.promise.answered),
                "abandoned": _number(one.promise.abandoned),
                "answered_in_these_weeks": _number(_answered_before(plan, one)),
                "most_people": each.most_agents,
                "answered_with_them": _number(each.answered()),
                "answered_with_one_fewer": _number(each.answered(one_fewer=True)),
            }
            for one, each in zip(plan.promised, plan.of_each, strict=True)
        ],
        "answered_as_rostered": _number(plan.plan.answered_as_rostered())
        if any(one.rostered is not None for one in plan.plan.intervals)
        else None,
        "intervals": [_interval_document(one, plan) for one in plan.plan.intervals],
    }


def _answered_before(plan: QueuePlan, one: Promised) -> Fraction | None:
    """Of the calls looked back at the share that was answered as promised."""
    history = plan.history
    return None if history is None else history.answered_within(one.promise.within_seconds)


def _interval_document(one: IntervalPlan, plan: QueuePlan) -> dict[str, object]:
    usual = plan.profile.slots.get(one.slot)
    return {
        "at": clock(one.slot),
        "expected": float(one.calls),
        "p80": None if usual is None else usual.p80,
        "stood_out": [] if usual is None else _stood_out(usual),
        "people": one.needed.agents,
        "paid": one.needed.paid,
        "rostered": one.rostered,
    }


def _stood_out(usual: Usual) -> list[str]:
    """Dates on which far more or fewer came in than is usual; they are counted like others."""
    return [str(day) for day in usual.outliers]


def _mail_document(plan: MailPlan | None) -> dict[str, object] | None:
    if plan is None:
        return None
    return {
        "people": plan.agents,
        "work_seconds_a_week": float(plan.work),
        "utilisation": _number(plan.utilisation),
        "promises": [
            {
                "of": one.name,
                "promised": _number(one.promised),
                "judged": one.n,
                "in_time": _number(one.kept),
                "in_time_with_one_fewer": _number(one.kept_with_one_fewer),
                "nobody_could": one.hopeless,
            }
            for one in plan.tiers
        ],
    }


def _number(share: Fraction | None) -> float | None:
    return None if share is None else float(share)


def lines(answer: Answer, aligned: Callable[[Sequence[Sequence[str]]], list[str]]) -> list[str]:
    """The whole answer for a terminal; `aligned` sets the rows of a table."""
    found = [heading(answer)]
    for plan in (answer.phone, answer.chat):
        if plan is None:
            continue
        most = busiest(plan.plan.intervals)
        found += ["", f"{queue_name(plan)}: {queue_facts(plan)}"]
        if most is not None:
            people = "1 person" if most.needed.agents == 1 else f"{most.needed.agents} people"
            found.append(f"{people} at the busiest ({clock(most.slot)})")
        found += ["", *aligned(queue_rows(plan)), "", *aligned(fewer_rows(plan))]
        told = roster_words(plan)
        found += [told] if told else []
    for mail in (answer.mail, answer.as_rostered):
        if mail is not None:
            found += ["", mail_words(answer, mail), "", *aligned(mail_rows(mail))]
    if answer.days:
        found += ["", DAYS_TITLE, "", *aligned(day_rows(answer.days))]
    return found
