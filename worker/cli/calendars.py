# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt calendar`: a calendar written out, and when a promise on it is due."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from rules.calendar_zones import time_zone
from worker.cli.exit_codes import CommandFailed
from worker.cli.instants import day, instant
from worker.cli.options import AccountName, ConfigFile, RulesFolder, present, rules_of
from worker.cli.output import JsonFlag, as_json, result

if TYPE_CHECKING:
    from rules.policy import Calendar, CalendarChooser
    from worker.calendar_page import CalendarPage


_From = Annotated[str | None, typer.Option("--from", help="First date to show.", metavar="DATE")]
_To = Annotated[str | None, typer.Option("--to", help="Last date to show.", metavar="DATE")]
_Add = Annotated[
    str | None,
    typer.Option(help='When this is due: "8h", "3 working days".', metavar="DURATION"),
]
_At = Annotated[
    str | None,
    typer.Option(
        help="Start of --add, in the calendar's zone unless it has its own; else now.",
        metavar="TIME",
    ),
]


def calendar(
    *,
    name: Annotated[str, typer.Argument(help="Name of the calendar.", metavar="NAME")],
    rules: RulesFolder = None,
    year: Annotated[int | None, typer.Option(help="Show this year; else the present one.")] = None,
    since: _From = None,
    until: _To = None,
    add: _Add = None,
    at: _At = None,
    json: JsonFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Show opening hours, holidays and clock changes, or when a promise is due."""
    from worker.rule_folder import load_calendars

    calendars, choosers = load_calendars(rules or rules_of(config, account), name)
    if name not in calendars and name not in choosers:
        known = ", ".join(sorted({*calendars, *choosers}))
        raise CommandFailed(f'there is no calendar "{name}"; there are {known}')
    if add is not None:
        chosen = _chosen(choosers[name]) if name in choosers else [name]
        answers = [_due(calendars[one], add, at, config) for one in chosen]
        _show_dues(answers, json=json)
    elif name in choosers:
        _show_chooser(choosers[name], json=json)
    else:
        _show_page(calendars[name], _dates(year, since, until), json=json)


def _chosen(chooser: "CalendarChooser") -> list[str]:
    """The calendars that a chooser can come to, each once."""
    return list(dict.fromkeys([*chooser.cases.values(), chooser.default]))


def _dates(year: int | None, since: str | None, until: str | None) -> tuple[date, date]:
    this_year = datetime.now(UTC).year if year is None else year
    if not 1900 < this_year < 2199:
        raise typer.BadParameter("the year must lie between 1901 and 2198")
    first = date(this_year, 1, 1) if since is None else day(since)
    last = date(first.year, 12, 31) if until is None else day(until)
    if not date(1901, 1, 1) <= first <= last <= date(2198, 12, 31):
        raise typer.BadParameter("--from must not be later than --to, within 1901 to 2198")
    return first, last


def _show_chooser(chooser: "CalendarChooser", *, json: bool) -> None:
    if json:
        as_json(
            {
                "calendar": chooser.name,
                "choose_by": chooser.path,
                "cases": dict(chooser.cases),
                "default": chooser.default,
            }
        )
        return
    result(f"{chooser.name} depends on {chooser.path}")
    for value, its_calendar in chooser.cases.items():
        result(f"  {value}: {its_calendar}")
    result(f"  otherwise: {chooser.default}")


def _show_dues(answers: "list[_Due]", *, json: bool) -> None:
    """When a promise is due: on the calendar, or on each that a chooser can come to."""
    if json:
        documents = [one.to_json() for one in answers]
        as_json(documents[0] if len(documents) == 1 else {"dues": documents})
        return
    for one in answers:
        result(one.sentence())


@dataclass(frozen=True)
class _Due:
    """A promise on a calendar from an instant on, and when it is due."""

    calendar: str
    zone: ZoneInfo
    start: datetime
    within: str
    due_at: datetime

    def to_json(self) -> dict[str, object]:
        start, due_at = self.start.isoformat(), self.due_at.isoformat()
        return {"calendar": self.calendar, "start": start, "within": self.within, "due": due_at}

    def sentence(self) -> str:
        return (
            f"{self.within} on {self.calendar} from {_local(self.start, self.zone)} is due "
            f"{_local(self.due_at, self.zone)} ({self.due_at:%Y-%m-%dT%H:%M:%SZ})"
        )


def _due(found: "Calendar", add: str, at: str | None, config: Path | None) -> _Due:
    from rules.duration import DurationError, format_span, parse_span
    from worker.calendar_page import due
    from worker.settings import load_settings

    zone = found.business.time_zone
    start = present(load_settings(config=config)) if at is None else instant(at, zone=zone)
    try:
        within = parse_span(add)
        due_at = due(found, start, within)
    except DurationError as mistake:
        raise typer.BadParameter(str(mistake), param_hint="--add") from None
    except ValueError as mistake:
        raise CommandFailed(str(mistake)) from None
    return _Due(found.name, time_zone(zone), start, format_span(within), due_at)


def _local(at: datetime, zone: ZoneInfo) -> str:
    written = at.astimezone(zone).strftime("%a %Y-%m-%d %H:%M:%S%z")
    return f"{written[:-2]}:{written[-2:]}"


def _show_page(found: "Calendar", dates: tuple[date, date], *, json: bool) -> None:
    from worker.calendar_page import calendar_page

    page = calendar_page(found, *dates)
    if json:
        as_json(page.to_json())
        return
    for line in _page_lines(page):
        result(line)


def _page_lines(page: "CalendarPage") -> list[str]:
    lines = [f"{page.name} ({page.time_zone}), hash {page.hash[:12]}"]
    lines += [f"  {name}  {hours}" for name, hours in page.week.items()]
    if page.cut_off:
        lines.append(f"  what starts after {page.cut_off} counts from the next open day")
    if page.at_closing == "closing":
        lines.append("  a target that ends at closing is shown as due at that closing")
    lines.append(f"{page.since} to {page.until}: open {page.open_seconds / 3600:.1f} hours")
    lines += _dated_lines("holidays", page.holidays)
    lines += _dated_lines("other hours", page.other_hours)
    changes = {day: f"{hours:g} hours" for day, hours in page.clock_changes.items()}
    lines += _dated_lines("clock changes", changes)
    if page.known_until is not None:
        lines.append(f"holidays of the country are known until {page.known_until}")
    return lines


def _dated_lines(heading: str, dates: dict[date, str]) -> list[str]:
    if not dates:
        return []
    return [heading, *(f"  {one:%Y-%m-%d %a}  {text}".rstrip() for one, text in dates.items())]
