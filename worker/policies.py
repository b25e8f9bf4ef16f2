# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy in force of an account, and earlier ones by their hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.load import load
from worker.connection_needs import needs_restart
from worker.crash import crash_point
from worker.logs import get_logger
from worker.rule_folder import RulesInvalid, RulesMissing, read_files, rule_paths
from worker.store.accounts import end_notice, raise_notice
from worker.store.database import again_after_deadlock
from worker.store.looks import wake_all
from worker.store.policy_log import policy_files, put_in_force, store_policy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rules.policy import Policy
    from worker.clock import Clock
    from worker.settings import Reading
    from worker.store.database import Database

_NOTICE = "rules_refused"
_RESTART = "restart_needed"
_Stamp = tuple[tuple[str, int, int, int, int], ...]
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
    """Loads the rule folder of an account; keeps the last good policy when it breaks.

    `started_with` is the policy of the start: what connections were made with.
    `reading` says what of calls and ratings the settings let us read.
    """

    started_with: Policy

    def __init__(
        self,
        database: Database,
        account: str,
        folder: Path,
        clock: Clock,
        reading: Reading = "auto",
    ) -> None:
        self._database = database
        self._account = account
        self._folder = folder
        self._clock = clock
        self._reading: Reading = reading
        self._policy: Policy | None = None
        self._seen: _Stamp = ()
        self._settling: _Stamp | None = None
        self._is_refused = False
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
        self.started_with = self._adopt(*self._read())
        self._tell_of_restart()
        return self.started_with

    def reload(self) -> bool:
        """Load the folder again; True when another policy is in force now.

        Rules that are broken or missing change nothing but raise a notice.
        """
        self._seen, self._settling = self._stamp(), None
        before = self._policy
        try:
            after = self._adopt(*self._read())
        except (RulesInvalid, RulesMissing) as fault:
            self._refuse(fault)
            return False
        self._tell_of_restart()
        return before is None or before.hash != after.hash

    def reload_if_changed(self) -> bool:
        """As `reload`, where the files have changed since they were read, and now stand still.

        A folder that is being written to (a checkout, a copy over the network)
        may be half there: it is read once it looks the same in two looks.
        """
        stamp = self._stamp()
        if stamp == self._seen:
            self._settling = None
            return False
        if stamp != self._settling:
            self._settling = stamp
            return False
        return self.reload()

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
        woken = self._put_in_force(policy, files)
        if self._policy is None or self._policy.hash != policy.hash:
            _log.info("policy_loaded", account=self._account, policy=policy.hash, tickets=woken)
        elif self._is_refused:
            _log.info("policy_mended", account=self._account, policy=policy.hash)
        self._policy, self._is_refused = policy, False
        return policy

    @again_after_deadlock
    def _put_in_force(self, policy: Policy, files: Mapping[str, bytes]) -> int:
        """Store the policy and let every ticket be judged by it; returns how many."""
        now = self._clock.now()
        with self._database.write(self._account) as books:
            store_policy(books, policy.hash, files, now)
            put_in_force(books, policy.hash, now)
            # Also where it is the old one: a stop may have come between the two.
            woken = wake_all(books, now, judged_by_others_than=policy.hash)
            end_notice(books, _NOTICE, now)
            crash_point("policy-loaded-not-stored")
        return woken

    def _refuse(self, fault: RulesInvalid | RulesMissing) -> None:
        shown = [str(fault)]
        if isinstance(fault, RulesInvalid):
            shown += [str(one) for one in fault.problems[:20]]
        text = "The last good rules stay in force. " + "\n".join(shown)
        self._is_refused = True
        with self._database.write(self._account) as books:
            is_new = raise_notice(books, _NOTICE, text, self._clock.now())
        if is_new:
            _log.error("policy_refused", account=self._account, problems=shown)

    def _tell_of_restart(self) -> None:
        """Say what of the new rules the running connection does not know of."""
        left, now = needs_restart(self.started_with, self.policy, self._reading), self._clock.now()
        with self._database.write(self._account) as books:
            if not left:
                end_notice(books, _RESTART, now)
                return
            is_new = raise_notice(books, _RESTART, f"Restart Stipt: {'; '.join(left)}.", now)
        if is_new:
            _log.warning("restart_needed", account=self._account, problems=left)

    def _stamp(self) -> _Stamp:
        """What tells that files were changed, put in another's place, or taken away."""
        try:
            stats = [(path.name, path.stat()) for path in rule_paths(self._folder)]
        except (RulesMissing, OSError):
            return ()
        # The times of change and the inode as well: copies may keep time and size of the original.
        return tuple(
            (name, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino)
            for name, stat in stats
        )
