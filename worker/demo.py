# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: a sandbox and a worker in one process, with a mailbox, and nothing left behind.

It works for the sandbox as a company would for its Zendesk account: over HTTP,
with the starter rules, SQLite, real mail and real webhooks.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from connector.sandbox.server import Sandbox
from connector.sandbox.settings import SandboxSettings
from worker.demo_mailbox import Mailbox
from worker.pass_report import Work, pass_report
from worker.roles import EVERYTHING
from worker.rule_folder import load_folder
from worker.run import Service
from worker.run_once import run_once
from worker.settings import load_settings
from worker.store.database import Database
from worker.store.looks import wake_all
from worker.store.messages import count_messages
from worker.store.summary import count_changes
from worker.web.binding import AddressTaken, listen
from worker.wiring import Parts, opened, zendesk

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Generator
    from datetime import datetime
    from types import TracebackType

    from worker.demo_mailbox import Received
    from worker.pass_report import PassReport
    from worker.settings import Settings
    from worker.wiring import Installation

_HOST, _PORT = "127.0.0.1", 8080
STARTER = Path(__file__).parent / "starter"

# Zendesk's exports withhold the last minute, so our own writes are seen after it.
_UNTIL_OWN_WRITES_ARE_SEEN = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """Size and pace of a demo. `speed`: seconds of the sandbox in a real one; 0 for one pass."""

    tickets: int = 300
    seed: int = 1
    speed: float = 60.0


class DemoClock:
    """The sandbox's clock. Where it stands still, waiting moves it, so that nobody waits."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def now(self) -> datetime:
        """The sandbox's present instant."""
        return self._sandbox.now()

    def pause(self, seconds: float, stop: threading.Event) -> bool:
        """Wait for so many seconds of the sandbox; True when `stop` was set meanwhile."""
        speed = self._sandbox.clock.speed
        if speed > 0:
            return stop.wait(max(0.0, seconds) / speed)
        self._sandbox.advance(timedelta(seconds=max(0.0, seconds)))
        return stop.is_set()


@dataclass(frozen=True, slots=True)
class Passed:
    """What one complete pass came to: the set-up, the pass, and a second one for comparison.

    `first` holds the reports of the pass itself: once over everything, and
    once more after its own writes have come back. `second` judged every
    ticket again at that same instant.
    """

    fields_created: tuple[str, ...]
    setup_calls: int
    first: tuple[PassReport, ...]
    second: PassReport
    received: tuple[Received, ...]

    def to_json(self) -> dict[str, object]:
        """One object with stable keys."""
        last = self.first[-1]
        return {
            "tickets": last.tickets,
            "judged": sum(one.judged for one in self.first),
            "writes": sum(one.writes for one in self.first),
            "second_pass_judged": self.second.judged,
            "second_pass_writes": self.second.writes,
            "messages": sum(one.messages for one in self.first),
            "messages_received": len(self.received),
            "api_calls": sum(one.api_calls for one in self.first),
            "setup_api_calls": self.setup_calls,
            "calls": self.first[0].calls,
            "states": last.states,
            "tiers": last.tiers,
            "next_deadlines": last.to_json()["next_deadlines"],
            "set_aside": last.set_aside,
            "waiting": self.second.waiting,
            "fields_created": list(self.fields_created),
            "is_complete": self.first[0].is_complete and self.second.is_complete,
        }


