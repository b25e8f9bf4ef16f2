# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt report send`: a customer's report by e-mail, by hand."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.options import AccountName, ConfigFile, RulesFolder, Yes, rules_of
from worker.cli.output import JsonFlag, QuietFlag, as_json, result, say
from worker.cli.sources import opened_store

if TYPE_CHECKING:
    from rules.policy import Policy, Recipient
    from rules.statements import Statement
    from worker.cli.sources import Store
    from worker.notify.mail import Document, Mail
    from worker.reporting.mailing import Reports


def send(
    name: Annotated[str, typer.Argument(help="A contract's name.", metavar="CUSTOMER")],
    *,
    period: Annotated[
        str, typer.Option(help="2026-11, 2026-Q4, 2026-W48, or a contract month's date.")
    ],
    to: Annotated[
        list[str] | None,
        typer.Option(help="A recipient of the rules; else those of its reports.", metavar="NAME"),
    ] = None,
    rules: RulesFolder = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go to whom; send nothing.")
    ] = False,
    yes: Yes = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Send a customer's report of a period by e-mail, each recipient's in its language."""
    from worker.rule_folder import load_folder

    folder = rules or rules_of(config, account)
    policy = load_folder(folder)
    recipients = _recipients(name, to, policy)
    with opened_store(config, account) as store:
        letters = [_letter(one, (name, period), policy, store, folder) for one in recipients]
        before = _already(name, letters[0].statement.label, store)
        if not json:
            _show(letters, before, quiet=quiet)
        if not dry_run:
            if not yes and not typer.confirm("Send these mails?", err=True):
                raise CommandFailed("nothing was sent")
            _send_all(letters, store)
    if json:
        as_json({"mails": [one.document_of() for one in letters], "sent": not dry_run})


@dataclass(frozen=True)
class _Letter:
    recipient: "Recipient"
    statement: "Statement"
    document: "Document"

    def document_of(self) -> dict[str, object]:
        """What goes to whom, for other programs."""
        return {
            "to": self.recipient.name,
            "language": self.recipient.language,
            "statement": self.statement.ident,
            "state": self.statement.state,
            "subject": self.document.subject,
            "attachments": {one.name: len(one.content) for one in self.document.attachments},
        }


def _recipients(name: str, to: list[str] | None, policy: "Policy") -> "list[Recipient]":
    ordered = [
        one
        for contract in policy.contracts
        if contract.name == name
        for order in contract.reports
        for one in order.to
    ]
    wanted = list(dict.fromkeys(to or ordered))
    if not wanted:
        raise CommandFailed(f"the rules name nobody for the reports of {name}; --to NAME does")
    unknown = [one for one in wanted if one not in policy.recipients]
    if unknown:
        known = ", ".join(sorted(policy.recipients)) or "none"
        raise CommandFailed(f'there is no recipient "{unknown[0]}"; the rules have: {known}')
    found = [policy.recipients[one] for one in wanted]
    for one in found:
        if one.email is None:
            raise CommandFailed(f"{one.name} has no e-mail address of its own")
    return found


def _letter(
    recipient: "Recipient",
    what: tuple[str, str],
    policy: "Policy",
    store: "Store",
    folder: Path,
) -> _Letter:
    from worker.reporting.language import language_for
    from worker.reporting.report_mail import Circumstances, mail_of

    name, period = what
    language = language_for(recipient.language)
    sheet = _reports(store, folder).sheet(name, period, policy, language)
    key = f"report:{store.account.name}:{name}:{period}:{recipient.name}:{store.now()}"
    document = mail_of(sheet, language, Circumstances(key, timedelta(0)))
    return _Letter(recipient, sheet.statement, document)


def _reports(store: "Store", folder: Path) -> "Reports":
    from worker.policies import PolicyArchive
    from worker.reporting.mailing import Reports

    account = store.account.name
    archive = PolicyArchive(store.database, account)
    return Reports(store.database, account, folder, archive.by_hash)


def _already(name: str, label: str, store: "Store") -> list[str]:
    """What went out of this period before, or waits to."""
    from worker.store.report_mails import mails_of

    with store.database.read(store.account.name) as books:
        found = mails_of(books, name, label)
    return [
        f"{one.occasion.subscription.recipient}: {one.state}"
        + (f" at {one.sent_at:%Y-%m-%dT%H:%M:%SZ}" if one.sent_at else "")
        + (f", {one.detail}" if one.detail else "")
        for one in found
    ]


def _show(letters: list[_Letter], before: list[str], *, quiet: bool) -> None:
    for one in letters:
        files = ", ".join(
            f"{each.name} ({len(each.content) / 1000:.0f} kB)" for each in one.document.attachments
        )
        language = one.recipient.language or "en"
        result(f"{one.recipient.name} ({language}): {one.document.subject}; {files}")
    for line in () if quiet else before:
        say(f"before: {line}")


def _send_all(letters: list[_Letter], store: "Store") -> None:
    from worker.notify.channel import NotDelivered

    mail = _mail(store)
    for one in letters:
        try:
            mail.deliver_document(one.recipient.email or "", one.document)
        except NotDelivered as fault:
            raise CommandFailed(f"{one.recipient.name}: {fault.detail}") from None
        _note(one, store)
        say(f"{one.recipient.name}: sent")


def _mail(store: "Store") -> "Mail":
    from worker.recipients import report_mail

    return report_mail(store.settings, store.now)


def _note(letter: _Letter, store: "Store") -> None:
    """The schedule does not send it once more, where its period is over."""
    from rules.statements import GRACE
    from worker.reporting.schedule import Occasion, Subscription
    from worker.store.report_mails import note_sent

    statement = letter.statement
    if statement.state == "open":
        return
    subscription = Subscription(statement.party.name, "period", letter.recipient.name)
    due_at = statement.until_at + GRACE
    occasion = Occasion(subscription, statement.label, statement.label, due_at, statement.until_at)
    with store.database.write(store.account.name) as books:
        note_sent(books, occasion, store.now())
