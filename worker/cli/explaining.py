# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt explain`: why a ticket has the deadlines that it has."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.instants import instant
from worker.cli.options import AccountName, ConfigFile, present
from worker.cli.output import JsonFlag, as_json

if TYPE_CHECKING:
    from collections.abc import Collection

    from rules.facts import Ticket
    from rules.policy import Policy
    from rules.steps import StepKey


def explain(
    *,
    ticket: Annotated[str, typer.Argument(help="The ticket's id.", metavar="TICKET")],
    history: Annotated[
        Path | None,
        typer.Option(help="Take the ticket from this file; else the store.", metavar="FILE"),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="What the columns of a CSV file mean.", metavar="FILE")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(help="Folder of rule files; else the settings'.", metavar="DIR")
    ] = None,
    now: Annotated[
        str | None,
        typer.Option(
            help="Judge as of this instant; else now, or the latest in the file.", metavar="TIME"
        ),
    ] = None,
    json: JsonFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Say which contract, tier and rule hold for a ticket, and what its clocks counted."""
    ident = ticket.removeprefix("#")
    judged_at = None if now is None else instant(now)
    if history is not None:
        _show(*_from_history(ident, history, mapping, rules, judged_at), json=json)
    else:
        _show(*_from_store(ident, rules, judged_at, config, account), json=json)


_Case = tuple["Ticket", "Policy", datetime, "Collection[StepKey]"]


def _show(
    ticket: "Ticket",
    policy: "Policy",
    now: datetime,
    sent: "Collection[StepKey]",
    *,
    json: bool,
) -> None:
    from rules.explain import explain as explained

    explanation = explained(ticket, policy, now, sent)
    if json:
        as_json(explanation.to_json())
    else:
        typer.echo(explanation.text(), nl=False)


def _from_history(
    ident: str, history: Path, mapping: Path | None, rules: Path | None, now: datetime | None
) -> _Case:
    from worker.cli.replaying import opened_history
    from worker.histories import find
    from worker.rule_folder import load_folder

    policy = load_folder(rules or Path("sla"))
    ticket, latest, reason = find(ident, opened_history(history, mapping))
    if ticket is None:
        raise CommandFailed(f"{history}: {reason}")
    return ticket, policy, now or latest, ()


def _from_store(
    ident: str,
    rules: Path | None,
    now: datetime | None,
    config: Path | None,
    account: str | None,
) -> _Case:
    from worker.rule_folder import load_folder
    from worker.settings import load_settings
    from worker.store.database import Database
    from worker.store.facts import load_tickets

    settings = load_settings(config=config)
    chosen = settings.account(account)
    policy = load_folder(rules or chosen.rules_path or Path("sla"))
    database = Database(settings.database_url.get_secret_value())
    if database.is_sqlite and not Path(database.url.database or "").exists():
        raise CommandFailed("nothing has been read from the helpdesk yet: stipt run --once does")
    try:
        with database.read(chosen.name) as books:
            found = load_tickets(books, [ident])
            if not found:
                raise CommandFailed(f"ticket {ident} is not in the store; --history reads a file")
            ticket, sent = found[0].assembled(), found[0].sent
    finally:
        database.close()
    return ticket, policy, now or present(settings), sent
