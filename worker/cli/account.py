# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt setup` and `stipt doctor`: what an account needs, and how it stands."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed, ExitCode
from worker.cli.options import AccountName, ConfigFile, Yes, clock_of, present
from worker.cli.output import JsonFlag, QuietFlag, as_json, coloured, result, say

if TYPE_CHECKING:
    from connector.base import FieldsReport
    from worker.doctor_finding import Finding
    from worker.settings import Settings

_WORDS = {"ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}


def setup(
    *,
    yes: Yes = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Create the ticket fields that Stipt writes; shows the list first and asks."""
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
    planned = helpdesk.ensure_fields(tiers=tiers, dry_run=True)
    if not json:
        for line in _field_lines(planned):
            result(line)
    if planned.created or planned.changed:
        if not yes and not typer.confirm("Create and change these fields?", err=True):
            raise CommandFailed("nothing was changed")
        planned = helpdesk.ensure_fields(tiers=tiers)
        outcome = "Done."
    else:
        outcome = "Everything is there already."
    if not quiet:
        say(outcome)
    if json:
        as_json(asdict(planned))


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
    findings: list[Finding] = []
    for finding in examine(found, found.account(account), clock_of(found).now):
        findings.append(finding)
        if not json and not (quiet and finding.outcome == "ok"):
            result(_finding_line(finding))
    if json:
        as_json({"checks": [asdict(one) for one in findings]})
    if any(one.outcome == "fail" for one in findings):
        raise typer.Exit(ExitCode.VIOLATION)


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
