# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts everything together from settings. Nothing here happens at import."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from worker.acknowledging import AcknowledgeLinks
from worker.call_budget import SharedBudget
from worker.clock import SandboxClock, SystemClock
from worker.connection_needs import reads_names, wanted_records
from worker.crash import crash_point
from worker.heartbeats import Heartbeats
from worker.hints import HintReader
from worker.metrics import CountedSender, Metrics, channel_of
from worker.notify.messenger import Links, Messenger
from worker.policies import PolicyShelf
from worker.process_lock import only_process
from worker.recheck import Recheck
from worker.recipients import delivery, report_mail
from worker.reconcile import Reconciler
from worker.record_polling import RecordPoller
from worker.reporting.mailing import ReportMailer, Reports
from worker.sending import Outbox
from worker.settings import SettingsInvalid
from worker.standings import StandingKeeper
from worker.store.accounts import open_account
from worker.store.database import Database
from worker.store.schema import prepare
from worker.sync import Poller
from worker.taking_over import code_version, first_sync_from, take_over
from worker.writeback import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from connector.base import Helpdesk
    from connector.records import Stream
    from connector.zendesk.account import Credentials, ZendeskAccount
    from connector.zendesk.helpdesk import ZendeskHelpdesk
    from worker.clock import Clock
    from worker.outbox import OutboxMessage, Sender
    from worker.settings import AccountSettings, Settings

FROZEN_AFTER = 20.0
"""Real seconds by which a wait may last longer than asked for; half of what leases outlast."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a test or the demo hands in instead of what the settings would give."""

    clock: Clock | None = None
    helpdesks: Mapping[str, Helpdesk] = field(default_factory=dict)
    senders: Mapping[str, Sender] = field(default_factory=dict)
    database: Database | None = None


@dataclass(frozen=True, slots=True)
class AccountWork:
    """Everything that works for one account."""

    settings: AccountSettings
    helpdesk: Helpdesk
    policies: PolicyShelf
    poller: Poller
    records: RecordPoller
    hints: HintReader
    reconciler: Reconciler
    writer: Writer
    outbox: Outbox
    report_mailer: ReportMailer
    standings: StandingKeeper

    @property
    def name(self) -> str:
        """The account's name."""
        return self.settings.name

    @property
    def writes(self) -> bool:
        """Whether changes go out, or are only recorded."""
        return self.settings.write == "on"


@dataclass(frozen=True, slots=True)
class Installation:
    """All accounts, their database and their clock. `stop` ends every wait."""

    settings: Settings
    database: Database
    clock: Clock
    stop: threading.Event
    heartbeats: Heartbeats
    metrics: Metrics
    accounts: tuple[AccountWork, ...]

    def account(self, name: str) -> AccountWork:
        """The account of that name."""
        return next(one for one in self.accounts if one.name == name)


@contextmanager
def opened(
    settings: Settings, parts: Parts | None = None, *, works: bool = True
) -> Iterator[Installation]:
    """A worker that may begin: alone on its SQLite file, everything built and taken over.

    `works`: it judges and writes, or leaves that to other processes.

    Raises:
        SettingsInvalid, SchemaMismatch, OtherHelpdesk, RulesInvalid, RulesMissing: as `build`.
        AlreadyRunning: another process works on the SQLite file.
    """
    parts = parts or Parts()
    database = parts.database or Database(settings.database_url.get_secret_value())
    try:
        with only_process(database) as is_alone:
            installation = build(settings, replace(parts, database=database))
            take_over(installation, is_alone=is_alone, works=works)
            yield installation
    finally:
        database.close()


