# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt plan` and `stipt apply`: see what rules would write, then write it."""

import json as json_module
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed, ExitCode
from worker.cli.options import AccountName, ConfigFile, Yes
from worker.cli.output import JsonFlag, QuietFlag, as_json, counted, result, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.base import Helpdesk
    from rules.changes import FieldChange
    from worker.clock import Clock
    from worker.planning import Plan, PlannedTicket
    from worker.settings import AccountSettings
    from worker.store.database import Database

_RulesFolder = Annotated[
    Path | None, typer.Option("--rules", help="Rule files; else the settings'.", metavar="DIR")
]


def plan(
    *,
    rules: _RulesFolder = None,
    ticket: Annotated[
        list[str] | None, typer.Option(help="Only this ticket; repeatable.", metavar="TICKET")
    ] = None,
    limit: Annotated[int, typer.Option(help="Show at most so many tickets.", min=0)] = 50,
    out: Annotated[
        Path | None, typer.Option(help="Write the plan here, for stipt apply.", metavar="FILE")
    ] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 when there are changes.")
    ] = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Read the helpdesk and show what the rules would write; nothing is written."""
    with closing_site(config, account) as site:
        found = site.plan(rules, [one.removeprefix("#") for one in ticket or ()])
    if out is not None:
        out.write_text(json_module.dumps(found.to_json(), indent=1) + "\n", encoding="utf-8")
    if json:
        as_json(found.to_json())
    else:
        _show(found, limit=limit, quiet=quiet)
    if detailed_exitcode and found.tickets:
        raise typer.Exit(ExitCode.CHANGES)


def apply(
    *,
    file: Annotated[
        Path | None, typer.Argument(help="A plan of stipt plan --out; else one is made now.")
    ] = None,
    rules: _RulesFolder = None,
    yes: Yes = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Allow more tickets than the write budget, once.")
    ] = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Carry out a plan; leaves tickets alone that were changed since it was made."""
    from worker.applying import apply_plan
    from worker.planning import plan_from_json

    with closing_site(config, account) as site:
        found = site.plan(rules, ()) if file is None else plan_from_json(file.read_bytes())
        if found.account != site.account.name:
            raise CommandFailed(f"the plan is of the account {found.account}")
        _allow(found, site.account.write_budget, accept=accept)
        if not yes:
            _show(found, limit=20, quiet=quiet)
            if found.tickets and not typer.confirm("Write these changes?", err=True):
                raise CommandFailed("nothing was written")
        applied = apply_plan(found, site.helpdesk, _say_nothing if quiet or json else _say_progress)
    if json:
        as_json(applied.to_json())
    else:
        for outcome, n in sorted(applied.outcomes.items()):
            result(f"{outcome}: {n}")
        for ident, outcome, detail in applied.left:
            say(f"#{ident} {outcome}{f': {detail}' if detail else ''}")
    if applied.left:
        raise CommandFailed(f"{len(applied.left)} tickets were left as they are")


@contextmanager
def closing_site(config: Path | None, account: str | None) -> "Iterator[Site]":
    """The account that the settings name; closed at the end."""
    from worker.clock import SandboxClock, SystemClock
    from worker.settings import SettingsInvalid, load_settings
    from worker.store.database import Database
    from worker.wiring import zendesk

    settings = load_settings(config=config)
    chosen = settings.account(account)
    if chosen.missing():
        raise SettingsInvalid(chosen.missing())
    clock = SandboxClock(settings.clock_url) if settings.clock_url else SystemClock()
    database = Database(settings.database_url.get_secret_value())
    try:
        yield Site(chosen, database, zendesk(chosen, now=clock.now), clock)
    finally:
        database.close()


class Site:
    """An account with its store and its helpdesk, for one command."""

    def __init__(
        self, account: "AccountSettings", database: "Database", helpdesk: "Helpdesk", clock: "Clock"
    ) -> None:
        self.account = account
        self.helpdesk = helpdesk
        self._database = database
        self._clock = clock

    def plan(self, rules: Path | None, only: "Sequence[str]") -> "Plan":
        """Read what is new, then judge."""
        from worker.planning import make_plan, read_afresh
        from worker.rule_folder import load_folder

        policy = load_folder(rules or self.account.rules_path or Path("sla"))
        read_afresh(self._database, self.account, self.helpdesk, self._clock)
        return make_plan(self._database, self.account, policy, self._clock.now(), only)


def _allow(found: "Plan", budget: int, *, accept: bool) -> None:
    allowed = max(budget, found.n_judged // 10)
    if len(found.tickets) > allowed and not accept:
        raise CommandFailed(
            f"{len(found.tickets)} tickets would change, the write budget allows {allowed}; "
            "--accept lifts it this once"
        )


def _say_progress(done: int, total: int) -> None:
    say(f"{done} of {total} tickets")


def _say_nothing(done: int, total: int) -> None:
    del done, total


def _show(found: "Plan", *, limit: int, quiet: bool) -> None:
    for one in found.tickets[:limit]:
        for change in one.changes:
            result(_change_line(one, change))
    if len(found.tickets) > limit and not quiet:
        say(f"and {len(found.tickets) - limit} tickets more; --limit shows more, --json all")
    if quiet:
        return
    result(f"{counted(found.n_judged, 'open ticket')} judged, {len(found.tickets)} would change")
    for field, n in found.by_field().items():
        result(f"  {field}: {n}")
    for movement, n in found.moved_dues().items():
        result(f"  {counted(n, 'due')} {_MOVEMENTS[movement]}")


_MOVEMENTS = {
    "new": "where there was none",
    "removed": "taken away",
    "later": "later than before",
    "earlier": "earlier than before",
}


def _change_line(one: "PlannedTicket", change: "FieldChange") -> str:
    sign = "+" if change.old is None else "-" if change.new is None else "~"
    if change.field == "sla_detail":
        return f"{sign} #{one.ticket_id} sla_detail"
    moved = " -> ".join(value for value in (change.old, change.new) if value is not None)
    return f"{sign} #{one.ticket_id} {change.field} {moved} ({change.because})"
