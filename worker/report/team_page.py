# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a team, or of a policy version, as a page that loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

from worker.report.charts import Bar, Group, bars
from worker.report.drawing import Picture
from worker.report.heatmap import Field, heatmap
from worker.report.page import Link, cards, figure, heading, page, paragraph, table
from worker.report.trend import Dot, Series, trend
from worker.reporting import team_wording as words
from worker.reporting.language import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.teamwork import GroupLine, TeamReport
    from worker.reporting.language import Language

RowLink = Callable[[str, "GroupLine"], "str | None"]

_MOST_ROWS = 40
_MOST_BARS = 15
_MOST_LINES = 4
_FEW = 20
"""A period with fewer cases is drawn hollow."""

_FEW_IN_AN_HOUR = 5
"""An hour of the week with late ones of fewer cases is hatched: it says little."""


def team_page(  # noqa: PLR0913 -- what is shown, how it is led to, and in which language
    report: TeamReport,
    title: str,
    notes: Sequence[str] = (),
    *,
    top: Sequence[str] = (),
    link: RowLink | None = None,
    language: Language = ENGLISH,
) -> str:
    """The whole page; the same report gives the same bytes.

    Args:
        report: the figures.
        title: its heading.
        notes: sentences that stand above the figures.
        top: what stands above all, as HTML.
        link: where a row of a facet's table leads, on the web.
        language: in which everything is said but what admins wrote.
    """
    body = [*top, f"<h1>{escape(title)}</h1>", *_parts(report, notes, link, language)]
    return page(title, body, language.code)


def _parts(
    report: TeamReport, notes: Sequence[str], link: RowLink | None, language: Language
) -> list[str]:
    top = [paragraph(words.known(report, language), "soft"), *map(paragraph, notes)]
    if not report.measures:
        nothing = paragraph(words.text("nothing", language))
        return [*top, nothing, *_phone(report, language), *_load(report, language)]
    return [
        *top,
        cards(_numbers(report, language)),
        *_attainment(report, language),
        *_trend(report, language),
        *_tables(report, link, language),
        *_when(report, language),
        *_over(report, language),
        *_pauses(report, language),
        *_haste(report, language),
        *_solves(report, language),
        *_phone(report, language),
        *_load(report, language),
        *_method(report, language),
    ]


def _numbers(report: TeamReport, language: Language) -> list[tuple[str, str]]:
    """A share for each measure, and what else a reader looks for first."""
    found = []
    for one in report.measures:
        line = one.summary
        counts = words.counts(line.met, line.n_decided, language)
        told = words.text(
            "card_share", language, measure=words.measure_name(one.measure, language), counts=counts
        )
        found.append((words.share(line.met, line.n_decided, language), told))
    n_open = sum(one.summary.open_overdue for one in report.measures)
    late = report.n_decided - report.n_met
    found.append((language.number(late), words.text("card_late", language, n_open=n_open)))
    n_contacts, n_first, n_over, n_again = (
        sum(getattr(one, name) for one in report.solves)
        for name in ("n_contacts", "n_first_contact", "n_over", "n_reopened")
    )
    if n_contacts:
        told = words.text(
            "card_first_contact", language, counts=words.counts(n_first, n_contacts, language)
        )
        found.append((words.share(n_first, n_contacts, language), told))
    if n_over:
        told = words.text("card_reopened", language, counts=words.counts(n_again, n_over, language))
        found.append((words.share(n_again, n_over, language), told))
    return found


def _attainment(report: TeamReport, language: Language) -> list[str]:
    lines = [one for one in report.tables.get("tier", ()) if one.summary.n_decided]
    if not lines:
        return []
    lowest = min(lines, key=lambda one: one.summary.met / one.summary.n_decided)
    share = words.share(lowest.summary.met, lowest.summary.n_decided, language)
    tier, measure = words.named(lowest.name, language), words.measure_name(lowest.measure, language)
    who = f"{share}, {tier}, {measure}"
    finding = words.text("attainment_finding", language, n=len(report.measures), lowest=who)
    title = words.text("attainment_title", language)
    groups = [_bars(one.measure, lines, language) for one in report.measures]

    def draw(width: int, suffix: str) -> str:
        return bars(Picture(f"attainment{suffix}", title, finding, width, language), groups)

    return [heading(words.text("attainment", language)), figure(title, draw)]


