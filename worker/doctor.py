# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks over an installation: each check says what was seen and how to mend it.

Nothing is written and nobody is told anything, unless that is asked for.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from connector.base import CredentialsRejected, HelpdeskError
from rules.lint import lint
from worker.connection_needs import reads_names
from worker.doctor_account import look_at_account
from worker.doctor_channels import look_at_channels
from worker.doctor_finding import Finding
from worker.doctor_sign_in import look_at_sign_in
from worker.doctor_storage import look_at_storage
from worker.doctor_trial import try_to_write
from worker.doctor_webhook import look_at_webhook
from worker.rule_folder import RulesInvalid, RulesMissing, load_folder, passed_over
from worker.settings import SettingsInvalid
from worker.wiring import zendesk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime
    from pathlib import Path

    from connector.zendesk.helpdesk import ZendeskHelpdesk
    from rules.policy import Policy
    from worker.settings import AccountSettings, Settings


def examine(
    settings: Settings,
    account: AccountSettings,
    now: Callable[[], datetime],
    write_test: str | None = None,
) -> Iterator[Finding]:
    """Every check in turn; an outside service that fails is a finding, not an error.

    Args:
        settings: the installation's.
        account: the one to look at.
        now: the helpdesk's clock, which goes on while the checks run.
        write_test: a ticket of which one field is written and restored.
    """
    yield from _settings(account)
    policy, findings = _rules(account, now().date())
    yield from findings
    if policy is not None:
        yield from look_at_channels(settings, policy, now)
    yield from look_at_storage(settings, account)
    yield from look_at_sign_in(settings)
    yield from _helpdesk(settings, account, policy, now)
    yield _zones()
    if write_test is not None and not account.missing():
        yield from try_to_write(connection(account, policy, now), write_test)


def _settings(account: AccountSettings) -> Iterator[Finding]:
    missing = account.missing()
    for problem in missing:
        yield Finding("settings", "needed", "fail", problem, "set it in the environment or a file")
    if not missing:
        yield Finding("settings", "needed", "ok", f"all set for {account.base_url}")
    if account.write == "off":
        seen = "off: the service only records changes and tells nobody; stipt apply still writes"
        remedy = "STIPT_WRITE=on, once stipt plan shows what you expect"
        yield Finding("settings", "writing", "warn", seen, remedy)
    else:
        yield Finding("settings", "writing", "ok", "on")


def _rules(account: AccountSettings, today: date) -> tuple[Policy | None, list[Finding]]:
    folder = account.rules_path
    look = f"stipt check {folder} shows them"
    try:
        policy = load_folder(folder)
    except RulesMissing as fault:
        return None, [Finding("rules", "load", "fail", str(fault))]
    except RulesInvalid as fault:
        return None, [Finding("rules", "load", "fail", f"errors: {len(fault.problems)}", look)]
    contents = f"{folder}, tiers: {len(policy.tiers)}, contracts: {len(policy.contracts)}"
    loaded = [Finding("rules", "load", "ok", contents), *_not_read(folder)]
    n_findings = len(lint(policy, today))
    if n_findings:
        return policy, [
            *loaded,
            Finding("rules", "concrete", "warn", f"{n_findings} findings", look),
        ]
    return policy, [*loaded, Finding("rules", "concrete", "ok", "no findings")]


def _not_read(folder: Path) -> Iterator[Finding]:
    names = ", ".join(path.name for path in passed_over(folder))
    if names:
        remedy = "only *.yaml and *.yml of the folder itself are read"
        yield Finding("rules", "not read", "warn", names, remedy)


def _helpdesk(
    settings: Settings,
    account: AccountSettings,
    policy: Policy | None,
    now: Callable[[], datetime],
) -> Iterator[Finding]:
    if account.missing():
        return
    try:
        helpdesk = connection(account, policy, now)
        checks = helpdesk.check_access()
    except (SettingsInvalid, HelpdeskError) as fault:
        yield Finding("helpdesk", "access", "fail", str(fault), _remedy(fault))
        return
    for check in checks:
        yield Finding("helpdesk", check.name, check.outcome, check.seen, check.remedy)
    is_signed_in = all(one.outcome != "fail" for one in checks if one.name == "sign-in")
    if policy is not None and is_signed_in:
        yield from look_at_webhook(settings, account, helpdesk)
        yield from look_at_account(settings, account, helpdesk, policy, now)


def connection(
    account: AccountSettings, policy: Policy | None, now: Callable[[], datetime]
) -> ZendeskHelpdesk:
    """The helpdesk as the service would speak to it."""
    if policy is None:
        return zendesk(account, now=now)
    return zendesk(account, now=now, bots=policy.settings.bots, with_names=reads_names(policy))


def _remedy(fault: Exception) -> str:
    if isinstance(fault, CredentialsRejected):
        return "check the OAuth client's id, secret and scopes"
    return "" if isinstance(fault, SettingsInvalid) else "is the address right?"


def _zones() -> Finding:
    try:
        return Finding("time", "time zones", "ok", f"tzdata {version('tzdata')}")
    except PackageNotFoundError:
        return Finding("time", "time zones", "fail", "no tzdata", "pip install tzdata")
