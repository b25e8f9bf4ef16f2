# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a team, or of a policy version, as a page that loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

from worker.report.charts import Bar, Group, bars
from worker.report.drawing import Picture, cut
from worker.report.heatmap import Field, heatmap
from worker.report.page import Link, both_widths, cards, heading, page, paragraph, table
from worker.report.trend import Dot, Series, trend
from worker.reporting import team_wording as words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.teamwork import GroupLine, TeamReport

RowLink = Callable[[str, "GroupLine"], "str | None"]

_MOST_ROWS = 40
_MOST_BARS = 15
_MOST_LINES = 4
_BAR_NAME = 150
"""Room for the name of a bar, in the units of the picture."""

_FEW = 20
"""A period with fewer cases is drawn hollow."""


def team_page(
    report: TeamReport,
    title: str,
    notes: Sequence[str] = (),
    *,
    top: Sequence[str] = (),
    link: RowLink | None = None,
) -> str:
    """The whole page; the same report gives the same bytes.

    Args:
        report: the figures.
        title: its heading.
        notes: sentences that stand above the figures.
        top: what stands above all, as HTML.
        link: where a row of a facet's table leads, on the web.
    """
    return page(title, [*top, f"<h1>{escape(title)}</h1>", *_parts(report, notes, link)])


def _parts(report: TeamReport, notes: Sequence[str], link: RowLink | None) -> list[str]:
    top = [paragraph(words.known(report), "soft"), *map(paragraph, notes)]
    if not report.measures:
        return [*top, paragraph(words.text("nothing")), *_load(report)]
    return [
        *top,
        cards(_numbers(report)),
        *_attainment(report),
        *_trend(report),
        *_tables(report, link),
        *_when(report),
        *_over(report),
        *_pauses(report),
        *_solves(report),
        *_load(report),
        *_method(report),
    ]


def _numbers(report: TeamReport) -> list[tuple[str, str]]:
    """A share for each measure, and what else a reader looks for first."""
    found = []
    for one in report.measures:
        line = one.summary
        counts = words.counts(line.met, line.n_decided)
        told = words.text("card.share", measure=words.measure_name(one.measure), counts=counts)
        found.append((words.share(line.met, line.n_decided), told))
    n_open = sum(one.summary.open_overdue for one in report.measures)
    late = report.n_decided - report.n_met
    found.append((f"{late:,}", words.text("card.late", n_open=n_open)))
    n_contacts, n_first, n_over, n_again = (
        sum(getattr(one, name) for one in report.solves)
        for name in ("n_contacts", "n_first_contact", "n_over", "n_reopened")
    )
    if n_contacts:
        told = words.text("card.first_contact", counts=words.counts(n_first, n_contacts))
        found.append((words.share(n_first, n_contacts), told))
    if n_over:
        told = words.text("card.reopened", counts=words.counts(n_again, n_over))
        found.append((words.share(n_again, n_over), told))
    return found


def _figure(title: str, draw: Callable[[int, str], str]) -> str:
    return f"<figure>\n<figcaption>{escape(title)}</figcaption>\n{both_widths(draw)}\n</figure>"


def _attainment(report: TeamReport) -> list[str]:
    lines = [one for one in report.tables.get("tier", ()) if one.summary.n_decided]
    if not lines:
        return []
    lowest = min(lines, key=lambda one: one.summary.met / one.summary.n_decided)
    share = words.share(lowest.summary.met, lowest.summary.n_decided)
    who = f"{share}, {words.named(lowest.name)}, {words.measure_name(lowest.measure)}"
    finding = words.text("attainment.finding", n=len(report.measures), lowest=who)
    title = words.text("attainment.title")
    groups = [_bars(one.measure, lines) for one in report.measures]

    def draw(width: int, suffix: str) -> str:
        return bars(Picture(f"attainment{suffix}", title, finding, width), groups)

    return [heading(words.text("attainment")), _figure(title, draw)]


def _bars(measure: str, lines: Sequence[GroupLine]) -> Group:
    found = sorted(
        (one for one in lines if one.measure == measure), key=lambda one: -one.summary.n_decided
    )[:_MOST_BARS]
    return Group(
        words.measure_name(measure),
        tuple(
            Bar(
                cut(words.named(one.name), _BAR_NAME),
                one.summary.met / one.summary.n_decided,
                words.share(one.summary.met, one.summary.n_decided)
                + f" ({words.counts(one.summary.met, one.summary.n_decided)})",
                "met",
            )
            for one in found
        ),
    )


def _trend(report: TeamReport) -> list[str]:
    filled = {place for one in report.trend for place, (_, n) in enumerate(one.counts) if n}
    if len(filled) < 2:
        return []  # one dot is no line
    drawn = report.trend[:_MOST_LINES]
    series = [
        Series(
            words.named(one.name),
            tuple(Dot(met / n, n < _FEW) if n else None for met, n in one.counts),
        )
        for one in drawn
    ]
    finding = "; ".join(
        f"{words.named(one.name)}: "
        + ", ".join(
            f"{label} {words.share(met, n)}"
            for label, (met, n) in zip(report.periods, one.counts, strict=True)
        )
        for one in drawn
    )
    title = words.text("trend.title")
    if len(report.trend) > len(drawn):
        title += f"; {words.text('trend.more', n=len(report.trend) - len(drawn))}"

    def draw(width: int, suffix: str) -> str:
        return trend(Picture(f"trend{suffix}", title, finding, width), report.periods, series, None)

    return [heading(words.text("trend")), _figure(title, draw)]