def _bars(measure: str, lines: Sequence[GroupLine], language: Language) -> Group:
    found = sorted(
        (one for one in lines if one.measure == measure), key=lambda one: -one.summary.n_decided
    )[:_MOST_BARS]
    return Group(
        words.measure_name(measure, language),
        tuple(
            Bar(
                words.named(one.name, language),
                one.summary.met / one.summary.n_decided,
                words.share(one.summary.met, one.summary.n_decided, language)
                + f" ({words.counts(one.summary.met, one.summary.n_decided, language)})",
                "met",
            )
            for one in found
        ),
    )


def _trend(report: TeamReport, language: Language) -> list[str]:
    filled = {place for one in report.trend for place, (_, n) in enumerate(one.counts) if n}
    if len(filled) < 2:
        return []  # one dot is no line
    drawn = report.trend[:_MOST_LINES]
    series = [
        Series(
            words.named(one.name, language),
            tuple(Dot(met / n, n < _FEW) if n else None for met, n in one.counts),
        )
        for one in drawn
    ]
    finding = "; ".join(
        f"{words.named(one.name, language)}: "
        + ", ".join(
            f"{label} {words.share(met, n, language)}"
            for label, (met, n) in zip(report.periods, one.counts, strict=True)
        )
        for one in drawn
    )
    title = words.text("trend_title", language)
    if len(report.trend) > len(drawn):
        title += f"; {words.text('trend_more', language, n=len(report.trend) - len(drawn))}"

    def draw(width: int, suffix: str) -> str:
        return trend(
            Picture(f"trend{suffix}", title, finding, width, language), report.periods, series, None
        )

    return [heading(words.text("trend", language)), figure(title, draw)]


def _tables(report: TeamReport, link: RowLink | None, language: Language) -> list[str]:
    parts = []
    for name, lines in report.tables.items():
        if all(one.name is None for one in lines):
            continue  # nothing is known to tell rows apart by
        called = language.name("facets", name)
        caption = words.text("by_caption", language, name=called)
        shown = sorted(lines, key=lambda one: -one.summary.n_decided)[:_MOST_ROWS]
        if len(shown) < len(lines):
            caption += words.text("rows_more", language, shown=len(shown), total=len(lines))
        kept = [one for one in lines if one in shown]
        head, rows = words.group_table(name, kept, language)
        shown_rows: list[list[str | Link]] = [[*row] for row in rows]
        for row, line in zip(shown_rows, kept, strict=True):
            href = None if link is None else link(name, line)
            if href is not None:
                row[0] = Link(f"{row[0]}", href)
        parts += [
            heading(words.text("by", language, name=called)),
            table(caption, head, shown_rows),
        ]
    return parts


def _when(report: TeamReport, language: Language) -> list[str]:
    late = {(one.weekday, one.hour): one.late for one in report.hours}
    n_late = sum(late.values())
    if not n_late:
        return []
    (day, hour), most = max(late.items(), key=lambda one: (one[1], (-one[0][0], -one[0][1])))
    finding = words.text(
        "when_finding", language, n=n_late, most=most, day=language.weekdays[day], hour=f"{hour}"
    )
    title = language.say("pictures.when_title", zone=report.zone)
    field = Field(
        language.weekdays,
        [f"{one}" for one in range(24)],
        late,
        unit=language.say("pictures.cycles"),
        few=frozenset(
            (one.weekday, one.hour)
            for one in report.hours
            if one.late and one.decided < _FEW_IN_AN_HOUR
        ),
        few_means=language.say("charts.few", n=f"{_FEW_IN_AN_HOUR}"),
    )

    def draw(width: int, suffix: str) -> str:
        return heatmap(Picture(f"when{suffix}", title, finding, width, language), field)

    days = [
        (
            name,
            sum(one.decided for one in report.hours if one.weekday == place),
            sum(one.late for one in report.hours if one.weekday == place),
        )
        for place, name in enumerate(language.weekdays)
    ]
    rows = [
        [name, language.number(n), language.number(bad), words.share(n - bad, n, language)]
        for name, n, bad in days
    ]
    return [
        heading(language.say("pictures.when")),
        figure(title, draw),
        table(words.text("days_caption", language), words.heads(words.DAY_HEAD, language), rows),
    ]


