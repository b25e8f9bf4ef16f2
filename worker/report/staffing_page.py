# SPDX-License-Identifier: GPL-3.0-or-later
"""Staffing as a page: who is needed when, and what one person fewer does to the promises."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from worker.report.charts import Bar, Group, bars
from worker.report.drawing import Picture, cut
from worker.report.heatmap import Field, heatmap
from worker.report.page import cards, figure, heading, page, paragraph, table
from worker.staffing import words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from fractions import Fraction

    from rules.line_plan import IntervalPlan
    from rules.mail_plan import MailPlan
    from worker.staffing.answer import Answer
    from worker.staffing.queues import QueuePlan

TITLE = "Staffing"
_HOUR = 60
METHOD = (
    "What comes in is the mean of comparable weekdays, in local time and without holidays. On "
    "the phone and in chat people are found by Erlang's formulas: C where nobody gives up, A "
    "where the patience of callers is known; the number is the smallest that keeps every "
    "promise with people busy at most as much as allowed. For mail half a year is simulated "
    "through the calendars and targets of the rules, the ticket with the earliest due first, "
    "and its last 13 weeks are judged. Not known to it: a queue left over from the interval "
    "before, and people who talk to several customers at once."
)


def staffing_page(answer: Answer) -> str:
    """The whole page; the same answer gives the same bytes."""
    return page(TITLE, [f"<h1>{TITLE}</h1>", *staffing_parts(answer)])


def staffing_parts(answer: Answer) -> list[str]:
    """Everything below the heading, as HTML."""
    parts = [paragraph(words.heading(answer), "soft"), *map(_doubt, answer.doubts)]
    numbers = _numbers(answer)
    if not numbers:
        return [*parts, paragraph("Nothing came in that anything was promised for.")]
    parts.append(cards(numbers))
    for plan in (answer.phone, answer.chat):
        if plan is not None:
            parts += _queue(plan)
    if answer.mail is not None:
        parts += _mail(answer, answer.mail)
    return [*parts, heading("How this was found"), paragraph(METHOD)]


def _doubt(told: str) -> str:
    return paragraph(f"{told[:1].upper()}{told[1:]}.")


def _numbers(answer: Answer) -> list[tuple[str, str]]:
    found = []
    for plan in (answer.phone, answer.chat):
        most = None if plan is None else words.busiest(plan.plan.intervals)
        if plan is not None and most is not None:
            hours = words.person_hours(plan.plan, plan.profile.interval_minutes)
            what = words.queue_name(plan).lower()
            when = words.clock(most.slot)
            found.append((str(most.needed.agents), f"people on {what} at most, {when}"))
            found.append((f"{hours:.0f}", f"hours of people on {what} a week"))
    if answer.mail is not None:
        hours = float(answer.mail.work) / 3600
        found.append((str(answer.mail.agents), "people for mail while the team works"))
        found.append((f"{hours:.0f}", "hours of work on mail a week"))
    return found


def _queue(plan: QueuePlan) -> list[str]:
    name, told = words.queue_name(plan), words.roster_words(plan)
    rows, fewer = words.queue_rows(plan), words.fewer_rows(plan)
    parts = [heading(name), paragraph(words.queue_facts(plan) + ".")]
    parts += [paragraph(told + ".")] if told else []
    parts.append(_week(plan, f"People needed on {name.lower()}", _needed, "people"))
    if any(one.missing for one in plan.plan.intervals):
        parts.append(_week(plan, "People that the roster lacks", _missing, "people"))
    parts.append(_week(plan, "What comes in in an hour", _coming, "an hour, rounded up"))
    parts.append(table("By weekday", rows[0], rows[1:]))
    parts.append(_shares(plan))
    parts.append(table("What one person fewer in every interval does", fewer[0], fewer[1:]))
    return parts


def _needed(hour: Sequence[IntervalPlan]) -> int:
    return max(one.needed.agents for one in hour)


def _missing(hour: Sequence[IntervalPlan]) -> int:
    return max(one.missing for one in hour)


def _coming(hour: Sequence[IntervalPlan]) -> int:
    """So many, rounded up: what is rare is not nothing."""
    return ceil(sum(one.calls for one in hour))


def _week(
    plan: QueuePlan, title: str, number_of: Callable[[Sequence[IntervalPlan]], int], unit: str
) -> str:
    """Hours of the week in which somebody works, as a field."""
    places: dict[tuple[int, int], list[IntervalPlan]] = {}
    for one in plan.plan.intervals:
        places.setdefault((one.slot.weekday, one.slot.minute // _HOUR), []).append(one)
    hours = range(min(hour for _, hour in places), max(hour for _, hour in places) + 1)
    days = sorted({day for day, _ in places})
    numbers = {
        (days.index(day), hour - hours.start): number_of(found)
        for (day, hour), found in places.items()
    }
    most = max(numbers.values())
    closed = [
        (row, column)
        for row in range(len(days))
        for column in range(len(hours))
        if (row, column) not in numbers
    ]
    field = Field(
        [words.WEEKDAYS[day] for day in days],
        [str(hour) for hour in hours],
        numbers,
        closed,
        unit,
    )
    finding = f"At most {most} {unit}, by weekday and hour."
    ident = title.lower().replace(" ", "-")

    def draw(width: int, suffix: str) -> str:
        return heatmap(Picture(f"{plan.work}-{ident}{suffix}", title, finding, width), field)

    return figure(title, draw)


def _shares(plan: QueuePlan) -> str:
    """What is answered in time with the people needed, and with one fewer."""
    pairs = [
        (
            ", ".join(one.names) or words.queue_name(plan),
            each.answered(),
            each.answered(one_fewer=True),
        )
        for one, each in zip(plan.promised, plan.of_each, strict=True)
    ]
    return _fewer_bars(plan.work, "Answered in time", pairs)


def _fewer_bars(
    ident: str, title: str, pairs: Sequence[tuple[str, Fraction | None, Fraction | None]]
) -> str:
    groups = [
        Group(
            cut(name, 600),
            (
                Bar("with them", _drawn(kept), words.percent(kept), "before"),
                Bar("one fewer", _drawn(fewer), words.percent(fewer), "after"),
            ),
        )
        for name, kept, fewer in pairs
    ]
    finding = "; ".join(
        f"{name}: {words.percent(kept)}, with one person fewer {words.percent(fewer)}"
        for name, kept, fewer in pairs
    )

    def draw(width: int, suffix: str) -> str:
        return bars(Picture(f"{ident}-fewer{suffix}", title, finding, width), groups)

    return figure(title, draw)


def _drawn(share: Fraction | None) -> float | None:
    return None if share is None else float(share)


def _mail(answer: Answer, plan: MailPlan) -> list[str]:
    rows = words.mail_rows(plan)
    parts = [
        heading("Mail, and all that can wait"),
        paragraph(words.mail_words(answer, plan) + "."),
        _fewer_bars(
            "mail",
            "Replied in time",
            [(one.name, one.kept, one.kept_with_one_fewer) for one in plan.tiers],
        ),
        table("By promise", rows[0], rows[1:]),
    ]
    if answer.as_rostered is not None:
        rows = words.mail_rows(answer.as_rostered)
        told = words.mail_words(answer, answer.as_rostered)
        parts += [paragraph(told + "."), table("With the roster", rows[0], rows[1:])]
    days = words.day_rows(answer.days)
    return [*parts, table(words.DAYS_TITLE, days[0], days[1:]), _arrivals(answer)]


def _arrivals(answer: Answer) -> str:
    """When mail comes in, in tickets of a usual hour."""
    per_hour: dict[tuple[int, int], Fraction] = {}
    for slot, usual in answer.arrivals.slots.items():
        place = (slot.weekday, slot.minute // _HOUR)
        per_hour[place] = per_hour.get(place, usual.mean * 0) + usual.mean
    numbers = {place: ceil(mean) for place, mean in per_hour.items()}
    field = Field(
        words.WEEKDAYS, [str(hour) for hour in range(24)], numbers, (), "an hour, rounded up"
    )
    title = "Mail that comes in in an hour"
    finding = f"At most {max(numbers.values(), default=0)} an hour, by weekday and hour."

    def draw(width: int, suffix: str) -> str:
        return heatmap(Picture(f"mail-arrivals{suffix}", title, finding, width), field)

    return figure(title, draw)
