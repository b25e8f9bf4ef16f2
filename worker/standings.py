# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps how an account stands: counted again and again, and told to those who asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.canonical import canonical_json
from rules.tallies import NotConcrete
from worker.logs import get_logger
from worker.reporting.evidence import EvidenceMissing, OutageFiles
from worker.reporting.standing import count_standing
from worker.reporting.stored import StoredSource
from worker.reporting.team import known_of
from worker.store.standing import keep_standing, put_out_warning

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rules.policy import Policy
    from worker.clock import Clock
    from worker.reporting.standing import Warned
    from worker.store.database import Database

_MOST_WAITING = 100
"""With more tickets that wait to be judged nobody is warned: the figures would be of a part."""

_log = get_logger(__name__)


class StandingKeeper:
    """Counts how one account stands.

    Args:
        database: where the rows are.
        account: whose rows.
        policy_of: the rules in force.
        folder: where they stand, with the files of outages beside them.
        clock: tells when it was counted.
        dry_run: nobody is told anything.
    """

    def __init__(  # noqa: PLR0913 -- whose rows, by which rules, beside which files, and when
        self,
        database: Database,
        account: str,
        policy_of: Callable[[], Policy],
        folder: Path,
        clock: Clock,
        *,
        dry_run: bool,
    ) -> None:
        self._database = database
        self._account = account
        self._policy_of = policy_of
        self._folder = folder
        self._clock = clock
        self._dry_run = dry_run

    def keep(self) -> bool:
        """Count and keep; False where nothing is known yet, or rules cannot be counted by."""
        policy = self._policy_of()
        try:
            _, n_waiting = known_of(self._database, self._account)
            outages = OutageFiles(self._folder)
            source = StoredSource.of(self._database, self._account, policy, outages)
            counted = count_standing(source, policy)
        except (EvidenceMissing, NotConcrete) as reason:
            _log.info("standing_not_counted", account=self._account, reason=str(reason))
            return False
        with self._database.write(self._account) as books:
            keep_standing(books, canonical_json(counted.standing), self._clock.now())
        if n_waiting <= _MOST_WAITING and not self._dry_run:
            self._tell(counted.warned, policy)
        return True

    def _tell(self, warned: tuple[Warned, ...], policy: Policy) -> None:
        """Put warnings into the outbox; what is there already is not told again."""
        if not warned:
            return
        now, n_new = self._clock.now(), 0
        with self._database.write(self._account) as books:
            for recipient, one in warned:
                labels = (one.obligation, one.customer, one.period)
                whom = (recipient, policy.hash)
                n_new += put_out_warning(books, canonical_json(one), labels, whom, now)
        if n_new:
            _log.info("miss_forecast", account=self._account, messages=n_new)
