# SPDX-License-Identifier: GPL-3.0-or-later
"""From webhook to field: how long after an update the helpdesk holds what follows from it.

    python benchmarks/webhooks.py [steady] [burst] [--profile default|high_volume] [--poll 60s]

A sandbox with real time and the limits of the profile, in which agents answer
tickets; its trigger calls the webhook of `stipt run`, a process of its own with
SQLite. steady: an answer a second for three minutes; the fields must follow
within 3 seconds at the 95th percentile. burst: 20 a second for 60 seconds; none
may be lost, and the last field must follow within 3 minutes of the last answer.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from connector.sandbox import Sandbox, SandboxSettings
from connector.sandbox.tickets import Doing, create_ticket, update_ticket
from worker.settings import load_settings
from worker.wiring import zendesk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.sandbox.settings import Profile

STEADY_P95_S = 3.0
BURST_S = 180.0
_PATIENCE_S = 480.0
_QUIET_S = 20.0
_SERVE = "import sys; from worker.cli.main import run; sys.exit(run(['run']))"
RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam, enforce_from: 2026-11-10}
tiers:
  everybody:
    match: everything
    priority: {default: normal}
    targets:
      - {measure: first_reply, within: 8h, counted: always}
      - {measure: resolution, within: 10 working days, counted: always}
"""

Name = Literal["steady", "burst"]


@dataclass(frozen=True, slots=True)
class Load:
    """How many answers a second are given, and for how long."""

    per_second: float
    seconds: int

    @property
    def answers(self) -> int:
        """How many in all."""
        return int(self.per_second * self.seconds)


LOADS: dict[Name, Load] = {"steady": Load(1, 180), "burst": Load(20, 60)}


@dataclass(slots=True)
class Measured:
    """Seconds from each answer to its fields, and what it cost."""

    answers: int
    latencies: list[float] = field(default_factory=list)
    last_after: float = 0.0
    calls: Counter[str] = field(default_factory=Counter)
    webhooks: Counter[str] = field(default_factory=Counter)

    @property
    def lost(self) -> int:
        """Answers whose fields never followed."""
        return self.answers - len(self.latencies)

    def percentile(self, share: float) -> float:
        """The seconds that this share of the answers did not exceed; infinite where one is lost."""
        if not self.latencies or self.lost:
            return float("inf")
        return sorted(self.latencies)[
            min(int(len(self.latencies) * share), len(self.latencies) - 1)
        ]


def measure(
    load: Load, profile: Profile = "default", poll: str = "60s", quiet_s: float = _QUIET_S
) -> Measured:
    """Run one load against a fresh sandbox and a fresh worker, after so much quiet."""
    settings = SandboxSettings(tickets=0, speed=1, profile=profile)
    with tempfile.TemporaryDirectory() as folder, Sandbox(settings) as sandbox:
        return _Run(sandbox, Path(folder), load, poll, quiet_s).measured()