def _over(report: TeamReport, language: Language) -> list[str]:
    if not report.over:
        return []
    finding = "; ".join(
        words.text(
            "over_finding",
            language,
            measure=words.measure_name(one.measure, language),
            median=language.hours(one.median),
            longest=language.hours(one.longest),
        )
        for one in report.over
    )
    title = words.text("over_title", language)
    most = max(n for one in report.over for n in one.classes)
    groups = [
        Group(
            words.measure_name(one.measure, language),
            tuple(
                Bar(name, n / most, language.number(n), "breached")
                for name, n in words.over_classes(one.classes, language)
            ),
        )
        for one in report.over
    ]

    def draw(width: int, suffix: str) -> str:
        return bars(Picture(f"over{suffix}", title, finding, width, language), groups)

    return [
        heading(language.say("pictures.how_late")),
        paragraph(f"{finding}.", "soft"),
        figure(title, draw),
    ]


def _pauses(report: TeamReport, language: Language) -> list[str]:
    lines = [one for one in report.tables.get("tier", ()) if one.n_paused]
    if not lines:
        return []
    shown = sorted(lines, key=lambda one: -one.n_paused)[:_MOST_ROWS]
    rows = [words.pause_cells(one, language) for one in shown]
    return [
        heading(words.text("pauses", language)),
        table(
            words.text("pauses_caption", language), words.heads(words.PAUSE_HEAD, language), rows
        ),
    ]


def _haste(report: TeamReport, language: Language) -> list[str]:
    """Whether clocks were stopped instead of answering."""
    if not report.haste:
        return []
    shown = sorted(report.haste, key=lambda one: -one.n_hasty)[:_MOST_ROWS]
    rows = [words.haste_cells(one, language) for one in shown]
    return [
        table(words.text("haste_caption", language), words.heads(words.HASTE_HEAD, language), rows)
    ]


def _solves(report: TeamReport, language: Language) -> list[str]:
    if not report.solves:
        return []
    shown = sorted(report.solves, key=lambda one: -one.n_solved)[:_MOST_ROWS]
    rows = [words.solve_cells(one, language) for one in shown]
    caption = words.text("solves_caption", language)
    return [
        heading(words.text("solves", language)),
        table(caption, words.heads(words.SOLVE_HEAD, language), rows),
    ]


def _phone(report: TeamReport, language: Language) -> list[str]:
    if not report.phone:
        return []
    shown = sorted(report.phone, key=lambda one: -one.offered)[:_MOST_ROWS]
    rows = [words.phone_cells(one, language) for one in shown]
    return [
        heading(language.say("outlook.waits")),
        table(words.text("phone_caption", language), words.heads(words.PHONE_HEAD, language), rows),
    ]


def _load(report: TeamReport, language: Language) -> list[str]:
    if not report.load:
        return []
    by_person = any(one.person is not None for one in report.load)
    rows = [
        words.load_cells(one, language, by_person=by_person) for one in report.load[:_MOST_ROWS]
    ]
    caption = words.text(
        "load_caption", language, cut_off=words.stamp(report.cut_off, report.zone, language)
    )
    head = words.heads(words.PERSON_HEAD if by_person else words.LOAD_HEAD, language)
    return [heading(words.text("load", language)), table(caption, head, rows)]


def _method(report: TeamReport, language: Language) -> list[str]:
    judged = ", ".join(f"{name} ({language.number(n)})" for name, n in report.policies.items())
    said = [
        words.text("method_rules", language),
        words.text("method_policies", language, policies=judged),
    ]
    return [heading(language.say("page.method")), *(paragraph(one, "soft") for one in said)]
