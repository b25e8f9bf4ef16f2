# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt plan` and `stipt apply`: see what rules would write, then write it."""

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed, ExitCode
from worker.cli.options import AccountName, ConfigFile, RulesFolder, Yes, waiting
from worker.cli.output import JsonFlag, QuietFlag, as_json, coloured, counted, result, say
from worker.cli.plan_output import not_found, show_plan
from worker.cli.progress import progress
from worker.cli.sites import Site, opened_site

if TYPE_CHECKING:
    from rules.policy import Policy
    from worker.applying import Applied
    from worker.planning import Plan

_Limit = Annotated[int, typer.Option(help="Show at most so many tickets.", min=0)]
_Wait = Annotated[str, typer.Option(help="Give up after so long without progress.", metavar="SPAN")]


def plan(
    *,
    rules: RulesFolder = None,
    ticket: Annotated[
        list[str] | None, typer.Option(help="Only this ticket; repeatable.", metavar="TICKET")
    ] = None,
    limit: _Limit = 50,
    out: Annotated[
        Path | None, typer.Option(help="Write the plan here, for stipt apply.", metavar="FILE")
    ] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 when there are changes.")
    ] = False,
    wait: _Wait = "5m",
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Read the helpdesk and show what the rules would write; nothing is written."""
    from worker.plan_document import plan_to_json

    only = [one.removeprefix("#") for one in ticket or ()]
    with opened_site(config, account, waiting(wait)) as site, progress(quiet=quiet) as tell:
        policy = site.rules(rules)
        found = site.plan(policy, only, tell)
        warnings = site.misfits(policy)
        not_judged = not_found(site.helpdesk(policy), found.missing)
    if out is not None:
        text = json_module.dumps(plan_to_json(found), indent=1) + "\n"
        out.write_text(text, encoding="utf-8")
    if json:
        as_json({**plan_to_json(found), "warnings": warnings})
    else:
        show_plan(found, limit=limit, quiet=quiet, is_of_some=bool(only))
        for warning in warnings:
            say(f"{coloured('warning', 'yellow')}: {warning}")
    if not_judged:
        raise CommandFailed("; ".join(not_judged))
    if detailed_exitcode and found.tickets:
        raise typer.Exit(ExitCode.CHANGES)


def apply(
    *,
    file: Annotated[
        Path | None, typer.Argument(help="A plan of stipt plan --out; else one is made now.")
    ] = None,
    rules: RulesFolder = None,
    limit: Annotated[
        int | None,
        typer.Option(help="Show at most so many tickets; else 20, none of a FILE's.", min=0),
    ] = None,
    yes: Yes = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Allow more tickets than the write budget, once.")
    ] = False,
    wait: _Wait = "15m",
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Carry out a plan; leaves tickets alone that were changed since it was made."""
    from worker.applying import Applied
    from worker.plan_document import plan_from_json

    applied = Applied()
    # The file first: nobody is asked anything for a plan that cannot be read.
    given = None if file is None else plan_from_json(file.read_bytes())
    with opened_site(config, account, waiting(wait)) as site:
        policy = site.rules(rules)
        found = _plan_to_apply(site, given, policy, quiet=quiet)
        _allow(site, found, accept=accept)
        if not yes:
            # Whoever made a file has seen what is in it.
            shown = (20 if file is None else 0) if limit is None else limit
            show_plan(found, limit=shown, quiet=quiet, is_of_some=file is not None)
            if found.tickets and not typer.confirm("Write these changes?", err=True):
                raise CommandFailed("nothing was written")
        try:
            _carry_out(site, policy, found, applied, quiet=quiet)
        except BaseException:
            _say_where_it_stopped(found, applied, file)
            raise
    _show_outcome(applied, json=json, quiet=quiet)


def _plan_to_apply(site: Site, found: "Plan | None", policy: "Policy", *, quiet: bool) -> "Plan":
    if found is None:
        with progress(quiet=quiet) as tell:
            return site.plan(policy, [], tell)
    if found.account != site.account.name:
        raise CommandFailed(f"the plan is of the account {found.account}")
    if found.policy != policy.hash:
        raise CommandFailed(
            f"the plan was made with the rules {found.policy[:12]}, those of the folder are now "
            f"{policy.hash[:12]}: make a new plan, or name the plan's folder with --rules"
        )
    _refuse_other_helpdesk(site)
    return found


def _refuse_other_helpdesk(site: Site) -> None:
    """A plan of one helpdesk's tickets is not for those of another that have the same numbers."""
    from worker.store.places import refuse_other_place
    from worker.store.schema import prepare

    prepare(site.database)
    with site.database.read(site.account.name) as books:
        refuse_other_place(books, site.account.place)


def _carry_out(
    site: Site, policy: "Policy", found: "Plan", applied: "Applied", *, quiet: bool
) -> None:
    from worker.applying import Applier
    from worker.store.schema import prepare

    prepare(site.database)
    with progress(quiet=quiet) as tell:
        Applier(
            site.database,
            site.helpdesk(policy),
            site.clock,
            site.patience,
            lambda done, total: tell("tickets dealt with", done, total),
        ).apply(found, applied)


def _allow(site: Site, found: "Plan", *, accept: bool) -> None:
    """Refuse more tickets than the write budget, or lift it for the rest of this hour.

    Lifted, a running worker carries out too what the budget made it put off.
    """
    from worker.store.accounts import lift_write_budget
    from worker.store.schema import prepare

    allowed = max(site.account.write_budget, found.n_open // 10)
    if len(found.tickets) <= allowed:
        return
    if not accept:
        raise CommandFailed(
            f"{len(found.tickets)} tickets would change, of {found.n_open} open ones; the write "
            f"budget allows {allowed} (STIPT_WRITE_BUDGET, or a tenth of the open tickets). "
            "Look at the plan once more; --accept lifts the budget this once"
        )
    prepare(site.database)
    with site.database.write(site.account.name) as books:
        lift_write_budget(books, site.clock.now())


def _say_where_it_stopped(found: "Plan", applied: "Applied", file: Path | None) -> None:
    done = applied.outcomes.total()
    again = f"stipt apply {file}" if file is not None else "stipt apply"
    say(
        f"stopped: {done} of {len(found.tickets)} tickets are dealt with, those after them may or "
        f"may not be; {again} goes on from there and writes nothing twice"
    )


_WORDS = {
    "written": "done",
    "equal": "already so",
    "conflict": "conflict: changed while it was written",
    "unwritable": "unwritable: closed, or no longer writable",
    "changed": "changed since the plan was made",
    "outdated": "outdated: time has changed its verdict",
    "gone": "gone: deleted",
    "refused": "refused by the helpdesk",
    "error": "error",
}


def _show_outcome(applied: "Applied", *, json: bool, quiet: bool) -> None:
    if json:
        as_json(applied.to_json())
    else:
        for outcome, word in _WORDS.items():
            if outcome in applied.outcomes:
                result(f"{word}: {applied.outcomes[outcome]}")
        for ident, outcome, detail in applied.left:
            result(f"  #{ident} {outcome}{f': {detail}' if detail else ''}")
        if not applied.outcomes and not quiet:
            say("nothing to write")
    if applied.left:
        raise CommandFailed(f"{counted(len(applied.left), 'ticket')} left as found; see above")
