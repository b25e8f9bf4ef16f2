# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt test --record`: a real ticket becomes a test that says nothing of anybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from worker.cli.exit_codes import CommandFailed
from worker.cli.instants import instant
from worker.cli.options import rules_of

if TYPE_CHECKING:
    from rules.facts import Ticket
    from worker.cli.rule_sets import RuleSet

_FILE = "recorded.yaml"
_NOT_SHOWN = "this ticket cannot be told as a test"


@dataclass(frozen=True)
class Source:
    """Where the ticket is read from: a history file, else the store of an account."""

    history: Path | None
    mapping: Path | None
    now: str | None
    config: Path | None
    account: str | None


def recorded(ident: str, paths: Sequence[Path] | None, source: Source) -> str:
    """The test as a YAML file; it has been run on these rules and passes.

    Raises:
        CommandFailed: there is no such ticket, or it did things that tests cannot tell.
    """
    from rules.recording import record
    from worker.cli.rule_sets import rule_sets

    now = None if source.now is None else instant(source.now)
    ticket, latest = _from_history(ident, source) or _from_store(ident, source)
    folders = paths or [rules_of(source.config, source.account)]
    sets = rule_sets(folders, leave_out_empty=True)
    if len(sets) != 1:
        raise CommandFailed("--record takes one folder of rules")
    text = record(ticket, sets[0].policy, now or latest)
    _prove(text, sets[0])
    return text


_Found = tuple["Ticket", datetime]
"""The ticket, and the instant at which it is judged."""


def _from_history(ident: str, source: Source) -> _Found | None:
    from worker.cli.sources import opened_history
    from worker.histories import find

    if source.history is None:
        return None
    ticket, latest, reason = find(ident, opened_history(source.history, source.mapping))
    if ticket is None:
        raise CommandFailed(f"{source.history}: {reason}")
    return ticket, latest


def _from_store(ident: str, source: Source) -> _Found:
    from worker.cli.sources import opened_store
    from worker.store.facts import load_tickets

    with opened_store(source.config, source.account) as store:
        with store.database.read(store.account.name) as books:
            found = load_tickets(books, [ident])
        if not found:
            raise CommandFailed(
                f"ticket {ident} is not in the store: stipt run --once reads what is new, "
                "--history a file"
            )
        return found[0].assembled(), store.now()


def _prove(text: str, rules: "RuleSet") -> None:
    """Run the test as it would be run later: what was left out must not have mattered."""
    from rules.load import load
    from rules.trial import run_trial
    from worker.cli.trial_output import said

    policy, problems = load({**rules.files, _FILE: text.encode()})
    if policy is None:
        raise CommandFailed(f"{_NOT_SHOWN}: {problems[0]}")
    for trial in policy.trials:
        if trial.where.file != _FILE:
            continue
        result = run_trial(trial, policy)
        if not result.has_passed:
            wrong = [said(one) for one in result.compared if not one.agrees]
            raise CommandFailed(f"{_NOT_SHOWN}: {'; '.join([*wrong, result.fault])}")