def _tables(report: TeamReport, link: RowLink | None) -> list[str]:
    parts = []
    for name, lines in report.tables.items():
        if all(one.name is None for one in lines):
            continue  # nothing is known to tell rows apart by
        called = words.FACETS[name]
        caption = words.text("by.caption", name=called)
        shown = sorted(lines, key=lambda one: -one.summary.n_decided)[:_MOST_ROWS]
        if len(shown) < len(lines):
            caption += words.text("rows.more", shown=len(shown), total=len(lines))
        head, rows = words.group_table(name, [one for one in lines if one in shown])
        shown_rows: list[list[str | Link]] = [[*row] for row in rows]
        for row, line in zip(shown_rows, [one for one in lines if one in shown], strict=True):
            href = None if link is None else link(name, line)
            if href is not None:
                row[0] = Link(f"{row[0]}", href)
        parts += [heading(words.text("by", name=called)), table(caption, head, shown_rows)]
    return parts


def _when(report: TeamReport) -> list[str]:
    late = {(one.weekday, one.hour): one.late for one in report.hours}
    n_late = sum(late.values())
    if not n_late:
        return []
    (day, hour), most = max(late.items(), key=lambda one: (one[1], (-one[0][0], -one[0][1])))
    finding = words.text(
        "when.finding", n=n_late, most=most, day=words.WEEKDAYS[day], hour=f"{hour}"
    )
    title = words.text("when.title", zone=report.zone)
    field = Field(
        words.WEEKDAYS, [f"{one}" for one in range(24)], late, unit=words.text("unit.cycles")
    )

    def draw(width: int, suffix: str) -> str:
        return heatmap(Picture(f"when{suffix}", title, finding, width), field)

    days = [
        (
            name,
            sum(one.decided for one in report.hours if one.weekday == place),
            sum(one.late for one in report.hours if one.weekday == place),
        )
        for place, name in enumerate(words.WEEKDAYS)
    ]
    rows = [[name, f"{n:,}", f"{bad:,}", words.share(n - bad, n)] for name, n, bad in days]
    return [
        heading(words.text("when")),
        _figure(title, draw),
        table(words.text("days.caption"), words.DAY_HEAD, rows),
    ]


def _over(report: TeamReport) -> list[str]:
    if not report.over:
        return []
    finding = "; ".join(
        words.text(
            "over.finding",
            measure=words.measure_name(one.measure),
            median=words.duration(one.median),
            longest=words.duration(one.longest),
        )
        for one in report.over
    )
    title = words.text("over.title")
    most = max(n for one in report.over for n in one.classes)
    groups = [
        Group(
            words.measure_name(one.measure),
            tuple(
                Bar(name, n / most, f"{n:,}", "breached")
                for name, n in words.over_classes(one.classes)
            ),
        )
        for one in report.over
    ]

    def draw(width: int, suffix: str) -> str:
        return bars(Picture(f"over{suffix}", title, finding, width), groups)

    return [heading(words.text("over")), paragraph(f"{finding}.", "soft"), _figure(title, draw)]


def _pauses(report: TeamReport) -> list[str]:
    lines = [one for one in report.tables.get("tier", ()) if one.n_paused]
    if not lines:
        return []
    shown = sorted(lines, key=lambda one: -one.n_paused)[:_MOST_ROWS]
    rows = [words.pause_cells(one) for one in shown]
    return [
        heading(words.text("pauses")),
        table(words.text("pauses.caption"), words.PAUSE_HEAD, rows),
    ]


def _solves(report: TeamReport) -> list[str]:
    if not report.solves:
        return []
    shown = sorted(report.solves, key=lambda one: -one.n_solved)[:_MOST_ROWS]
    rows = [words.solve_cells(one) for one in shown]
    caption = words.text("solves.caption")
    return [heading(words.text("solves")), table(caption, words.SOLVE_HEAD, rows)]


def _load(report: TeamReport) -> list[str]:
    if not report.load:
        return []
    by_person = any(one.person is not None for one in report.load)
    rows = [words.load_cells(one, by_person=by_person) for one in report.load[:_MOST_ROWS]]
    caption = words.text("load.caption", cut_off=words.stamp(report.cut_off, report.zone))
    head = words.PERSON_HEAD if by_person else words.LOAD_HEAD
    return [heading(words.text("load")), table(caption, head, rows)]


def _method(report: TeamReport) -> list[str]:
    judged = ", ".join(f"{name} ({n:,})" for name, n in report.policies.items())
    said = [words.text("method.rules"), words.text("method.policies", policies=judged)]
    return [heading(words.text("method")), *(paragraph(one, "soft") for one in said)]
