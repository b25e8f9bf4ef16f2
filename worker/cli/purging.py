# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt purge`: what is stored of tickets that are long closed."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.options import AccountName, ConfigFile, Yes
from worker.cli.output import JsonFlag, QuietFlag, as_json, counted, result, say

if TYPE_CHECKING:
    from rules.policy import Policy
    from rules.statements import Statement
    from worker.store.purging import Old


def purge(
    *,
    older_than: Annotated[
        str | None,
        typer.Option(help="Last changed so long ago; else STIPT_PURGE_AFTER.", metavar="SPAN"),
    ] = None,
    yes: Yes = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Delete what is stored of tickets that are long closed; shows the counts first and asks."""
    from rules.statements import unseal
    from worker.cli.sources import opened_store
    from worker.rule_folder import load_folder
    from worker.store.purging import count_kept, count_old, delete_old
    from worker.store.statements import statement_texts

    with opened_store(config, account) as store:
        span = _span(older_than) if older_than else store.settings.purge_after
        # Without the rules nobody knows what statements need: an error, and nothing goes.
        policy = load_folder(store.account.rules_path)
        with store.database.read(store.account.name) as books:
            closed = [unseal(text).statement for _, text in statement_texts(books)]
            old = _old(policy, store.now() - span, closed)
            counts, n_kept = count_old(books, old), count_kept(books, old)
        if not json:
            _show(counts, n_kept, old, quiet=quiet)
        if counts and not yes and not typer.confirm("Delete these rows?", err=True):
            raise CommandFailed("nothing was deleted")
        deleted = delete_old(store.database, store.account.name, old) if counts else {}
    if json:
        as_json({"before": old.before.isoformat(), "deleted": deleted, "kept_tickets": n_kept})
    elif deleted and not quiet:
        say("Done.")


def _span(written: str) -> timedelta:
    from worker.settings_values import span

    try:
        return span(written)
    except ValueError as mistake:
        raise typer.BadParameter(f"expected {mistake}", param_hint="--older-than") from None


def _old(policy: "Policy", before: "datetime", closed: "list[Statement]") -> "Old":
    """Old tickets but those that statements count which are not closed yet."""
    from worker.reporting.settled import settled_time
    from worker.store.purging import Old

    tiers = {tier.name for tier in policy.tiers if tier.obligations}
    customers = {
        one.name
        for one in policy.contracts
        if one.obligations or (one.obligations is None and one.tier in tiers)
    }
    return Old(before, tiers, customers, settled_time(policy, closed))


def _show(counts: dict[str, int], n_kept: int, old: "Old", *, quiet: bool) -> None:
    for name, n in counts.items():
        result(f"{name}: {n}")
    if quiet:
        return
    if not counts:
        say(f"nothing to delete of tickets that closed before {old.before:%Y-%m-%d}")
    if n_kept:
        say(f"{counted(n_kept, 'ticket')} stay: statements count them that are not closed")