class Demo:
    """A running demo; leaving it stops the servers and removes every file."""

    def __init__(self, settings: DemoSettings) -> None:
        self._open = ExitStack()
        self.sandbox = Sandbox(
            SandboxSettings(
                tickets=settings.tickets,
                seed=settings.seed,
                speed=settings.speed,
                traffic=None if settings.speed else 0.0,
            )
        )
        self.clock = DemoClock(self.sandbox)
        self.mailbox = Mailbox()
        self._folder = Path()

    def __enter__(self) -> Demo:
        self._folder = Path(self._open.enter_context(tempfile.TemporaryDirectory("-stipt-demo")))
        self._open.callback(self.sandbox.stop)
        self.sandbox.start()
        self._open.enter_context(self.mailbox)
        rules = self._folder / "sla"
        shutil.copytree(STARTER, rules)
        self._open.enter_context(_variables(self._recipients(rules)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    @property
    def url(self) -> str:
        """Where the sandbox is."""
        return self.sandbox.base_url

    def set_up(self) -> tuple[tuple[str, ...], int]:
        """Create the ticket fields; the names of those created, and the calls it took."""
        settings = self.settings()
        account = settings.account()
        tiers = [tier.name for tier in load_folder(self._folder / "sla").tiers]
        helpdesk = zendesk(account, now=self.clock.now)
        created = helpdesk.ensure_fields(tiers=tiers).created
        return created, sum(helpdesk.calls_spent().values())

    def once(self, on_progress: Callable[[str, Work], None] | None = None) -> Passed:
        """Set up, pass over everything, and pass again to show that nothing is left to write."""
        created, setup_calls = self.set_up()
        first = self._pass(on_progress)
        self.sandbox.advance(_UNTIL_OWN_WRITES_ARE_SEEN)
        settled = self._pass(on_progress)
        self._wake_all()
        second = self._pass(on_progress)
        received = tuple(self.mailbox.received())
        return Passed(created, setup_calls, (first, settled), second, received)

    def live(
        self, every_s: float, stop: threading.Event, on_board: Callable[[str], None]
    ) -> Generator[PassReport, None, None]:
        """Run the service over the living sandbox; every few real seconds what it has done so far.

        `on_board` is told the board's address once it is served. It ends, with what was begun
        finished, when `stop` is set or the iterator is closed.
        """
        settings = self.settings().model_copy(update={"http_bind": _free_bind()})
        with opened(settings, Parts(clock=self.clock)) as installation:
            service = Service(installation, EVERYTHING)
            service.start()
            on_board(f"http://{service.address}/")
            try:
                while not stop.wait(every_s):
                    yield _so_far(installation)
            finally:
                service.drain()

    def _pass(self, on_progress: Callable[[str, Work], None] | None) -> PassReport:
        return run_once(self.settings(), Parts(clock=self.clock), on_progress=on_progress)[0]

    def _wake_all(self) -> None:
        settings = self.settings()
        database = Database(settings.database_url.get_secret_value())
        try:
            with database.write(settings.account().name) as books:
                wake_all(books, self.clock.now())
        finally:
            database.close()

    def settings(self) -> Settings:
        """What the worker is told: this sandbox, a folder of its own, writing on."""
        sandbox = self.sandbox.settings
        return load_settings(
            environment={
                "STIPT_ZENDESK_URL": self.url,
                "ZENDESK_OAUTH_CLIENT_ID": sandbox.client_id,
                "ZENDESK_OAUTH_CLIENT_SECRET": sandbox.client_secret,
                "STIPT_STATE_DIR": str(self._folder),
                "STIPT_PROBE_BIND": "127.0.0.1:0",
                "STIPT_RULES_PATH": str(self._folder / "sla"),
                "STIPT_WRITE": "on",
                "STIPT_MAIL_URL": self.mailbox.mail_url,
                "STIPT_ALLOW_NETWORKS": "127.0.0.0/8",
            }
        )

    def _recipients(self, rules: Path) -> dict[str, str]:
        """An address of the mailbox for every recipient that is named by a variable."""
        return {
            recipient.url_name: self.mailbox.webhook_url(recipient.name)
            for recipient in load_folder(rules).recipients.values()
            if recipient.url_name is not None
        }


def _free_bind() -> str:
    """The board's usual place; any other where that is taken."""
    try:
        listen("STIPT_HTTP_BIND", _HOST, _PORT).close()
    except AddressTaken:
        return f"{_HOST}:0"
    return f"{_HOST}:{_PORT}"


def _so_far(installation: Installation) -> PassReport:
    account = installation.accounts[0]
    with installation.database.read(account.name) as books:
        work = Work(
            writes=count_changes(books).get("written", 0),
            messages=count_messages(books).get("sent", 0),
        )
        calls = account.helpdesk.calls_spent()
        now = installation.clock.now()
        return pass_report(books, work, calls, now, begun_at=now, is_complete=True)


class _variables:  # noqa: N801 - reads as a verb where it is used
    """Environment variables that stand while a block runs."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values
        self._before = {name: os.environ.get(name) for name in values}

    def __enter__(self) -> None:
        os.environ.update(self._values)

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
