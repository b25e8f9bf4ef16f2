# SPDX-License-Identifier: GPL-3.0-or-later
"""How the figures of a team's report read: every word of it, for page, terminal and CSV."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from rules.attainment import percent_of
from rules.teamwork import OVER_CLASSES
from worker.reporting.spreadsheet import safe_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rules.summaries import Percentile
    from rules.teamwork import GroupLine, LoadLine, SolveLine, TeamReport

TEXTS: Final[Mapping[str, str]] = {
    "title": "Team report {label}",
    "policy_title": "What policy {label} has judged",
    "known": "{span}; known up to {cut_off}",
    "span": "Due from {first} until {last} 00:00, {zone}",
    "card.share": "{measure} in time ({counts})",
    "card.late": "late, {n_open} of them still open",
    "card.first_contact": "resolved at first contact ({counts})",
    "card.reopened": "reopened within 7 days ({counts})",
    "card.overdue": "open tickets overdue, of {n_open}",
    "counts": "{n} of {total}",
    "nothing": "Nothing fell due in this time.",
    "trend": "Over the periods",
    "trend.title": "Share in time by period, all measures of a tier",
    "trend.more": "{n} tiers with fewer cases are not drawn",
    "attainment": "By tier",
    "attainment.title": "Share in time by measure and tier",
    "attainment.finding": "{n} measures; the lowest share is {lowest}",
    "by": "By {name}",
    "by.caption": "Cycles that fall due in this time by {name}, on their own clocks",
    "rows.more": "; the {shown} with most cases of {total}",
    "when": "When it was late",
    "when.title": "Late cycles by weekday and hour of their due, {zone}",
    "when.finding": "{n} late cycles; the most, {most}, fell due on {day} at {hour}",
    "days": "By weekday",
    "days.caption": "Cycles by the weekday on which they fell due",
    "over": "How late it was",
    "over.title": "Time over the target, on its own clock",
    "over.finding": "{measure}: median {median}, the longest {longest}",
    "pauses": "Pauses",
    "pauses.caption": "What clocks were stopped for, of decided cycles",
    "solves": "Reopenings and first contact",
    "solves.caption": "Tickets first solved in this time, by group; reopened within 7 days",
    "load": "Who is loaded",
    "load.caption": "Open tickets with a running promise at {cut_off}",
    "targets": "By target",
    "method": "How this was counted",
    "method.rules": (
        "A cycle belongs to the period in which its due falls. The share is met / (met + "
        "breached); an open case past its due is breached. What is not due yet, paused, excluded "
        "or cancelled is in neither. Nothing counted is n/a, never 100 %. Tier and priority are "
        "those under which the target held; group, market and channel those of the ticket now. "
        "Percentiles are by nearest rank, on the clock of the promise."
    ),
    "method.policies": "Judged by: {policies}.",
    "in_force": "In force {times}.",
    "in_force.span": "from {since} until {until}",
    "in_force.now": "since {since}",
    "never_in_force": "It never was in force.",
    "none": "none",
    "unit.cycles": "cycles",
}

FACETS: Final[Mapping[str, str]] = {
    "rule": "target",
    "tier": "tier",
    "priority": "priority",
    "group": "group",
    "market": "market",
    "channel": "channel",
}
MEASURES: Final[Mapping[str, str]] = {
    "first_reply": "first reply",
    "next_reply": "next reply",
    "periodic_update": "periodic update",
    "pausable_update": "pausable update",
    "requester_wait": "requester wait",
    "agent_work": "agent work",
    "resolution": "resolution",
    "group_ownership": "group ownership",
}
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_GROUP_HEAD: Final = (
    *("share", "met", "breached", "median", "9 of 10 within"),
    *("late and still open", "met without a reply", "excluded", "not due yet"),
)
_ALWAYS: Final = 5
"""So many columns are always shown; the others where they hold anything but 0."""

PAUSE_HEAD: Final = ("tier, measure", "cycles", "with a pause", "share", "paused", "a pause")
SOLVE_HEAD: Final = (
    *("group", "solved", "reopened", "share", "one contact was enough", "share of those asked"),
)
LOAD_HEAD: Final = ("group", "open", "overdue", "due within 24 h")
PERSON_HEAD: Final = ("group, person", *LOAD_HEAD[1:])
DAY_HEAD: Final = ("weekday", "decided", "late", "share in time")
_CLASSES: Final = (
    *("under 15 min", "15 min to 1 h", "1 to 4 h", "4 to 8 h", "8 to 24 h"),
    *("1 to 3 d", "3 to 7 d", "over 7 d"),
)


def text(key: str, **values: str | int) -> str:
    """The text of that key with its values put in."""
    shown = {name: f"{one:,}" if isinstance(one, int) else one for name, one in values.items()}
    return TEXTS[key].format(**shown)


def named(value: str | None) -> str:
    """A group, a market or the like, or the word for none."""
    return value or TEXTS["none"]


def measure_name(measure: str) -> str:
    """What a measure is called."""
    return MEASURES.get(measure, measure)


def share(met: int, n_decided: int) -> str:
    """`93.4 %`, or `n/a`."""
    return f"{percent_of(met, n_decided)} %" if n_decided else "n/a"


def counts(met: int, n_decided: int) -> str:
    """`128 of 137`."""
    return text("counts", n=met, total=n_decided)


def span(report: TeamReport) -> str:
    """The first day that counts and the first that counts no more."""
    zone = ZoneInfo(report.zone)
    first, last = (one.astimezone(zone) for one in (report.from_at, report.until_at))
    return text("span", first=f"{first:%Y-%m-%d}", last=f"{last:%Y-%m-%d}", zone=report.zone)


def known(report: TeamReport) -> str:
    """Which time it is of, and up to when everything is known."""
    return text("known", span=span(report), cut_off=stamp(report.cut_off, report.zone))


def stamp(at: datetime, zone: str) -> str:
    """`2026-11-03 09:00 +0100`."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %z}"


