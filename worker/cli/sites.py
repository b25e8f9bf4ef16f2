# SPDX-License-Identifier: GPL-3.0-or-later
"""An account with its store, its helpdesk and its clock, opened for one command."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from worker.cli.options import clock_of

if TYPE_CHECKING:
    from connector.base import Helpdesk
    from rules.policy import Policy
    from worker.cli.progress import Progress
    from worker.clock import Clock
    from worker.patience import Patience
    from worker.planning import Plan
    from worker.settings import AccountSettings
    from worker.store.database import Database


@dataclass(frozen=True)
class Site:
    """An account with what belongs to it; `patience` bounds every wait for its helpdesk."""

    account: "AccountSettings"
    database: "Database"
    clock: "Clock"
    patience: "Patience"

    def rules(self, folder: Path | None) -> "Policy":
        """The rules of a folder, else those that the settings name."""
        from worker.rule_folder import load_folder

        return load_folder(folder or self.account.rules_path)

    def helpdesk(self, policy: "Policy") -> "Helpdesk":
        """The connection, which must know whose comments are nobody's reply.

        What it reads goes into the store, so the bots of the rules in force
        count; those of `policy` only where these cannot be loaded.
        """
        from worker.connection_needs import reads_names
        from worker.rule_folder import RulesInvalid, RulesMissing
        from worker.wiring import zendesk

        try:
            in_force = self.rules(None)
        except (RulesInvalid, RulesMissing):
            in_force = policy
        return zendesk(
            self.account,
            now=self.clock.now,
            pause=self.patience.pause,
            bots=in_force.settings.bots,
            with_names=reads_names(policy) or reads_names(in_force),
        )

    def misfits(self, policy: "Policy") -> list[str]:
        """In what the rules and the account do not fit, a sentence each."""
        from connector.base import HelpdeskError
        from worker.rule_fit import MOST_ORGANIZATIONS, misfits

        try:
            inventory = self.helpdesk(policy).inventory(most_organizations=MOST_ORGANIZATIONS)
        except HelpdeskError as fault:
            return [f"the rules were not compared with what the account has: {fault}"]
        return [one.sentence() for one in misfits(policy, inventory)]

    def plan(self, policy: "Policy", only: list[str], progress: "Progress") -> "Plan":
        """Read what is new, then judge."""
        from worker.cli.output import say
        from worker.planning import make_plan
        from worker.reading import read_afresh

        try:
            read_afresh(
                self.database,
                self.account,
                self.helpdesk(policy),
                self.clock,
                patience=self.patience,
                on_page=lambda pages: progress("pages read", pages, None),
            )
        except KeyboardInterrupt:
            say("stopped; what was read is kept, and reading goes on from there the next time")
            raise
        return make_plan(
            self.database,
            self.account.name,
            policy,
            self.clock.now(),
            only=only,
            on_progress=lambda done, total: progress("tickets judged", done, total),
        )


@contextmanager
def opened_site(config: Path | None, account: str | None, wait: timedelta) -> Iterator[Site]:
    """The account that the settings name; closed at the end.

    Args:
        config: the config file, where a flag names one.
        account: which one, where there are several.
        wait: how long to go on without progress, in real time.

    Raises:
        SettingsInvalid: settings are wrong or missing.
    """
    from worker.logs import log_to_the_terminal
    from worker.patience import Patience
    from worker.settings import SettingsInvalid, load_settings
    from worker.store.database import Database

    log_to_the_terminal()
    settings = load_settings(config=config)
    chosen = settings.account(account)
    if chosen.missing():
        raise SettingsInvalid(chosen.missing())
    clock = clock_of(settings)
    patience = Patience(clock, wait)
    database = Database(settings.database_url.get_secret_value())
    try:
        yield Site(chosen, database, clock, patience)
    finally:
        database.close()
