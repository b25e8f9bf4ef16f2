# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown beside a statement: attainment over periods, durations, when and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.calendar_zones import time_zone
from rules.obligations import assess, sliced
from rules.opening_hours import closed_hours
from rules.summaries import over_by, summaries
from worker.report.customer_clocks import clock_time, clocks
from worker.report.customer_outlook import outlook, phone_waits
from worker.report.drawing import Picture
from worker.report.heatmap import Field, heatmap
from worker.report.page import Link, figure, heading, table
from worker.report.strip import strip
from worker.report.trend import Dot, Series, trend
from worker.reporting.language import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from rules.evidence import CycleRow
    from rules.obligations import Assessment, Records
    from rules.promises import Obligation
    from rules.summaries import Percentile, Summary
    from worker.reporting.customers import Account
    from worker.reporting.language import Language

MOST_CASES = 200
"""So many missed cases are listed; all of them stand in the tables."""

_MISSED = (
    *("missed.ticket", "missed.obligation", "missed.started", "missed.due"),
    *("missed.stopped", "missed.over", "missed.paused"),
)
_HOURS = tuple(f"{hour}" for hour in range(24))


def pictures(
    found: Account,
    language: Language = ENGLISH,
    case_link: Callable[[str], str] | None = None,
) -> list[str]:
    """The parts of a report that need the evidence itself, as HTML.

    `case_link` gives the address of a case, named as in statements.
    """
    period = found.period
    within = (period.from_at, period.until_at)
    due = [
        row
        for row in found.records.cycles
        if row.due_at is not None and within[0] <= row.due_at < within[1]
    ]
    late = [row for row in due if row.state in ("breached", "breached_open")]
    return [
        *_trends(found, language),
        *_measures(due, within, language),
        *_when(late, found, language),
        *_how_late(late, language),
        *phone_waits(found, language),
        *_missed(late, found, language, case_link),
        *outlook(found, language),
    ]


def _trends(found: Account, language: Language) -> list[str]:
    if len(found.periods) < 2:
        return []
    parts = [heading(language.say("pictures.over_periods"))]
    slices = sliced(found.records, [one.until_at for one in found.periods])
    for place, one in enumerate(found.agreement.promised(found.period)):
        parts.append(_trend(found, one, slices, place, language))
    return parts


def _trend(
    found: Account,
    obligation: Obligation,
    slices: Sequence[Records],
    place: int,
    language: Language,
) -> str:
    agreement = found.agreement
    past = [
        assess(obligation, records, agreement.policy, agreement.within(obligation, one))
        for one, records in zip(found.periods, slices, strict=True)
    ]
    labels = [one.label for one in found.periods]
    told = "; ".join(
        f"{label} {_percent(one, language)}" for label, one in zip(labels, past, strict=True)
    )
    level = past[-1].level
    dots = tuple(_dot(one) for one in past)
    title = language.say("pictures.share_by_period", name=obligation.name)

    def draw(width: int, suffix: str) -> str:
        picture = Picture(f"trend-{place}{suffix}", title, told, width, language)
        promised = None if level is None else float(level.share)
        return trend(picture, labels, [Series(obligation.name, dots)], promised)

    return figure(title, draw)


def _percent(one: Assessment | Summary, language: Language) -> str:
    if not one.n_decided:
        return language.say("words.not_available")
    return language.percent(one.percent)


def _dot(one: Assessment) -> Dot | None:
    share = one.share
    return None if share is None else Dot(float(share), one.result == "too_few")


def _measures(
    due: list[CycleRow], within: tuple[datetime, datetime], language: Language
) -> list[str]:
    found = summaries(due, within, lambda row: (row.measure, row.priority))
    if not found:
        return []
    rows = [
        [
            f"{language.name('measures', measure)}, {language.name('priorities', priority)}",
            *_summary(one, language),
        ]
        for (measure, priority), one in sorted(
            found.items(), key=lambda each: (each[0][0], each[0][1] or "none")
        )
    ]
    head = [
        language.say("pictures.measure_head"),
        language.say("counts.met"),
        language.say("pictures.without_reply_head"),
        language.say("counts.breached"),
        language.say("pictures.open_head"),
        language.say("counts.excluded"),
        language.say("pictures.share_head"),
        language.say("pictures.median_head"),
        language.say("pictures.ninth_head"),
    ]
    caption = language.say("pictures.by_measure_caption")
    return [heading(language.say("pictures.by_measure")), table(caption, head, rows)]


def _summary(one: Summary, language: Language) -> list[str]:
    return [
        language.number(one.met),
        language.number(one.without_reply),
        language.number(one.breached),
        language.number(one.open_overdue),
        language.number(one.excluded),
        _percent(one, language),
        _duration(one.median, language),
        _duration(one.p90, language),
    ]