def duration(seconds: int) -> str:
    """`35 min`, `2 h 05 min`."""
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours:,} h {minutes:02} min" if hours else f"{minutes} min"


def percentile(one: Percentile | None) -> str:
    """A duration at a percentile; of a case that is still open it is at least that."""
    if one is None:
        return "n/a"
    least = "\N{GREATER-THAN OR EQUAL TO} " if one.is_at_least else ""
    return f"{least}{duration(one.seconds)}"


def over_classes(classes: Sequence[int]) -> list[tuple[str, int]]:
    """The classes of time over the target that have cases or lie between such, by name."""
    filled = [place for place, n in enumerate(classes) if n]
    if not filled:
        return []
    names = _CLASSES[: len(OVER_CLASSES) + 1]
    return list(zip(names, classes, strict=True))[: filled[-1] + 1]


def group_table(name: str, lines: Sequence[GroupLine]) -> tuple[list[str], list[list[str]]]:
    """The head of a table by a facet, and its rows; columns without any case are left out."""
    many = len({one.measure for one in lines}) > 1
    rows = [_group_cells(one) for one in lines]
    kept = [
        place
        for place in range(len(_GROUP_HEAD))
        if place < _ALWAYS or any(row[place] != "0" for row in rows)
    ]
    head = [FACETS[name], *(_GROUP_HEAD[place] for place in kept)]
    return head, [
        [_row_name(line, many=many), *(row[place] for place in kept)]
        for line, row in zip(lines, rows, strict=True)
    ]


def _row_name(line: GroupLine, *, many: bool) -> str:
    return f"{named(line.name)}, {measure_name(line.measure)}" if many else named(line.name)


def _group_cells(line: GroupLine) -> list[str]:
    found = line.summary
    return [
        share(found.met, found.n_decided),
        *(f"{n:,}" for n in (found.met, found.breached)),
        *(percentile(found.median), percentile(found.p90)),
        *(f"{n:,}" for n in (found.open_overdue, found.without_reply)),
        *(f"{n:,}" for n in (found.excluded, line.not_due)),
    ]


def pause_cells(line: GroupLine) -> list[str]:
    """The cells under `PAUSE_HEAD`."""
    decided = line.summary.n_decided
    return [
        f"{named(line.name)}, {measure_name(line.measure)}",
        f"{decided:,}",
        f"{line.n_paused:,}",
        share(line.n_paused, decided),
        duration(line.paused_seconds),
        duration(line.paused_seconds // line.n_paused) if line.n_paused else "n/a",
    ]


def solve_cells(line: SolveLine) -> list[str]:
    """The cells under `SOLVE_HEAD`."""
    return [
        named(line.name),
        f"{line.n_solved:,}",
        f"{line.n_reopened:,}",
        share(line.n_reopened, line.n_over),
        f"{line.n_first_contact:,}",
        share(line.n_first_contact, line.n_contacts),
    ]


def load_cells(line: LoadLine, *, by_person: bool) -> list[str]:
    """The cells under `LOAD_HEAD` or `PERSON_HEAD`."""
    name = f"{named(line.group)}, {named(line.person)}" if by_person else named(line.group)
    return [name, *(f"{n:,}" for n in (line.n_open, line.n_overdue, line.n_due_soon))]


def in_force_lines(times: Sequence[tuple[datetime, datetime | None]], zone: str) -> list[str]:
    """A sentence that says when a policy was in force."""
    if not times:
        return [text("never_in_force")]
    said = [
        text("in_force.now", since=stamp(since, zone))
        if until is None
        else text("in_force.span", since=stamp(since, zone), until=stamp(until, zone))
        for since, until in times
    ]
    return [text("in_force", times=", ".join(said))]


def report_lines(report: TeamReport, title: str) -> list[str]:
    """The report for a terminal: measures, tiers and groups."""
    lines = [title, known(report)]
    if not report.measures:
        return [*lines, text("nothing")]
    lines += ["", *(_line(measure_name(one.measure), one) for one in report.measures)]
    for name, table in report.tables.items():
        if all(one.name is None for one in table):
            continue  # nothing is known to tell rows apart by
        many = len(report.measures) > 1
        lines += ["", text("by", name=FACETS[name])]
        lines += [f"  {_line(_row_name(o, many=many), o)}" for o in table]
    return lines


def _line(name: str, one: GroupLine) -> str:
    found = one.summary
    return (
        f"{name}: {share(found.met, found.n_decided)} "
        f"({counts(found.met, found.n_decided)}), median {percentile(found.median)}, "
        f"9 of 10 within {percentile(found.p90)}"
    )


_COLUMNS: Final = (
    *("period", "by", "name", "measure", "met", "without_reply", "breached", "open_overdue"),
    *("excluded", "cancelled", "not_due", "median_seconds", "p90_seconds"),
    *("cycles_with_pause", "paused_seconds", "elapsed_seconds"),
)


def team_csv(report: TeamReport) -> str:
    """A line for each measure, and for each measure of each group; durations in seconds."""
    written = StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for by, lines in {"measure": report.measures, **report.tables}.items():
        for line in lines:
            found = line.summary
            writer.writerow(
                safe_cells(
                    [
                        *(report.label, by, line.name, line.measure, found.met),
                        *(found.without_reply, found.breached, found.open_overdue),
                        *(found.excluded, line.cancelled, line.not_due),
                        None if found.median is None else found.median.seconds,
                        None if found.p90 is None else found.p90.seconds,
                        *(line.n_paused, line.paused_seconds, line.elapsed_seconds),
                    ]
                )
            )
    return written.getvalue()
