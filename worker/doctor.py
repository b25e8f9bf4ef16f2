# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks over an installation: each check says what was seen and how to mend it. Writes nothing."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from connector.base import CredentialsRejected, HelpdeskError
from rules.lint import lint
from worker.recipients import unreachable
from worker.rule_folder import RulesInvalid, RulesMissing, load_folder
from worker.settings import SettingsInvalid
from worker.store.accounts import standing_notices
from worker.store.database import Books, Database
from worker.store.remarks import Counted, messages_dead, tickets_set_aside, words_unknown
from worker.store.schema import schema_state
from worker.store.summary import count_quarantined
from worker.wiring import zendesk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    from rules.policy import Policy
    from worker.settings import AccountSettings, Settings
    from worker.store.schema import SchemaState

Outcome = Literal["ok", "warn", "fail"]
_LEAST_FREE_BYTES = 1024**3
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it stands, what to do."""

    group: str
    name: str
    outcome: Outcome
    seen: str
    remedy: str = ""


def examine(settings: Settings, account: AccountSettings, now: datetime) -> Iterator[Finding]:
    """Every check in turn; an outside service that fails is a finding, not an error."""
    yield from _settings(account)
    policy, findings = _rules(account, now.date())
    yield from findings
    if policy is not None:
        yield from _recipients(settings, policy, now)
    yield from _storage(settings, account)
    yield from _helpdesk(account, policy, lambda: now)
    yield _zones()


def _settings(account: AccountSettings) -> Iterator[Finding]:
    missing = account.missing()
    for problem in missing:
        yield Finding("settings", "needed", "fail", problem, "set it in the environment or a file")
    if not missing:
        yield Finding("settings", "needed", "ok", f"all set for {account.base_url}")
    if account.write == "off":
        remedy = "STIPT_WRITE=on, once stipt plan shows what you expect"
        yield Finding("settings", "writing", "warn", "off: changes are only recorded", remedy)
    else:
        yield Finding("settings", "writing", "ok", "on")


def _rules(account: AccountSettings, today: date) -> tuple[Policy | None, list[Finding]]:
    folder = account.rules_path or Path("sla")
    look = f"stipt check {folder} shows them"
    try:
        policy = load_folder(folder)
    except RulesMissing as fault:
        remedy = "stipt init makes a folder"
        return None, [Finding("rules", "load", "fail", str(fault), remedy)]
    except RulesInvalid as fault:
        return None, [Finding("rules", "load", "fail", f"errors: {len(fault.problems)}", look)]
    contents = f"{folder}, tiers: {len(policy.tiers)}, contracts: {len(policy.contracts)}"
    loaded = Finding("rules", "load", "ok", contents)
    n_findings = len(lint(policy, today))
    if n_findings:
        return policy, [
            loaded,
            Finding("rules", "concrete", "warn", f"{n_findings} findings", look),
        ]
    return policy, [loaded, Finding("rules", "concrete", "ok", "no findings")]


def _recipients(settings: Settings, policy: Policy, now: datetime) -> Iterator[Finding]:
    found = unreachable(settings, policy, lambda: now)
    for name, why in sorted(found.items()):
        remedy = "set what is named here, or change the recipient in the rules"
        yield Finding("messages", name, "warn", why, remedy)
    if policy.recipients and not found:
        seen = f"all {len(policy.recipients)} recipients can be told"
        yield Finding("messages", "recipients", "ok", seen)


def _storage(settings: Settings, account: AccountSettings) -> Iterator[Finding]:
    try:
        yield from _database(settings, account)
    except (SQLAlchemyError, OSError) as fault:
        # SQLAlchemy's own text quotes the statement; the driver's does not.
        seen = str(fault.orig) if isinstance(fault, DBAPIError) else str(fault)
        remedy = "check STIPT_DATABASE_URL and STIPT_STATE_DIR"
        yield Finding("storage", "database", "fail", seen.strip().splitlines()[0], remedy)


def _database(settings: Settings, account: AccountSettings) -> Iterator[Finding]:
    database = Database(settings.database_url.get_secret_value())
    try:
        path = Path(database.url.database or "")
        if database.is_sqlite and not path.exists():
            yield Finding("storage", "database", "ok", f"{path} will be made at the first run")
            return
        yield from _stored(database, account.name)
        if database.is_sqlite:
            yield _space(path.parent)
    finally:
        database.close()


def _stored(database: Database, account: str) -> Iterator[Finding]:
    state = schema_state(database)
    if state != "current":
        yield _schema_differs(state, is_sqlite=database.is_sqlite)
        return
    yield Finding("storage", "database", "ok", "its schema is current")
    with database.read(account) as books:
        for name, text in standing_notices(books).items():
            yield Finding("storage", name, "warn", text, "the worker's log says more")
        yield from _remarks(books)


def _schema_differs(state: SchemaState, *, is_sqlite: bool) -> Finding:
    seen = f"its schema is {state}"
    if state == "newer":
        return Finding("storage", "database", "fail", seen, "upgrade Stipt")
    if state == "behind" and not is_sqlite:  # stipt run refuses to start on it
        return Finding("storage", "database", "fail", seen, "stipt db upgrade, once")
    return Finding("storage", "database", "warn", seen, "stipt run brings it up to date")


def _remarks(books: Books) -> Iterator[Finding]:
    """What the worker went on in spite of."""
    unread = tickets_set_aside(books, _MOST_SHOWN)
    if unread.number:
        seen = f"{unread.number} could not be read: {_listed(unread)}"
        yield Finding("storage", "tickets set aside", "warn", seen, "they are tried again")
    words = words_unknown(books, _MOST_SHOWN)
    if words.number:
        seen = f"{words.number} taken for a fallback: {_listed(words)}"
        yield Finding("storage", "unknown words", "warn", seen, "tell the makers of Stipt")
    quarantined = count_quarantined(books)
    if quarantined:
        seen = f"{quarantined} tickets cannot be judged or written"
        yield Finding("storage", "quarantine", "warn", seen, "the worker's log says why")
    dead = messages_dead(books, _MOST_SHOWN)
    if dead.number:
        seen = f"{dead.number} will never arrive: {_listed(dead)}"
        yield Finding("storage", "messages", "warn", seen, "mend the reason for the next ones")


def _listed(found: Counted) -> str:
    more = found.number > len(found.shown) >= _MOST_SHOWN
    return "; ".join(found.shown) + ("; ..." if more else "")


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    seen = f"{free / 1024**3:.1f} GB free"
    outcome: Outcome = "ok" if free >= _LEAST_FREE_BYTES else "warn"
    return Finding("storage", "space", outcome, seen, "" if outcome == "ok" else "make room")


def _helpdesk(
    account: AccountSettings, policy: Policy | None, now: Callable[[], datetime]
) -> Iterator[Finding]:
    if account.missing():
        return
    bots = policy.settings.bots if policy else frozenset[str]()
    try:
        checks = zendesk(account, now=now, bots=bots).check_access()
    except SettingsInvalid as fault:
        yield Finding("helpdesk", "access", "fail", str(fault))
        return
    except CredentialsRejected as fault:
        remedy = "check the OAuth client's id, secret and scopes"
        yield Finding("helpdesk", "access", "fail", str(fault), remedy)
        return
    except HelpdeskError as fault:
        yield Finding("helpdesk", "access", "fail", str(fault), "is the address right?")
        return
    for check in checks:
        yield Finding("helpdesk", check.name, check.outcome, check.seen, check.remedy)


def _zones() -> Finding:
    try:
        return Finding("time", "time zones", "ok", f"tzdata {version('tzdata')}")
    except PackageNotFoundError:
        return Finding("time", "time zones", "fail", "no tzdata", "pip install tzdata")
