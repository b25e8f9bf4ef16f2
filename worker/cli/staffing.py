# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt staffing`: how many people keep the promises, from what came in or from figures."""

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from worker.cli.instants import day
from worker.cli.options import (
    AccountName,
    ConfigFile,
    HistoryFile,
    MappingFile,
    RulesFolder,
    rules_of,
)
from worker.cli.output import JsonFlag, QuietFlag, as_json, result, say, table
from worker.cli.progress import progress
from worker.cli.sources import opened_history, opened_store
from worker.cli.written import written_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.arrivals import LookBack
    from rules.policy import Calendar, Policy
    from rules.staffing import LinePromise
    from worker.histories import Progress
    from worker.staffing.answer import Answer
    from worker.staffing.past import Past
    from worker.staffing.setting import Assumed

Value = TypeVar("Value")

_MOST_AT_ONCE = 5_000
"""Calls: the formulas are exact up to 10,100 people, and more would take minutes."""


def staffing(
    *,
    weeks: Annotated[
        int, typer.Option(help="Weeks that are looked back at.", metavar="NUMBER", min=1)
    ] = 8,
    until: Annotated[
        str | None,
        typer.Option(help="The day behind the last one; else today.", metavar="DATE"),
    ] = None,
    interval: Annotated[
        int, typer.Option(help="Minutes of an interval: 15, 30 or 60.", metavar="NUMBER")
    ] = 30,
    hours: Annotated[
        str | None,
        typer.Option(help="Calendar of the team's hours; else the usual one.", metavar="NAME"),
    ] = None,
    growth: Annotated[
        str, typer.Option(help="So much more than in those weeks: 10%.", metavar="SHARE")
    ] = "0%",
    mail_work: Annotated[
        str, typer.Option(help="Work on a ticket that is no call.", metavar="SPAN")
    ] = "10m",
    chat_work: Annotated[
        str, typer.Option(help="Work on a conversation in chat.", metavar="SPAN")
    ] = "8m",
    level: Annotated[
        str, typer.Option(help="Replies in time, where no obligation says it.", metavar="SHARE")
    ] = "95%",
    roster: Annotated[
        Path | None,
        typer.Option(
            help="Who is on duty, as CSV; else roster.csv beside the rules.", metavar="FILE"
        ),
    ] = None,
    rules: RulesFolder = None,
    history: HistoryFile = None,
    mapping: MappingFile = None,
    calls: Annotated[
        float | None,
        typer.Option(help="Calls an hour: figures instead of the past.", metavar="NUMBER", min=0),
    ] = None,
    handling: Annotated[
        str | None,
        typer.Option(help="Talk and wrap-up of a call, such as 6m.", metavar="SPAN"),
    ] = None,
    within: Annotated[
        str, typer.Option(help="The wait that is promised, such as 3m.", metavar="SPAN")
    ] = "20s",
    answered: Annotated[
        str | None,
        typer.Option(help="Share answered within it, at least: 80%.", metavar="SHARE"),
    ] = None,
    abandoned: Annotated[
        str | None,
        typer.Option(help="Share who give up, at most: 5%; needs --patience.", metavar="SHARE"),
    ] = None,
    mean_wait: Annotated[
        str | None, typer.Option(help="Mean wait of all callers, at most.", metavar="SPAN")
    ] = None,
    patience: Annotated[
        str | None,
        typer.Option(help="How long callers wait on average before giving up.", metavar="SPAN"),
    ] = None,
    occupancy: Annotated[
        str,
        typer.Option(help="Share of their time that people are busy, at most.", metavar="SHARE"),
    ] = "85%",
    shrinkage: Annotated[
        str,
        typer.Option(help="Share of paid time that is not spent at work.", metavar="SHARE"),
    ] = "0%",
    csv: Annotated[
        Path | None, typer.Option(help="Every interval of the week.", metavar="FILE")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="A page with pictures.", metavar="FILE")] = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Say how many people keep the promises on the phone, in chat and by mail."""
    from worker.staffing.setting import Assumed
    from worker.staffing.words import document, lines

    if calls is not None:
        promise = _line_promise(
            within, answered, abandoned, mean_wait, patience, occupancy=occupancy
        )
        _of_figures(calls, handling, promise, shrinkage, json=json, quiet=quiet)
        return
    if abandoned is not None or mean_wait is not None:
        raise typer.BadParameter("--abandoned and --mean-wait are for figures: add --calls")
    assumed = Assumed(
        mail_seconds=_seconds("--mail-work", mail_work),
        chat_seconds=_seconds("--chat-work", chat_work),
        handling_seconds=_seconds_or_none("--handling", handling),
        patience_seconds=_seconds_or_none("--patience", patience),
        level=_part("--level", level),
        within_seconds=_seconds("--within", within),
        answered=_part("--answered", answered or "80%"),
        occupancy=_occupancy(occupancy),
        shrinkage=_part("--shrinkage", shrinkage),
        growth=_share("--growth", growth),
    )
    asked = _Asked(weeks, until, interval, hours, roster)
    folder = rules or rules_of(config, account)
    with progress(quiet=quiet) as tell:
        found = _answer(asked, folder, assumed, _Places(history, mapping, config, account, tell))
    _write(found, csv, html)
    if json:
        as_json(document(found))
    elif not any(str(one) == "-" for one in (csv, html)):
        for line in lines(found, table):
            result(line)
    for doubt in () if quiet else found.doubts:
        say(doubt)


@dataclass(frozen=True)
class _Asked:
    """Which weeks, whose hours and which roster, as they were written."""

    weeks: int
    until: str | None
    interval: int
    hours: str | None
    roster: Path | None


@dataclass(frozen=True)
class _Places:
    """Where the past is: a file, else the store of an account."""

    history: Path | None
    mapping: Path | None
    config: Path | None
    account: str | None
    tell: "Progress"


def _answer(asked: _Asked, folder: Path, assumed: "Assumed", places: _Places) -> "Answer":
    from worker.rule_folder import load_folder
    from worker.staffing.answer import answer
    from worker.staffing.roster_files import roster_of
    from worker.staffing.setting import Setting, calendar_of

    policy = load_folder(folder)
    try:
        calendar = calendar_of(policy, asked.hours)
    except ValueError as mistake:
        raise typer.BadParameter(str(mistake), param_hint="--hours") from None
    roster = roster_of(folder, asked.roster)
    past = _past(asked, policy, calendar, places)
    return answer(past, Setting(policy, calendar, past.over, assumed, roster))


def _past(asked: _Asked, policy: "Policy", calendar: "Calendar", places: _Places) -> "Past":
    from worker.staffing.past import day_behind, past_of_history, past_of_store

    if places.history is not None:
        file = opened_history(places.history, places.mapping, places.tell)
        return past_of_history(
            file, policy.settings.time_zone, lambda latest: _over(asked, policy, calendar, latest)
        )
    with opened_store(places.config, places.account) as store:
        today = day_behind(store.now(), policy.settings.time_zone)
        over = _over(asked, policy, calendar, today)
        return past_of_store(store.database, store.account.name, over)


def _over(asked: _Asked, policy: "Policy", calendar: "Calendar", latest: date) -> "LookBack":
    from rules.arrivals import LookBack

    until = latest if asked.until is None else day(asked.until)
    try:
        over = LookBack(
            until, policy.settings.time_zone, weeks=asked.weeks, interval_minutes=asked.interval
        )
    except ValueError as mistake:
        raise typer.BadParameter(str(mistake), param_hint="--interval") from None
    closed = frozenset(calendar.holiday_names) & frozenset(over.days)
    return replace(over, holidays=closed)


def _write(found: "Answer", csv: Path | None, html: Path | None) -> None:
    from worker.staffing.words import interval_csv

    if csv is not None:
        with written_to(csv) as write:
            write(interval_csv(found).encode())
    if html is not None:
        from worker.report.staffing_page import staffing_page

        with written_to(html) as write:
            write(staffing_page(found).encode())


def _of_figures(
    calls: float,
    handling: str | None,
    promise: "LinePromise",
    shrinkage: str,
    *,
    json: bool,
    quiet: bool,
) -> None:
    from rules.erlang import Demand
    from worker.cli.staffing_figures import show_line

    if not isfinite(calls):
        raise typer.BadParameter(f'"{calls}" is not a number of calls', param_hint="--calls")
    if handling is None:
        raise typer.BadParameter("how long does a call take? --handling 6m")
    demand = Demand.per_hour(calls, _seconds("--handling", handling))
    if demand.load > _MOST_AT_ONCE:
        message = f"{demand.load:,.0f} calls at once are too many: at most {_MOST_AT_ONCE:,}"
        raise typer.BadParameter(message, param_hint="--calls")
    show_line(demand, promise, _part("--shrinkage", shrinkage), json=json, quiet=quiet)


def _line_promise(
    within: str,
    answered: str | None,
    abandoned: str | None,
    mean_wait: str | None,
    patience: str | None,
    *,
    occupancy: str,
) -> "LinePromise":
    from rules.staffing import LinePromise

    if answered is None and abandoned is None and mean_wait is None:
        raise typer.BadParameter("say what is promised: --answered, --abandoned or --mean-wait")
    if abandoned is not None and patience is None:
        raise typer.BadParameter("how many give up depends on their patience: --patience 4m")
    try:
        return LinePromise(
            _seconds("--within", within),
            None if answered is None else _part("--answered", answered),
            None if abandoned is None else _part("--abandoned", abandoned),
            _seconds_or_none("--mean-wait", mean_wait),
            _seconds_or_none("--patience", patience),
            _occupancy(occupancy),
        )
    except ValueError as mistake:
        raise typer.BadParameter(str(mistake)) from None


def _seconds(flag: str, written: str) -> int:
    from rules.duration import parse_running

    return _parsed(parse_running, flag, written)


def _seconds_or_none(flag: str, written: str | None) -> int | None:
    return None if written is None else _seconds(flag, written)


def _share(flag: str, written: str) -> Fraction:
    from rules.duration import parse_share

    return _parsed(parse_share, flag, written)


def _part(flag: str, written: str) -> Fraction:
    """A share of a whole, which it cannot exceed."""
    found = _share(flag, written)
    if found > 1:
        raise typer.BadParameter(f"{written} is more than all: at most 100%", param_hint=flag)
    return found


def _occupancy(written: str) -> Fraction:
    found = _part("--occupancy", written)
    if found == 0:
        message = "nobody would ever work: above 0%, such as 85%"
        raise typer.BadParameter(message, param_hint="--occupancy")
    return found


def _parsed(parse: "Callable[[str], Value]", flag: str, written: str) -> "Value":
    try:
        return parse(written)
    except ValueError as mistake:
        raise typer.BadParameter(str(mistake), param_hint=flag) from None
