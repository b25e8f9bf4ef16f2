# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy in force of an account, and earlier ones by their hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.load import load
from worker.logs import get_logger
from worker.rule_folder import RulesInvalid, RulesMissing, read_files, rule_paths
from worker.store.accounts import (
    account_row,
    change_account,
    end_notice,
    policy_files,
    raise_notice,
    store_policy,
)
from worker.store.looks import wake_all

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rules.policy import Policy
    from worker.clock import Clock
    from worker.store.database import Database

_NOTICE = "rules_refused"
_log = get_logger(__name__)


class PolicyArchive:
    """Policies that an account has ever loaded, from the texts in its store."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account
        self._known: dict[str, Policy | None] = {}

    def by_hash(self, name: str) -> Policy | None:
        """The policy of that hash; None when its text is unknown or no longer loads to it."""
        if name not in self._known:
            with self._database.read(self._account) as books:
                files = policy_files(books, name)
            found = None if files is None else load(files)[0]
            self._known[name] = found if found is not None and found.hash == name else None
        return self._known[name]


class PolicyShelf:
    """Loads the rule folder of an account; keeps the last good policy when it breaks."""

    def __init__(self, database: Database, account: str, folder: Path, clock: Clock) -> None:
        self._database = database
        self._account = account
        self._folder = folder
        self._clock = clock
        self._policy: Policy | None = None
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._archive = PolicyArchive(database, account)

    @property
    def policy(self) -> Policy:
        """The policy in force.

        Raises:
            RulesMissing: none has been loaded yet.
        """
        if self._policy is None:
            raise RulesMissing(f"{self._folder}: the rules have not been loaded")
        return self._policy

    def load(self) -> Policy:
        """Load the folder at the start.

        Raises:
            RulesMissing: no folder or no files (exit code 78).
            RulesInvalid: the files have errors (exit code 78).
        """
        self._seen = self._stamp()
        return self._adopt(*self._read())

    def reload(self) -> bool:
        """Load the folder again; True when another policy is in force now.

        Rules that are broken or missing change nothing but raise a notice.
        """
        self._seen = self._stamp()
        before = self._policy
        try:
            after = self._adopt(*self._read())
        except (RulesInvalid, RulesMissing) as fault:
            self._refuse(fault)
            return False
        return before is None or before.hash != after.hash

    def reload_if_changed(self) -> bool:
        """As `reload`, where a file's time or size has changed since it was read."""
        return self._stamp() != self._seen and self.reload()

    def by_hash(self, name: str) -> Policy | None:
        """The policy of that hash; None when its text is unknown or no longer loads to it."""
        if self._policy is not None and self._policy.hash == name:
            return self._policy
        return self._archive.by_hash(name)

    def by_hash_or_present(self, name: str) -> Policy | None:
        """The policy of that hash, or the one in force where that one is not known."""
        return self.by_hash(name) or self._policy

    def _read(self) -> tuple[Policy, Mapping[str, bytes]]:
        files = read_files(rule_paths(self._folder), named_as_given=False)
        policy, problems = load(files)
        if policy is None:
            errors = [one for one in problems if one.level == "error"]
            raise RulesInvalid(self._folder, errors)
        return policy, files

    def _adopt(self, policy: Policy, files: Mapping[str, bytes]) -> Policy:
        now = self._clock.now()
        with self._database.write(self._account) as books:
            store_policy(books, policy.hash, files, now)
            if account_row(books).policy != policy.hash:
                change_account(books, policy=policy.hash)
            # Also where it is the old one: a stop may have come between the two.
            woken = wake_all(books, now, judged_by_others_than=policy.hash)
            end_notice(books, _NOTICE, now)
        if self._policy is None or self._policy.hash != policy.hash:
            _log.info("policy_loaded", account=self._account, policy=policy.hash, tickets=woken)
        self._policy = policy
        return policy

    def _refuse(self, fault: RulesInvalid | RulesMissing) -> None:
        shown = [str(fault)]
        if isinstance(fault, RulesInvalid):
            shown += [str(one) for one in fault.problems[:20]]
        text = "The last good rules stay in force. " + "\n".join(shown)
        with self._database.write(self._account) as books:
            is_new = raise_notice(books, _NOTICE, text, self._clock.now())
        if is_new:
            _log.error("policy_refused", account=self._account, problems=shown)

    def _stamp(self) -> tuple[tuple[str, int, int], ...]:
        try:
            stats = [(path.name, path.stat()) for path in rule_paths(self._folder)]
        except (RulesMissing, OSError):
            return ()
        return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)
