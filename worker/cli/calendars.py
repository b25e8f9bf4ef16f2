# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt calendar`: a calendar written out, and when a promise on it is due."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.instants import day, instant
from worker.cli.options import AccountName, ConfigFile, rules_of
from worker.cli.output import JsonFlag, as_json, result

if TYPE_CHECKING:
    from rules.policy import Calendar, CalendarChooser, Policy
    from worker.calendar_page import CalendarPage


def calendar(
    *,
    name: Annotated[str, typer.Argument(help="Name of the calendar.", metavar="NAME")],
    rules: Annotated[
        Path | None, typer.Option(help="Folder of rule files; else the settings'.", metavar="DIR")
    ] = None,
    year: Annotated[int | None, typer.Option(help="Show this year; else the present one.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="First date to show.", metavar="DATE")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Last date to show.", metavar="DATE")
    ] = None,
    add: Annotated[
        str | None,
        typer.Option(help='When this is due: "8h", "3 working days".', metavar="DURATION"),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="Start of --add, in the calendar's zone unless it has its own; else now.",
            metavar="TIME",
        ),
    ] = None,
    json: JsonFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Show opening hours, holidays and clock changes, or when a promise is due."""
    from worker.rule_folder import load_folder

    policy = load_folder(rules or rules_of(config, account))
    chooser = policy.choosers.get(name)
    if chooser is not None:
        _show_chooser(chooser, json=json)
        return
    found = _named(policy, name)
    if add is not None:
        _show_due(found, add, at, json=json)
        return
    _show_page(found, _dates(year, since, until), json=json)


def _named(policy: "Policy", name: str) -> "Calendar":
    found = policy.calendars.get(name)
    if found is None:
        known = ", ".join(sorted({*policy.calendars, *policy.choosers}))
        raise CommandFailed(f'there is no calendar "{name}"; there are {known}')
    return found


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


def _show_due(found: "Calendar", add: str, at: str | None, *, json: bool) -> None:
    from rules.duration import DurationError, format_span, parse_span
    from worker.calendar_page import due

    zone = found.business.time_zone
    start = datetime.now(UTC).replace(microsecond=0) if at is None else instant(at, zone=zone)
    try:
        within = parse_span(add)
        due_at = due(found, start, within)
    except DurationError as mistake:
        raise typer.BadParameter(str(mistake), param_hint="--add") from None
    except ValueError as mistake:
        raise CommandFailed(str(mistake)) from None
    if json:
        answer = {"calendar": found.name, "start": start.isoformat(), "within": format_span(within)}
        as_json({**answer, "due": due_at.isoformat()})
        return
    local = ZoneInfo(zone)
    result(
        f"{format_span(within)} on {found.name} from {_local(start, local)} is due "
        f"{_local(due_at, local)} ({due_at:%Y-%m-%dT%H:%M:%SZ})"
    )


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
