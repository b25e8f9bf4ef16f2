# SPDX-License-Identifier: GPL-3.0-or-later
"""How the figures of a team's report read, for page and terminal, in a language; and its CSV."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Final

from rules.attainment import percent_of
from rules.calendar_zones import time_zone
from worker.reporting.language import ENGLISH
from worker.reporting.spreadsheet import safe_cells

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rules.summaries import Percentile
    from rules.teamwork import (
        GroupLine,
        HasteLine,
        LoadLine,
        PhoneLine,
        SolveLine,
        TeamReport,
    )
    from worker.reporting.language import Language

_GROUP_HEAD: Final = (
    *("pictures.share_head", "counts.met", "counts.breached"),
    *("pictures.median_head", "pictures.ninth_head"),
    *("team.head_open_late", "team.head_without_reply", "counts.excluded", "counts.not_due"),
)
_ALWAYS: Final = 5
"""So many columns are always shown; the others where they hold anything but 0."""

PAUSE_HEAD: Final = (
    *("team.head_tier_measure", "team.head_cycles", "team.head_with_pause"),
    *("pictures.share_head", "team.head_paused", "team.head_a_pause"),
)
SOLVE_HEAD: Final = (
    *("facets.group", "team.head_solved", "team.head_reopened", "pictures.share_head"),
    *("team.head_one_contact", "team.head_of_asked"),
)
HASTE_HEAD: Final = ("facets.group", "team.head_pauses", "team.head_hasty", "pictures.share_head")
PHONE_HEAD: Final = (
    *("team.head_line", "team.head_offered", "outlook.answered_head", "team.head_abandoned"),
    *("outlook.average_head", "outlook.ninth_head", "outlook.longest_head"),
)
LOAD_HEAD: Final = (*("facets.group", "team.head_open", "team.head_overdue", "team.head_due_soon"),)
PERSON_HEAD: Final = ("team.head_person", *LOAD_HEAD[1:])
DAY_HEAD: Final = (
    *("team.head_weekday", "team.head_decided", "team.head_late", "team.head_in_time"),
)


def text(key: str, language: Language = ENGLISH, **values: str | int) -> str:
    """The text of that key with its values put in."""
    shown = {
        name: language.number(one) if isinstance(one, int) else one for name, one in values.items()
    }
    return language.say(f"team.{key}", **shown)


def heads(keys: Sequence[str], language: Language) -> list[str]:
    """The heads of columns."""
    return [language.say(key) for key in keys]


def named(value: str | None, language: Language = ENGLISH) -> str:
    """A group, a market or the like, or the word for none."""
    return value or language.say("team.none")


def measure_name(measure: str, language: Language = ENGLISH) -> str:
    """What a measure is called."""
    return language.name("measures", measure)


def share(met: int, n_decided: int, language: Language = ENGLISH) -> str:
    """`93.4 %`, or `n/a`."""
    if not n_decided:
        return language.say("words.not_available")
    return language.percent(percent_of(met, n_decided))


def counts(met: int, n_decided: int, language: Language = ENGLISH) -> str:
    """`128 of 137`."""
    part, whole = language.number(met), language.number(n_decided)
    return language.say("page.part", part=part, whole=whole)


def span(report: TeamReport, language: Language = ENGLISH) -> str:
    """The first day that counts and the first that counts no more."""
    zone = time_zone(report.zone)
    first, last = (one.astimezone(zone).date() for one in (report.from_at, report.until_at))
    days = {"first": language.day(first), "last": language.day(last)}
    return text("span", language, **days, zone=report.zone)


def known(report: TeamReport, language: Language = ENGLISH) -> str:
    """Which time it is of, and up to when everything is known."""
    at = stamp(report.cut_off, report.zone, language)
    return text("known", language, span=span(report, language), cut_off=at)


def stamp(at: datetime, zone: str, language: Language = ENGLISH) -> str:
    """`3 November 2026 09:00 +01:00`."""
    return language.instant(at, time_zone(zone))


def percentile(one: Percentile | None, language: Language = ENGLISH) -> str:
    """A duration at a percentile; of a case that is still open it is at least that."""
    if one is None:
        return language.say("words.not_available")
    least = "\N{GREATER-THAN OR EQUAL TO} " if one.is_at_least else ""
    return f"{least}{language.hours(one.seconds)}"


def over_classes(classes: Sequence[int], language: Language = ENGLISH) -> list[tuple[str, int]]:
    """The classes of time over the target that have cases or lie between such, by name."""
    filled = [place for place, n in enumerate(classes) if n]
    return [
        (language.name("classes", f"over_{place}"), classes[place])
        for place in range(filled[-1] + 1 if filled else 0)
    ]


def group_table(
    name: str, lines: Sequence[GroupLine], language: Language = ENGLISH
) -> tuple[list[str], list[list[str]]]:
    """The head of a table by a facet, and its rows; columns without any case are left out."""
    many = len({one.measure for one in lines}) > 1
    rows = [_group_cells(one, language) for one in lines]
    kept = [
        place
        for place in range(len(_GROUP_HEAD))
        if place < _ALWAYS or any(row[place] != "0" for row in rows)
    ]
    head = [language.name("facets", name), *heads([_GROUP_HEAD[place] for place in kept], language)]
    return head, [
        [_row_name(line, language, many=many), *(row[place] for place in kept)]
        for line, row in zip(lines, rows, strict=True)
    ]


def _row_name(line: GroupLine, language: Language, *, many: bool) -> str:
    name = named(line.name, language)
    return f"{name}, {measure_name(line.measure, language)}" if many else name


def _group_cells(line: GroupLine, language: Language) -> list[str]:
    found = line.summary
    return [
        share(found.met, found.n_decided, language),
        *(language.number(n) for n in (found.met, found.breached)),
        *(percentile(one, language) for one in (found.median, found.p90)),
        *(language.number(n) for n in (found.open_overdue, found.without_reply)),
        *(language.number(n) for n in (found.excluded, line.not_due)),
    ]


def pause_cells(line: GroupLine, language: Language = ENGLISH) -> list[str]:
    """The cells under `PAUSE_HEAD`."""
    decided, n = line.summary.n_decided, line.n_paused
    return [
        _row_name(line, language, many=True),
        language.number(decided),
        language.number(n),
        share(n, decided, language),
        language.hours(line.paused_seconds),
        language.hours(line.paused_seconds // n) if n else language.say("words.not_available"),
    ]


def solve_cells(line: SolveLine, language: Language = ENGLISH) -> list[str]:
    """The cells under `SOLVE_HEAD`."""
    return [
        named(line.name, language),
        language.number(line.n_solved),
        language.number(line.n_reopened),
        share(line.n_reopened, line.n_over, language),
        language.number(line.n_first_contact),
        share(line.n_first_contact, line.n_contacts, language),
    ]


def haste_cells(line: HasteLine, language: Language = ENGLISH) -> list[str]:
    """The pauses of a group's solved tickets, the hasty ones, and their share."""
    return [
        named(line.name, language),
        language.number(line.n_pauses),
        language.number(line.n_hasty),
        share(line.n_hasty, line.n_pauses, language),
    ]