def build(settings: Settings, parts: Parts | None = None) -> Installation:
    """Prepare the database, load the rules and put the loops' parts together.

    Raises:
        SettingsInvalid: an account lacks what it needs.
        SchemaMismatch: the database needs another version.
        OtherHelpdesk: an account's rows were read from another helpdesk.
        RulesInvalid, RulesMissing: the rules cannot be loaded.
    """
    parts = parts or Parts()
    missing = [
        problem
        for one in settings.accounts
        if one.name not in parts.helpdesks
        for problem in one.missing()
    ]
    if missing or not settings.accounts:
        raise SettingsInvalid(missing or ["no account is set up"])
    clock = parts.clock or _clock(settings)
    database = parts.database or Database(settings.database_url.get_secret_value())
    prepare(database)
    stop, heartbeats, metrics = threading.Event(), Heartbeats(), Metrics(code_version())
    builder = _Builder(settings, database, clock, stop, heartbeats, metrics, parts)
    accounts = tuple(builder.account(one) for one in settings.accounts)
    return Installation(settings, database, clock, stop, heartbeats, metrics, accounts)


@dataclass(frozen=True, slots=True)
class _Builder:
    settings: Settings
    database: Database
    clock: Clock
    stop: threading.Event
    heartbeats: Heartbeats
    metrics: Metrics
    parts: Parts

    def account(self, account: AccountSettings) -> AccountWork:
        """One account's loops, its rules loaded."""
        name, database, clock = account.name, self.database, self.clock
        now = clock.now()
        with database.write(name) as books:
            open_account(books, first_sync_from(account, now), now, account.place)
        policies = PolicyShelf(database, name, account.rules_path, clock, account.records)
        policies.load()
        helpdesk = self.parts.helpdesks.get(name) or self._helpdesk(account, policies)
        sender = self.parts.senders.get(name) or self._messenger(account, helpdesk, policies)
        counted = CountedSender(sender, self.metrics, clock, channel_of(policies))
        poller = Poller(database, helpdesk, clock, self._goes_on(f"poll:{name}"))
        recheck = Recheck(database, helpdesk, clock, poller.read_one)
        return AccountWork(
            settings=account,
            helpdesk=helpdesk,
            policies=policies,
            poller=poller,
            records=self._records(account, helpdesk, policies),
            hints=HintReader(database, helpdesk, clock, self._goes_on(f"hints:{name}")),
            reconciler=Reconciler(database, name, policies, clock, dry_run=account.write == "off"),
            writer=Writer(database, helpdesk, clock, budget=account.write_budget),
            outbox=Outbox(database, name, counted, clock, self.stop.is_set, recheck=recheck.look),
            report_mailer=self._report_mailer(account, policies),
            standings=StandingKeeper(
                database,
                name,
                lambda: policies.policy,
                account.rules_path,
                clock,
                dry_run=account.write == "off",
            ),
        )

    def _report_mailer(self, account: AccountSettings, policies: PolicyShelf) -> ReportMailer:
        reports = Reports(self.database, account.name, account.rules_path, policies.by_hash)
        mail = report_mail(self.settings, self.clock.now)
        return ReportMailer(reports, lambda: policies.policy, mail, self.clock, self.stop.is_set)

    def _records(
        self, account: AccountSettings, helpdesk: Helpdesk, policies: PolicyShelf
    ) -> RecordPoller:
        def wanted() -> frozenset[Stream]:
            return wanted_records(policies.policy, account.records)

        goes_on = self._goes_on(f"poll:{account.name}")
        return RecordPoller(self.database, helpdesk, self.clock, wanted, goes_on)

    def _helpdesk(self, account: AccountSettings, policies: PolicyShelf) -> Helpdesk:
        if account.helpdesk != "zendesk":
            raise SettingsInvalid([f"STIPT_HELPDESK: {account.helpdesk} is not supported yet"])
        from connector.zendesk import connect  # noqa: PLC0415 -- not needed for other helpdesks

        found = zendesk_account(
            account,
            now=self.clock.now,
            bots=lambda: policies.policy.settings.bots,
            with_names=reads_names(policies.policy),
            with_ratings="ratings" in wanted_records(policies.policy, account.records),
        )
        budget = SharedBudget(self.database, account.name, account.api_share)
        return connect(
            replace(
                found,
                pause=self._pause,
                token_obtained=_token_obtained,
                called=self.metrics.called,
                remains=self.metrics.remains,
                budget=budget,
            )
        )

    def _goes_on(self, loop: str) -> Callable[[], bool]:
        """Asked between two pages: whether to stop. Asking is a sign of life."""

        def is_stopping() -> bool:
            self.heartbeats.beat(loop)
            return self.stop.is_set()

        return is_stopping

    def _pause(self, seconds: float) -> bool:
        begun = time.monotonic()
        # What a connector waits for in the middle of a write is its bulk job.
        crash_point("job-submitted")
        is_stopping = self.clock.pause(seconds, self.stop)
        # After a long freeze somebody else has taken over: what is not sent yet, stays unsent.
        return is_stopping or time.monotonic() - begun > seconds + FROZEN_AFTER

    def _messenger(
        self, account: AccountSettings, helpdesk: Helpdesk, policies: PolicyShelf
    ) -> Messenger:
        return Messenger(
            delivery(self.settings),
            policy_of=policies.by_hash_or_present,
            helpdesk_of=lambda _account: helpdesk,
            links=self._links(account, policies),
            now=self.clock.now,
        )

    def _links(self, account: AccountSettings, policies: PolicyShelf) -> Links:
        acknowledge = AcknowledgeLinks(
            self.database, account.name, self.settings.public_url, policies.by_hash_or_present
        )
        return Links(ticket_link_of(account), acknowledge.link)


