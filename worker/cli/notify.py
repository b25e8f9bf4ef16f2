# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt notify`: a message that says it is a test, to see whether a recipient can be reached."""

from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed, ExitCode
from worker.cli.options import AccountName, ConfigFile, present
from worker.cli.output import JsonFlag, QuietFlag, as_json, result

if TYPE_CHECKING:
    from rules.policy import Policy
    from worker.outbox import SendResult
    from worker.settings import AccountSettings, Settings
    from worker.store.facts import StoredTicket


def notify(
    *,
    test: Annotated[
        str, typer.Option(help="A recipient of the rules who gets a test message.", metavar="NAME")
    ],
    ticket: Annotated[
        str | None,
        typer.Option(help="The ticket whose assignee or group is meant.", metavar="TICKET"),
    ] = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Send one message that says it is a test, and say what became of it."""
    from worker.rule_folder import load_folder
    from worker.settings import load_settings

    settings = load_settings(config=config)
    chosen = settings.account(account)
    policy = load_folder(chosen.rules_path)
    found = try_recipient(settings, chosen, policy, test, ticket)
    if json:
        as_json({"recipient": test, "outcome": found.outcome, "reason": found.detail or None})
    elif found.outcome == "sent" and not quiet:
        result(f"{test}: the message was handed over")
    if found.outcome != "sent":
        code = ExitCode.ERROR if found.outcome in ("setting", "nobody") else ExitCode.OUTSIDE
        raise CommandFailed(f"{test}: {found.detail}", code)


def try_recipient(
    settings: "Settings",
    account: "AccountSettings",
    policy: "Policy",
    name: str,
    ticket: str | None = None,
) -> "SendResult":
    """Send a test message to a recipient of the rules.

    Raises:
        CommandFailed: the rules know no such recipient, or it needs a ticket.
    """
    from worker.previews import Outlook, send_trial
    from worker.wiring import ticket_link_of, zendesk

    recipient = policy.recipients.get(name)
    if recipient is None:
        known = ", ".join(sorted(policy.recipients)) or "none"
        raise CommandFailed(f'the rules know no recipient "{name}"; known are: {known}')
    outlook = Outlook(settings, account.name, policy, ticket_link_of(account))
    now = present(settings)
    if recipient.ticket is None:
        return send_trial(outlook, name, now)
    if ticket is None:
        raise CommandFailed(f"{name} is the {recipient.ticket} of a ticket: name one with --ticket")
    helpdesk = zendesk(account, now=lambda: present(settings))
    return send_trial(
        outlook, name, now, helpdesk=helpdesk, stored=_stored(settings, account, ticket)
    )


def _stored(settings: "Settings", account: "AccountSettings", ticket: str) -> "StoredTicket":
    from worker.cli.sources import opened_database
    from worker.previews import stored_ticket
    from worker.store.places import refuse_other_place

    with opened_database(settings) as database, database.read(account.name) as books:
        refuse_other_place(books, account.place)
        found = stored_ticket(books, ticket)
    if found is None:
        raise CommandFailed(f"ticket {ticket} is not in the store; stipt run reads it")
    return found
