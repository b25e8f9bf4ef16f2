# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt setup` and `stipt doctor`: what an account needs, and how it stands."""

import os
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed, ExitCode
from worker.cli.options import AccountName, ConfigFile, Yes, clock_of, present
from worker.cli.output import JsonFlag, QuietFlag, as_json, coloured, result, say

if TYPE_CHECKING:
    from connector.base import FieldsReport
    from connector.zendesk.helpdesk import ZendeskHelpdesk
    from connector.zendesk.webhook import WebhookReport
    from worker.doctor_finding import Finding
    from worker.settings import AccountSettings, Settings

_WORDS = {"ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}


def setup(
    *,
    yes: Yes = False,
    secret_file: Annotated[
        Path | None,
        typer.Option(
            help="Write the webhook's secret to this file, for STIPT_WEBHOOK_SECRET_FILE.",
            metavar="FILE",
        ),
    ] = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Create ticket fields, webhook and trigger; shows the list first and asks."""
    from worker.rule_folder import load_folder
    from worker.settings import SettingsInvalid, load_settings
    from worker.wiring import zendesk

    settings = load_settings(config=config)
    chosen = settings.account(account)
    if chosen.missing():
        raise SettingsInvalid(chosen.missing())
    policy = load_folder(chosen.rules_path)
    tiers = [tier.name for tier in policy.tiers]
    helpdesk = zendesk(chosen, now=lambda: present(settings), bots=policy.settings.bots)
    endpoint, secrets = _webhook_of(settings, chosen)
    if secret_file is not None and endpoint is None:
        raise CommandFailed("--secret-file needs STIPT_PUBLIC_URL: without it there is no webhook")

    def ensure(*, dry_run: bool) -> "tuple[FieldsReport, WebhookReport | None]":
        fields = helpdesk.ensure_fields(tiers=tiers, dry_run=dry_run)
        if endpoint is None:
            return fields, None
        return fields, helpdesk.ensure_webhook(endpoint, secrets=secrets, dry_run=dry_run)

    fields, webhook = ensure(dry_run=True)
    if not json:
        for line in [*_field_lines(fields), *_webhook_lines(webhook)]:
            result(line)
    if fields.created or fields.changed or not (webhook is None or webhook.is_complete):
        if not yes and not typer.confirm("Create and change these?", err=True):
            raise CommandFailed("nothing was changed")
        fields, webhook = ensure(dry_run=False)
        outcome = "Done."
    else:
        outcome = "Everything is there already."
    saved = secret_file and endpoint and _save_secret(helpdesk, endpoint, secret_file)
    pasted = " ".join(f"{key}={number}" for key, number in fields.ids.items())
    if not json:
        result(f"For the Zendesk app's setting field_ids: {pasted}")
    if not quiet:
        for line in (outcome, *([saved] if saved else _advice(webhook))):
            say(line)
    if json:
        found = asdict(fields) | {"field_ids": pasted}
        as_json(found | {"webhook": None if webhook is None else asdict(webhook)})


def _webhook_of(
    settings: "Settings", account: "AccountSettings"
) -> tuple[str | None, tuple[str, ...]]:
    """Where the account's webhook is to call, and the secrets that are accepted there."""
    from worker.web.addresses import webhook_path, webhook_secrets

    if settings.public_url is None:
        return None, ()
    return settings.public_url.rstrip("/") + webhook_path(account.name), webhook_secrets(account)


def _save_secret(helpdesk: "ZendeskHelpdesk", endpoint: str, path: Path) -> str:
    """Write the webhook's secret where only this user reads it; what to tell of it."""
    secret = helpdesk.webhook_secret(endpoint)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        path.chmod(0o600)  # also where the file was there before
        file.write(f"{secret or ''}\n")
    return f"{path} holds the webhook's secret: set STIPT_WEBHOOK_SECRET_FILE to it"


_MARKS = {"created": "+ ", "changed": "~ ", "present": "  "}


def _webhook_lines(report: "WebhookReport | None") -> list[str]:
    if report is None:
        return ["  no webhook: STIPT_PUBLIC_URL is not set (docs/webhooks.md)"]
    return [
        f"{_MARKS[report.webhook]}webhook to {report.endpoint}",
        f"{_MARKS[report.trigger]}trigger that calls it",
    ]


def _advice(report: "WebhookReport | None") -> list[str]:
    if report is None or report.is_known:
        return []
    told = (
        "The webhook's secret is not in STIPT_WEBHOOK_SECRET yet: write it with --secret-file, "
        "set STIPT_WEBHOOK_SECRET_FILE to that file, and restart stipt run."
    )
    return [told]


def _field_lines(report: "FieldsReport") -> list[str]:
    return [
        *(f"+ {name}" for name in report.created),
        *(f"~ {name} (options are added)" for name in report.changed),
        *(f"  {name}" for name in report.present),
    ]


def doctor(
    *,
    settings: Annotated[
        bool, typer.Option("--settings", help="Show every setting with its origin, and end.")
    ] = False,
    write_test: Annotated[
        str | None,
        typer.Option(
            "--write-test",
            help="Also change one field of this ticket, read it back and restore it.",
            metavar="TICKET",
        ),
    ] = None,
    send_test: Annotated[
        str | None,
        typer.Option(
            "--send-test", help="Also send this recipient a marked message.", metavar="NAME"
        ),
    ] = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Look over settings, rules, storage and helpdesk; say what is wrong and how to mend it."""
    from worker.doctor import examine
    from worker.settings import load_settings

    found = load_settings(config=config)
    if settings:
        _show_settings(found, json=json)
        return
    chosen = found.account(account)
    findings: list[Finding] = []
    ticket = None if write_test is None else write_test.removeprefix("#")
    looked = examine(found, chosen, clock_of(found).now, ticket)
    told = () if send_test is None else (_send_test(found, chosen, send_test),)
    for finding in chain(looked, told):
        findings.append(finding)
        if not json and not (quiet and finding.outcome == "ok"):
            result(_finding_line(finding))
    if json:
        as_json({"checks": [asdict(one) for one in findings]})
    if any(one.outcome == "fail" for one in findings):
        raise typer.Exit(ExitCode.VIOLATION)


def _send_test(settings: "Settings", account: "AccountSettings", name: str) -> "Finding":
    """A marked message to one recipient, as `stipt notify --test` sends it."""
    from worker.cli.notify import try_recipient
    from worker.doctor_finding import Finding
    from worker.rule_folder import RulesInvalid, RulesMissing, load_folder

    try:
        sent = try_recipient(settings, account, load_folder(account.rules_path), name)
    except (CommandFailed, RulesInvalid, RulesMissing) as fault:
        return Finding("send test", name, "fail", str(fault))
    if sent.outcome == "sent":
        return Finding("send test", name, "ok", "handed over; did it arrive?")
    return Finding("send test", name, "fail", sent.detail or sent.outcome)


def _show_settings(found: "Settings", *, json: bool) -> None:
    rows = found.shown()
    if json:
        as_json({name: {"value": value, "origin": origin} for name, value, origin in rows})
        return
    for name, value, origin in rows:
        result(f"{name}={value}  ({origin})")


def _finding_line(finding: "Finding") -> str:
    word, colour = _WORDS[finding.outcome]
    line = f"{coloured(word, colour)}  {finding.group}: {finding.name}: {finding.seen}"
    return f"{line}; {finding.remedy}" if finding.remedy else line
