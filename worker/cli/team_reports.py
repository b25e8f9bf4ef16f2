# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt report team` and `stipt report policy`: figures over all customers together."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.options import (
    AccountName,
    ConfigFile,
    HistoryFile,
    HistoryNow,
    MappingFile,
    RulesFolder,
    rules_of,
)
from worker.cli.output import JsonFlag, QuietFlag, as_json, result, say
from worker.cli.policy import SHOWN, PolicyHash, only_hash
from worker.cli.progress import progress
from worker.cli.report_files import Html, LanguageCode, Pdf, ReportFiles, language_named
from worker.cli.sources import Store, judged_at, opened_history, opened_store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rules.teamwork import Stretch, TeamReport
    from worker.histories import History
    from worker.reporting.language import Language

_Period = Annotated[
    str | None,
    typer.Option(
        help="2026-11, 2026-Q4, 2026-W48 or 2026; else the running month.", metavar="PERIOD"
    ),
]
_Csv = Annotated[
    Path | None, typer.Option(help="A line for each measure of each group.", metavar="FILE")
]


def team(
    *,
    period: _Period = None,
    rules: RulesFolder = None,
    history: HistoryFile = None,
    mapping: MappingFile = None,
    now: HistoryNow = None,
    people: Annotated[
        bool, typer.Option("--people", help="Show open tickets by assignee too; from the store.")
    ] = False,
    csv: _Csv = None,
    html: Html = None,
    pdf: Pdf = None,
    language: LanguageCode = "en",
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Show what was kept in a period by tier, group, market, channel, weekday and hour."""
    from worker.reporting.team_wording import text

    files = ReportFiles(csv, html, pdf, language_named(language))
    folder, at = rules or rules_of(config, account), judged_at(now, history)
    if history is None:
        with opened_store(config, account) as store:
            found, doubts = _of_store(store, folder, period, by_person=people)
    else:
        if people:
            raise typer.BadParameter("a history does not tell", param_hint="--people")
        with progress(quiet=quiet) as tell:
            found, doubts = _of_history(opened_history(history, mapping, tell), folder, period, at)
    title = text("title", files.language, label=found.label)
    _Told(found, title).give(files, json=json)
    for doubt in () if quiet else doubts:
        say(doubt)


def policy(
    beginning: PolicyHash,
    *,
    period: Annotated[
        str | None,
        typer.Option(
            help="2026-11, 2026-Q4, 2026-W48 or 2026; else all that it judged.", metavar="PERIOD"
        ),
    ] = None,
    csv: _Csv = None,
    html: Html = None,
    pdf: Pdf = None,
    language: LanguageCode = "en",
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Show what became of everything that a policy version judged, target by target."""
    from worker.reporting.team import TeamQuestion, known_of, stored_team
    from worker.reporting.team_wording import in_force_lines, text
    from worker.reporting.waiting import waiting_tickets
    from worker.store.policy_log import hashes_like
    from worker.store.team_rows import dues_of_policy, times_in_force

    files = ReportFiles(csv, html, pdf, language_named(language))
    with opened_store(config, account) as store:
        database, name = store.database, store.account.name
        cut_off, _ = known_of(database, name)
        with database.read(name) as books:
            doubts = waiting_tickets(books)
            full_hash = only_hash(beginning, hashes_like(books, beginning.lower()))
            dues = dues_of_policy(books, full_hash)
            times = times_in_force(books, full_hash)
        if dues is None:
            raise CommandFailed(f"{full_hash} has judged nothing that fell due")
        zone = _zone_of(store)
        stretch = _stretch(period, zone, dues[1], dues[0], full_hash[:SHOWN])
        found = stored_team(database, name, TeamQuestion(stretch, full_hash), cut_off)
    notes = in_force_lines(times, zone, files.language)
    title = text("policy_title", files.language, label=full_hash[:SHOWN])
    _Told(found, title, notes).give(files, json=json)
    for doubt in () if quiet else doubts:
        say(doubt)


@dataclass(frozen=True)
class _Told:
    """A report, its title, and what is said below it."""

    report: "TeamReport"
    title: str
    notes: "Sequence[str]" = ()

    def give(self, files: ReportFiles, *, json: bool) -> None:
        """Write the files, and print the report unless a file took its place."""
        from worker.reporting.team_wording import report_lines, team_csv

        files.write(lambda: team_csv(self.report), lambda: self._page(files.language))
        if json:
            from msgspec import to_builtins

            as_json(to_builtins(self.report))
        elif not files.takes_standard_output:
            for line in [*report_lines(self.report, self.title, files.language), *self.notes]:
                result(line)

    def _page(self, language: "Language") -> str:
        from worker.report.team_page import team_page

        return team_page(self.report, self.title, list(self.notes), language=language)


def _of_store(
    store: Store, folder: Path, period: str | None, *, by_person: bool
) -> "tuple[TeamReport, list[str]]":
    from worker.reporting.team import TeamQuestion, known_of, stored_team
    from worker.reporting.waiting import waiting_tickets
    from worker.rule_folder import load_folder

    cut_off, _ = known_of(store.database, store.account.name)
    with store.database.read(store.account.name) as books:
        doubts = waiting_tickets(books)
    zone = load_folder(folder).settings.time_zone
    question = TeamQuestion(_stretch(period, zone, cut_off), by_person=by_person)
    found = stored_team(store.database, store.account.name, question, cut_off)
    return found, doubts


def _of_history(
    history: "History", folder: Path, period: str | None, now: "datetime | None"
) -> "tuple[TeamReport, list[str]]":
    from worker.reporting.evidence import HistorySource, OutageFiles
    from worker.reporting.team import TeamQuestion, judged_team
    from worker.rule_folder import load_folder

    source = HistorySource.of(history, OutageFiles(folder), now)
    loaded = load_folder(folder)
    stretch = _stretch(period, loaded.settings.time_zone, source.cut_off)
    found = judged_team(history, loaded, TeamQuestion(stretch), source.cut_off)
    return found, list(source.doubts)


def _stretch(
    period: str | None,
    zone: str,
    last: "datetime",
    first: "datetime | None" = None,
    label: str = "",
) -> "Stretch":
    """The named period; else all months from the first instant on, or the last one's alone."""
    from rules.teamwork import month_around, months_between, stretch_named

    if period is None:
        return (
            month_around(last, zone) if first is None else months_between(first, last, zone, label)
        )
    try:
        named = stretch_named(period, zone)
    except ValueError:
        raise typer.BadParameter(
            f'"{period}" is no period; say 2026-11, 2026-Q4, 2026-W48 or 2026',
            param_hint="--period",
        ) from None
    if named.from_at > last:
        raise CommandFailed(
            f"{period} has not begun: all that is known ends on {last:%Y-%m-%d} UTC"
        )
    return named


def _zone_of(store: Store) -> str:
    """The zone of the rules in force."""
    from worker.rule_folder import load_folder

    return load_folder(store.account.rules_path).settings.time_zone
