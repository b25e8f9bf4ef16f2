# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt audit`: asks the database once whether any promise is broken."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from worker.cli.exit_codes import ExitCode
from worker.cli.options import AccountName, ConfigFile, present
from worker.cli.output import JsonFlag, QuietFlag, as_json, counted, result, say

if TYPE_CHECKING:
    from worker.settings import AccountSettings, Settings
    from worker.store.audit import Violation


def audit(
    *,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Ask the database whether anything was forgotten; exit code 5 with the list if so."""
    from worker.auditor import audited
    from worker.cli.sources import opened_database
    from worker.settings import load_settings
    from worker.store.audit import CHECKS

    settings = load_settings(config=config)
    accounts = _accounts(settings, account)
    with opened_database(settings) as database:
        found = audited(database, accounts, present(settings))
    if json:
        as_json(
            {
                "checks": list(CHECKS),
                "accounts": {
                    one.name: [asdict(broken) for broken in found.get(one.name, ())]
                    for one in accounts
                },
            }
        )
    else:
        _show(found, quiet=quiet, n_checks=len(CHECKS))
    if found:
        raise typer.Exit(ExitCode.VIOLATION)


def _accounts(settings: "Settings", name: str | None) -> "tuple[AccountSettings, ...]":
    return settings.accounts if name is None else (settings.account(name),)


def _show(found: "dict[str, list[Violation]]", *, quiet: bool, n_checks: int) -> None:
    from worker.auditor import MEANINGS

    for name, broken in found.items():
        for one in broken:
            rows = ", ".join(one.shown) + (", ..." if one.number > len(one.shown) else "")
            result(f"{name}: {one.check} {one.number}: {MEANINGS[one.check]}: {rows}")
    if found and not quiet:
        say("stipt run does what was forgotten; docs/operations.md, Silence, explains each check")
    if not found and not quiet:
        result(f"Nothing was forgotten ({counted(n_checks, 'check')}).")