def zendesk(
    account: AccountSettings,
    *,
    now: Callable[[], datetime],
    pause: Callable[[float], bool] | None = None,
    bots: frozenset[str] = frozenset(),
    with_names: bool = True,
) -> ZendeskHelpdesk:
    """The connector to a Zendesk account, as its settings say.

    `with_names` asks for the rights to read groups and brands too.
    """
    from connector.zendesk import connect  # noqa: PLC0415 -- not needed for other helpdesks

    found = zendesk_account(account, now=now, bots=lambda: bots, with_names=with_names)
    return connect(found if pause is None else replace(found, pause=pause))


def zendesk_account(
    account: AccountSettings,
    *,
    now: Callable[[], datetime],
    bots: Callable[[], frozenset[str]] = frozenset,
    with_names: bool = True,
    with_ratings: bool = False,
) -> ZendeskAccount:
    """What the connector needs to know of a Zendesk account."""
    from connector.zendesk.account import (  # noqa: PLC0415 -- not needed for other helpdesks
        NAMES_SCOPES,
        RATINGS_SCOPES,
        RUNNING_SCOPES,
        ZendeskAccount,
    )

    names = NAMES_SCOPES if with_names else ()
    ratings = RATINGS_SCOPES if with_ratings else ()
    return ZendeskAccount(
        account=account.name,
        base_url=account.base_url,
        credentials=_credentials(account),
        clock=now,
        history=account.history,
        api_share=account.api_share,
        bots=bots,
        scopes=(*RUNNING_SCOPES, *names, *ratings),
    )


def _credentials(account: AccountSettings) -> Credentials:
    from connector.zendesk.account import (  # noqa: PLC0415 -- not needed for other helpdesks
        AccessToken,
        ApiToken,
        ClientCredentials,
    )

    if account.client_id and account.client_secret:
        return ClientCredentials(account.client_id, account.client_secret.get_secret_value())
    if account.token:
        return AccessToken(account.token.get_secret_value())
    if account.email and account.api_token:
        return ApiToken(account.email, account.api_token.get_secret_value())
    raise SettingsInvalid(account.missing())


def _token_obtained() -> None:
    # Tokens live in memory only: one that a dead process had is renewed by the next.
    crash_point("token-renewed-not-stored")


def _clock(settings: Settings) -> Clock:
    return SandboxClock(settings.clock_url) if settings.clock_url else SystemClock()


def ticket_link_of(account: AccountSettings) -> Callable[[OutboxMessage], str | None]:
    """Where a person finds the ticket of a message."""

    def link(message: OutboxMessage) -> str | None:
        return f"{account.base_url}/agent/tickets/{message.ticket_id}"

    return link