def _duration(one: Percentile | None, language: Language) -> str:
    if one is None:
        return language.say("words.not_available")
    told = language.hours(one.seconds)
    return language.say("words.at_least", duration=told) if one.is_at_least else told


def _when(late: list[CycleRow], found: Account, language: Language) -> list[str]:
    """By weekday and hour of the due, in the time of the periods."""
    if not late:
        return []
    zone = time_zone(found.period.zone)
    numbers: dict[tuple[int, int], int] = {}
    for row in late:
        if row.due_at is not None:
            local = row.due_at.astimezone(zone)
            place = (local.weekday(), local.hour)
            numbers[place] = numbers.get(place, 0) + 1
    (day, hour), most = max(numbers.items(), key=lambda one: (one[1], (-one[0][0], -one[0][1])))
    n, days = language.number(len(late)), language.weekdays
    most_said = {"most": language.number(most), "day": days[day], "hour": f"{hour}"}
    finding = language.say("pictures.when_finding", n=n, **most_said)
    title = language.say("pictures.when_title", zone=found.period.zone)
    closed = _closed(late, found)

    def draw(width: int, suffix: str) -> str:
        picture = Picture(f"when{suffix}", title, finding, width, language)
        unit = language.say("pictures.cycles")
        return heatmap(picture, Field(days, _HOURS, numbers, closed, unit=unit))

    return [heading(language.say("pictures.when")), figure(title, draw)]


def _closed(late: list[CycleRow], found: Account) -> frozenset[tuple[int, int]]:
    """Hours in which no calendar is open that counted for one of the late cycles."""
    known = found.agreement.policy.calendars
    calendars = [known[name].business for name in {row.calendar for row in late} if name in known]
    if not calendars:
        return frozenset()
    within = (found.period.from_at, found.period.until_at)
    return closed_hours(calendars, within, found.period.zone)


def _how_late(late: list[CycleRow], language: Language) -> list[str]:
    parts = []
    for measure in sorted({row.measure for row in late}):
        over = [n for row in late if row.measure == measure and (n := over_by(row)) is not None]
        parts.append(_strip(measure, over, language))
    return [heading(language.say("pictures.how_late")), *parts] if parts else []


def _strip(measure: str, over: list[int], language: Language) -> str:
    name = language.name("measures", measure)
    title = language.say("pictures.over_title", measure=name)
    n, longest = language.number(len(over)), language.hours(max(over))
    finding = language.say("pictures.over_finding", n=n, longest=longest)

    def draw(width: int, suffix: str) -> str:
        return strip(Picture(f"over-{measure}{suffix}", title, finding, width, language), over)

    return figure(title, draw)


def _missed(
    late: list[CycleRow],
    found: Account,
    language: Language,
    case_link: Callable[[str], str] | None,
) -> list[str]:
    """Every missed cycle that a statement counts, with its times, and the clocks of those."""
    counted = {line.obligation: (line.of, {*line.breached_cases}) for line in found.statement.lines}
    rows: list[list[str | Link]] = []
    shown: list[CycleRow] = []
    for row in sorted(late, key=lambda one: (f"{one.due_at}", one.ticket_id or "", one.cycle)):
        case = f"{row.ticket_id}/{row.measure}/{row.cycle}"
        cases = {row.ticket_id, case}
        missed = [name for name, (of, own) in counted.items() if of == row.measure and own & cases]
        if missed:
            first = case if case_link is None else Link(case, case_link(case))
            rows.append([first, ", ".join(missed), *_times(row, found.period.zone, language)])
            shown.append(row)
    if not rows:
        return []
    head = [language.say(key) for key in _MISSED]
    if not any(row[-1] for row in rows):  # nothing was paused
        head, rows = head[:-1], [row[:-1] for row in rows]
    n, most = language.number(len(rows)), language.number(MOST_CASES)
    key = "missed.caption_first" if len(rows) > MOST_CASES else "missed.caption"
    caption = language.say(key, n=n, most=most, zone=found.period.zone)
    return [
        heading(language.say("page.missed")),
        table(caption, head, rows[:MOST_CASES]),
        *clocks(shown[:MOST_CASES], found, language),
    ]


def _times(row: CycleRow, zone: str, language: Language) -> list[str]:
    over = over_by(row)
    running = row.state == "breached_open"
    told = "" if over is None else language.hours(over)
    return [
        clock_time(row.started_at, zone),
        clock_time(row.due_at, zone),
        language.say("missed.open") if running else clock_time(row.stopped_at, zone),
        language.say("words.at_least", duration=told) if running else told,
        language.hours(row.paused_seconds) if row.paused_seconds else "",
    ]