class _Run:
    """One load: the helpdesk, the worker beside it, and what was seen of their work."""

    def __init__(
        self, sandbox: Sandbox, folder: Path, load: Load, poll: str, quiet_s: float
    ) -> None:
        self._sandbox = sandbox
        self._folder = folder
        self._load = load
        self._poll = poll
        self._quiet_s = quiet_s
        self._port = _free_port()
        self._answered: dict[int, float] = {}
        self._written: dict[int, float] = {}
        self._seen = 0
        self._done = threading.Event()

    def measured(self) -> Measured:
        """Set everything up, answer, wait until all fields have followed, and count."""
        tickets = self._unanswered()
        environment = self._set_up()
        with _worker(environment):
            self._until_judged(len(tickets))
            self._sandbox.ledger.clear()
            self._sandbox.site.webhooks.deliverer.invocations.clear()
            watcher = threading.Thread(target=self._watch, daemon=True)
            watcher.start()
            self._answer(tickets)
            last = max(self._answered.values())
            until = time.perf_counter() + _PATIENCE_S
            while len(self._written) < len(tickets) and time.perf_counter() < until:
                time.sleep(0.2)
            self._done.set()
            watcher.join()
        statuses = (row.status for row in self._sandbox.site.webhooks.deliverer.invocations)
        return Measured(
            answers=len(tickets),
            latencies=[self._written[one] - self._answered[one] for one in self._written],
            last_after=max(self._written.values(), default=last) - last,
            calls=Counter(self._sandbox.ledger.calls),
            webhooks=Counter(statuses),
        )

    def _unanswered(self) -> list[int]:
        """Tickets by e-mail, an hour old, that nobody has answered yet."""
        account = self._sandbox.account
        customer = next(user for user in account.users.values() if not user.is_staff)
        at = self._sandbox.clock.epoch() - 3600
        with self._sandbox.site.lock:
            return [
                create_ticket(
                    account,
                    {"subject": f"Question {number}", "comment": {"body": "How?"}},
                    Doing(customer.id, at + number % 60, "email"),
                )[0].id
                for number in range(self._load.answers)
            ]

    def _set_up(self) -> dict[str, str]:
        """Fields, webhook and trigger as `stipt setup` makes them; the worker's variables."""
        (self._folder / "sla").mkdir()
        (self._folder / "sla" / "sla.yaml").write_text(RULES, encoding="utf-8")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "STIPT_ZENDESK_URL": self._sandbox.base_url,
            "STIPT_CLOCK_URL": f"{self._sandbox.base_url}/_sandbox/clock",
            "ZENDESK_OAUTH_CLIENT_ID": self._sandbox.settings.client_id,
            "ZENDESK_OAUTH_CLIENT_SECRET": self._sandbox.settings.client_secret,
            "STIPT_STATE_DIR": str(self._folder),
            "STIPT_RULES_PATH": str(self._folder / "sla"),
            "STIPT_HTTP_BIND": f"127.0.0.1:{self._port}",
            "STIPT_POLL_INTERVAL": self._poll,
            "STIPT_WRITE": "on",
            "STIPT_LOG_LEVEL": "warning",
        }
        account = load_settings(environment=environment).account()
        helpdesk = zendesk(account, now=self._sandbox.now)
        helpdesk.ensure_fields(tiers=["everybody"])
        helpdesk.ensure_webhook(f"http://127.0.0.1:{self._port}/webhooks/zendesk")
        (secret,) = self._sandbox.site.webhooks.secrets.values()
        return environment | {"STIPT_WEBHOOK_SECRET": secret, "PYTHONPATH": str(Path.cwd())}

    def _until_judged(self, tickets: int) -> None:
        """Wait for the first sync: every ticket has its fields, and nothing goes on."""
        until = time.perf_counter() + 900
        count = -1
        while time.perf_counter() < until:
            written = {one.ticket_id for one in self._sandbox.ledger.ticket_writes}
            if len(written) == tickets and count == len(self._sandbox.ledger.ticket_writes):
                return
            count = len(self._sandbox.ledger.ticket_writes)
            time.sleep(self._quiet_s if len(written) == tickets else 1.0)
        raise RuntimeError("the first sync did not come to an end")

    def _answer(self, tickets: list[int]) -> None:
        """An agent answers one ticket after the other, at the load's pace."""
        account = self._sandbox.account
        agent = next(user for user in account.staff() if user.role_type == 0)
        begun = time.perf_counter()
        for number, ident in enumerate(tickets):
            wait = begun + number / self._load.per_second - time.perf_counter()
            time.sleep(max(0.0, wait))
            reply = {"comment": {"body": "Like this.", "public": True}}
            with self._sandbox.site.lock:
                self._answered[ident] = time.perf_counter()
                doing = Doing(agent.id, self._sandbox.clock.epoch(), "web")
                update_ticket(account, account.tickets[ident], reply, doing)

    def _watch(self) -> None:
        """Note when each answered ticket is written."""
        writes = self._sandbox.ledger.ticket_writes
        while not self._done.wait(0.01):
            now = time.perf_counter()
            fresh, self._seen = writes[self._seen :], len(writes)
            for one in fresh:
                if one.ticket_id in self._answered and one.changed:
                    self._written.setdefault(one.ticket_id, now)


class _worker:  # noqa: N801 - reads as a noun where it is used
    """`stipt run` in a process of its own, ended in order."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    def __enter__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", _SERVE], env=self._environment)  # noqa: S603 -- our own program

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def show(name: Name, load: Load, found: Measured) -> bool:
    """Print what was measured; whether it is as good as is asked for."""
    print(f"{name}: {found.answers} answers, {load.per_second:g} a second for {load.seconds} s")
    print(
        f"  fields after {found.percentile(0.5):.2f} s (median), {found.percentile(0.95):.2f} s"
        f" (95 %), {found.percentile(1):.2f} s (worst); the last {found.last_after:.1f} s"
        f" after the last answer; lost: {found.lost}"
    )
    print(f"  webhook calls: {dict(found.webhooks)}")
    for endpoint, calls in found.calls.most_common(8):
        print(f"  {calls:6}  {endpoint}")
    if name == "steady":
        return found.percentile(0.95) <= STEADY_P95_S
    return found.lost == 0 and found.last_after <= BURST_S


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("loads", nargs="*", choices=[*LOADS, []], default=[])
    parser.add_argument("--profile", default="default", choices=["default", "high_volume"])
    parser.add_argument("--poll", default="60s")
    return parser.parse_args()


def _results(arguments: argparse.Namespace) -> Iterator[bool]:
    for name in arguments.loads or LOADS:
        yield show(name, LOADS[name], measure(LOADS[name], arguments.profile, arguments.poll))


if __name__ == "__main__":
    sys.exit(0 if all(list(_results(_arguments()))) else 1)
