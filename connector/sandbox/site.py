# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that one running sandbox consists of, and one request to it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.sandbox.account import Account
from connector.sandbox.auth import Authority, Grant
from connector.sandbox.clock import SandboxClock
from connector.sandbox.faults import Faults
from connector.sandbox.jobs import Jobs
from connector.sandbox.ledger import Ledger
from connector.sandbox.limits import Buckets
from connector.sandbox.metric_events import ticket_metric_events
from connector.sandbox.render import Links
from connector.sandbox.seed import furnish
from connector.sandbox.ticket_endings import run_housekeeping
from connector.sandbox.tickets import Doing
from connector.sandbox.traffic import Traffic
from connector.sandbox.webhooks import Webhooks
from connector.sandbox.wire import Json, as_int

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.records import User
    from connector.sandbox.settings import SandboxSettings


class Site:
    """A sandbox without its server: account, clock, limits, jobs, faults, ledger."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.lock = threading.RLock()
        self.clock = SandboxClock(settings.now, settings.speed)
        self.account = Account(settings)
        furnish(self.account)
        self.traffic = Traffic(self.account)
        self.traffic.write_history()
        self.faults = Faults(settings.faults, settings.seed)
        self.authority = Authority(self.account, lambda: self.faults.is_on("old_account"))
        self.authority.tokens[settings.token] = Grant(
            self.account.owner_id, frozenset({"read", "write"})
        )
        self.buckets = Buckets()
        self.jobs = Jobs(settings, self.account.rng)
        self.ledger = Ledger()
        self.webhooks = Webhooks(self.account, self.clock, self.faults)
        self._metric_rows: tuple[tuple[int, int], dict[int, Json]] | None = None
        self.view_counts_asked: dict[int, int] = {}
        self.base_url = "http://127.0.0.1"

    def step(self) -> None:
        """Move the clock by what each request costs in this sandbox."""
        self.clock.advance(timedelta(seconds=self.settings.seconds_per_request))

    def settle(self) -> None:
        """Bring the account up to the clock: jobs, automations, live traffic."""
        now = self.clock.seconds()
        self.jobs.run_until(now)
        self.traffic.play(int(now))
        run_housekeeping(self.account, int(now))

    def metric_rows(self, now: int) -> dict[int, Json]:
        """All metric events by id; kept until something changes or a minute passes."""
        state = (self.account.changes, now // 60)
        if self._metric_rows is None or self._metric_rows[0] != state:
            rows: dict[int, Json] = {}
            for ticket in self.account.tickets.values():
                for row in ticket_metric_events(self.account, ticket, now):
                    rows[as_int(row["id"]) or 0] = row
            self._metric_rows = (state, rows)
        return self._metric_rows[1]

    def stop(self) -> None:
        """End what runs beside the server."""
        self.webhooks.deliverer.stop()

    @property
    def other_host(self) -> str:
        """The host that URLs in answers show: not the one that was called."""
        return self.settings.other_host or self.base_url.replace("127.0.0.1", "localhost")


@dataclass(slots=True)
class Call:
    """One request, as the handlers see it. `path` is without `/api/v2/` and `.json`."""

    site: Site
    method: str
    path: str
    query: Mapping[str, str]
    body: Json
    headers: Mapping[str, str]
    now: int
    host: str = ""
    params: dict[str, str] = field(default_factory=dict)
    user: User | None = None
    grant: Grant | None = None
    fault: str | None = None

    @property
    def account(self) -> Account:
        """The account that is called."""
        return self.site.account

    @property
    def links(self) -> Links:
        """URLs as most answers show them: on the other host."""
        return Links(self.site.other_host)

    @property
    def called(self) -> Links:
        """URLs on the host that was called, as answers to a creation show them."""
        return Links(f"http://{self.host}" if self.host else self.site.base_url)

    @property
    def ident(self) -> int:
        """The number in the path."""
        return int(self.params["id"])

    def number(self, name: str, default: int) -> int:
        """A whole number of the query."""
        found = as_int(self.query.get(name))
        return default if found is None else found

    def includes(self) -> set[str]:
        """The side-loads asked for."""
        return {word.strip() for word in self.query.get("include", "").split(",") if word.strip()}

    def doing(self) -> Doing:
        """The caller as the author of a change through the API."""
        author = self.user.id if self.user else self.account.owner_id
        return Doing(author, self.now, "api", client=self.headers.get("user-agent", ""))