def phone_cells(line: PhoneLine, language: Language = ENGLISH) -> list[str]:
    """The calls of a line: offered, answered, abandoned, and what answered ones waited."""
    waits = (line.average, line.p90, line.longest)
    return [
        named(line.name, language),
        *(language.number(n) for n in (line.offered, line.answered, line.abandoned)),
        *(
            language.say("words.not_available") if one is None else language.seconds(one)
            for one in waits
        ),
    ]


def load_cells(line: LoadLine, language: Language = ENGLISH, *, by_person: bool) -> list[str]:
    """The cells under `LOAD_HEAD` or `PERSON_HEAD`."""
    name = named(line.group, language)
    name = f"{name}, {named(line.person, language)}" if by_person else name
    return [name, *(language.number(n) for n in (line.n_open, line.n_overdue, line.n_due_soon))]


def in_force_lines(
    times: Sequence[tuple[datetime, datetime | None]], zone: str, language: Language = ENGLISH
) -> list[str]:
    """A sentence that says when a policy was in force."""
    if not times:
        return [text("never_in_force", language)]
    said = []
    for begin, end in times:
        since = stamp(begin, zone, language)
        if end is None:
            said.append(text("in_force_now", language, since=since))
        else:
            until = stamp(end, zone, language)
            said.append(text("in_force_span", language, since=since, until=until))
    return [text("in_force", language, times=", ".join(said))]


def report_lines(report: TeamReport, title: str, language: Language = ENGLISH) -> list[str]:
    """The report for a terminal: measures, tiers and groups."""
    lines = [title, known(report, language)]
    if not report.measures:
        return [*lines, text("nothing", language)]
    totals = [_line(measure_name(one.measure, language), one, language) for one in report.measures]
    lines += ["", *totals]
    for name, table in report.tables.items():
        if all(one.name is None for one in table):
            continue  # nothing is known to tell rows apart by
        many = len(report.measures) > 1
        lines += ["", text("by", language, name=language.name("facets", name))]
        lines += [f"  {_line(_row_name(one, language, many=many), one, language)}" for one in table]
    return lines


def _line(name: str, one: GroupLine, language: Language) -> str:
    found = one.summary
    return text(
        "line",
        language,
        name=name,
        share=share(found.met, found.n_decided, language),
        counts=counts(found.met, found.n_decided, language),
        median=percentile(found.median, language),
        ninth=percentile(found.p90, language),
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
