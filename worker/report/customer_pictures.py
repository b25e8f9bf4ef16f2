# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown beside a statement: attainment over periods, durations, when and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rules.obligations import assess
from rules.summaries import over_by, summaries
from worker.report.drawing import Picture, count
from worker.report.heatmap import Field, heatmap
from worker.report.page import both_widths, heading, table
from worker.report.strip import hours_of, strip
from worker.report.trend import Dot, Series, trend

if TYPE_CHECKING:
    from datetime import datetime

    from rules.evidence import CycleRow
    from rules.obligations import Assessment
    from rules.promises import Obligation
    from rules.summaries import Percentile, Summary
    from worker.reporting.customers import Account

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOURS = tuple(f"{hour}" for hour in range(24))


def pictures(found: Account) -> list[str]:
    """The parts of a report that need the evidence itself, as HTML."""
    period = found.period
    within = (period.from_at, period.until_at)
    due = [
        row
        for row in found.records.cycles
        if row.due_at is not None and within[0] <= row.due_at < within[1]
    ]
    late = [row for row in due if row.state in ("breached", "breached_open")]
    return [*_trends(found), *_measures(due, within), *_when(late, found), *_how_late(late)]


def _trends(found: Account) -> list[str]:
    if len(found.periods) < 2:
        return []
    parts = [heading("Over the periods")]
    for place, one in enumerate(found.agreement.promised(found.period)):
        parts.append(_trend(found, one, place))
    return parts


def _trend(found: Account, obligation: Obligation, place: int) -> str:
    agreement = found.agreement
    past = [
        assess(obligation, found.records, agreement.policy, agreement.within(obligation, one))
        for one in found.periods
    ]
    labels = [one.label for one in found.periods]
    told = "; ".join(
        f"{label} {f'{one.percent} %' if one.n_decided else one.percent}"
        for label, one in zip(labels, past, strict=True)
    )
    level = past[-1].level
    dots = tuple(_dot(one) for one in past)
    title = f"{obligation.name}: share by period"

    def draw(width: int, suffix: str) -> str:
        picture = Picture(f"trend-{place}{suffix}", title, told, width)
        promised = None if level is None else float(level.share)
        return trend(picture, labels, [Series(obligation.name, dots)], promised)

    return f"<figure>\n<figcaption>{title}</figcaption>\n{both_widths(draw)}\n</figure>"


def _dot(one: Assessment) -> Dot | None:
    share = one.share
    return None if share is None else Dot(float(share), one.result == "too_few")


def _measures(due: list[CycleRow], within: tuple[datetime, datetime]) -> list[str]:
    found = summaries(due, within, lambda row: (row.measure, row.priority or "none"))
    if not found:
        return []
    rows = [
        [f"{measure}, {priority}", *_summary(one)]
        for (measure, priority), one in sorted(found.items())
    ]
    head = [
        *("measure, priority", "met", "of these without a reply", "breached"),
        *("of these open", "excluded", "share", "median", "9 of 10 within"),
    ]
    caption = "Cycles that fall due in the period, on their own clocks"
    return [heading("By measure and priority"), table(caption, head, rows)]


def _summary(one: Summary) -> list[str]:
    return [
        count(one.met),
        count(one.without_reply),
        count(one.breached),
        count(one.open_overdue),
        count(one.excluded),
        f"{one.percent} %" if one.n_decided else one.percent,
        _duration(one.median),
        _duration(one.p90),
    ]


def _duration(one: Percentile | None) -> str:
    if one is None:
        return "n/a"
    return f"{'at least ' if one.is_at_least else ''}{hours_of(one.seconds)}"


def _when(late: list[CycleRow], found: Account) -> list[str]:
    """By weekday and hour of the due, in the time of the periods."""
    if not late:
        return []
    zone = ZoneInfo(found.period.zone)
    numbers: dict[tuple[int, int], int] = {}
    for row in late:
        if row.due_at is not None:
            local = row.due_at.astimezone(zone)
            place = (local.weekday(), local.hour)
            numbers[place] = numbers.get(place, 0) + 1
    (day, hour), most = max(numbers.items(), key=lambda one: (one[1], (-one[0][0], -one[0][1])))
    finding = (
        f"{count(len(late))} late cycles; the most, {most}, fell due on {_DAYS[day]} at {hour}"
    )
    title = f"Late cycles by weekday and hour of their due, {found.period.zone}"

    def draw(width: int, suffix: str) -> str:
        picture = Picture(f"when{suffix}", title, finding, width)
        return heatmap(picture, Field(_DAYS, _HOURS, numbers, unit="cycles"))

    caption = f"<figcaption>{title}</figcaption>"
    return [heading("When it was late"), f"<figure>\n{caption}\n{both_widths(draw)}\n</figure>"]


def _how_late(late: list[CycleRow]) -> list[str]:
    parts = []
    for measure in sorted({row.measure for row in late}):
        over = [n for row in late if row.measure == measure and (n := over_by(row)) is not None]
        parts.append(_strip(measure, over))
    return [heading("How late it was"), *parts] if parts else []


def _strip(measure: str, over: list[int]) -> str:
    title = f"{measure}: time over the target, on its own clock"
    finding = f"{count(len(over))} cycles, the longest {hours_of(max(over))} over"

    def draw(width: int, suffix: str) -> str:
        return strip(Picture(f"over-{measure}{suffix}", title, finding, width), over)

    return f"<figure>\n<figcaption>{title}</figcaption>\n{both_widths(draw)}\n</figure>"
