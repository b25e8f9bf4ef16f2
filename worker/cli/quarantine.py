# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt quarantine`: tickets that are left alone because judging or writing them keeps failing."""

from dataclasses import asdict
from typing import Annotated

import typer

from worker.cli.options import AccountName, ConfigFile, present
from worker.cli.output import JsonFlag, QuietFlag, as_json, result, say

_TICKETS = Annotated[
    list[str] | None, typer.Argument(help="Tickets to let go.", metavar="[TICKET...]")
]


def show(
    *,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """List the tickets that are left alone because judging or writing them keeps failing.

    Since when, how often tried, and why.
    """
    from worker.cli.sources import opened_database
    from worker.settings import load_settings
    from worker.store.quarantine import quarantined

    settings = load_settings(config=config)
    name = settings.account(account).name
    with opened_database(settings) as database, database.read(name) as books:
        found = quarantined(books)
    if json:
        as_json({"tickets": [asdict(one) for one in found]})
        return
    for one in found:
        since = f"{one.since:%Y-%m-%d %H:%M} UTC"
        tries = "1 try" if one.tries == 1 else f"{one.tries} tries"
        result(f"#{one.ticket_id}  since {since}, {tries}: {one.reason}")
    if not found and not quiet:
        say("No ticket is in quarantine.")


def release(
    *,
    tickets: _TICKETS = None,
    everything: Annotated[bool, typer.Option("--all", help="Let all of them go.")] = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Look at quarantined tickets again, as if they had never failed."""
    from worker.cli.sources import opened_database
    from worker.settings import load_settings
    from worker.store.quarantine import release_quarantined

    if bool(tickets) == everything:
        raise typer.BadParameter("name tickets, or say --all", param_hint="TICKET")
    settings = load_settings(config=config)
    name = settings.account(account).name
    with opened_database(settings) as database, database.write(name) as books:
        released = release_quarantined(books, tickets, present(settings))
    missing = sorted(set(tickets or ()) - set(released))
    if json:
        as_json({"released": released, "not_in_quarantine": missing})
        return
    for ident in missing:
        say(f"#{ident} is not in quarantine")
    if not quiet:
        result(f"Released: {', '.join(f'#{one}' for one in released) or 'none'}")
