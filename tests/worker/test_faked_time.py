# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole service in a process whose machine's clock jumps: libfaketime stands in for it.

SQLite tells the time by the same clock, so leases jump with it.
"""

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.sandbox import Sandbox, SandboxSettings
from connector.sandbox.tickets import Doing, create_ticket
from tests.kill.hook import Hook
from tests.services.availability import server_is_missing
from tests.worker.sandbox_site import GENEROUS, SandboxSite, eventually
from worker.store.tables import outbox

RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam, enforce_from: 2026-01-01}
recipients:
  on_call: {url: env:ON_CALL}
escalations:
  usual:
    - {at: 25%, tell: [on_call]}
    - {at: 50%, tell: [on_call]}
    - {at: due, tell: [on_call]}
tiers:
  everybody:
    match: everything
    priority: {default: normal}
    targets:
      - {measure: first_reply, within: 8h, counted: always, escalate: usual}
"""
# libfaketime refuses the way in which this Python's `time.sleep` waits.
SERVE = (
    "import sys, threading, time;"
    " time.sleep = lambda seconds: threading.Event().wait(seconds) and None;"
    " from worker.cli.main import run; sys.exit(run(['run']))"
)
TICKETS = 5
HOUR = 3600
LONG_S = 60.0

pytestmark = pytest.mark.timeout(240)


class FakedClock:
    """A file that says how far the clock of the processes that read it is off the sandbox's."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        if not libraries:
            server_is_missing("libfaketime", "faketime")
        self._library = libraries[0]
        self._file = folder / "clock"
        self._base = round(sandbox.now().timestamp() - time.time())
        self.jump(0)

    def jump(self, seconds: int) -> None:
        """Set it that far ahead of the sandbox's time, or back."""
        written = self._file.with_suffix(".new")
        written.write_text(f"{self._base + seconds:+d}\n", encoding="ascii")
        written.replace(self._file)  # at one stroke: it is read at every look at the clock

    def variables(self) -> dict[str, str]:
        """What makes a process go by it; what counts seconds only goes on as ever."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxSite]:
    with Sandbox(SandboxSettings(tickets=0, speed=1, limits=GENEROUS)) as sandbox:
        monkeypatch.setenv("ZENPY_FORCE_SCHEME", "http")
        monkeypatch.setenv("ZENPY_FORCE_NETLOC", sandbox.base_url.removeprefix("http://"))
        made = SandboxSite(sandbox, tmp_path / "worker")
        made.set_up_fields()
        (made.folder / "sla" / "sla.yaml").write_text(RULES, encoding="utf-8")
        yield made


@pytest.fixture
def clock(tmp_path: Path, site: SandboxSite) -> FakedClock:
    return FakedClock(tmp_path, site.sandbox)


def ask(site: SandboxSite) -> None:
    """A customer asked some questions an hour ago."""
    account = site.sandbox.account
    customer = next(user for user in account.users.values() if not user.is_staff)
    doing = Doing(customer.id, site.sandbox.clock.epoch() - HOUR, "email")
    with site.sandbox.site.lock:
        for number in range(TICKETS):
            question = {"subject": f"Question {number}", "comment": {"body": "How?"}}
            create_ticket(account, question, doing)


@contextmanager
def serving(site: SandboxSite, clock: FakedClock, hook: Hook) -> Iterator[None]:
    """The service under that clock; it must live to the end."""
    variables = site.environment(
        ON_CALL=hook.address,
        STIPT_ALLOW_HOSTS="127.0.0.1",
        STIPT_ALLOW_NETWORKS="127.0.0.1",
        STIPT_POLL_INTERVAL="60s",
        **clock.variables(),
    )
    del variables["STIPT_CLOCK_URL"]
    with (site.folder / "log").open("wb") as log:
        worker = subprocess.Popen([sys.executable, "-c", SERVE], env=variables, stderr=log)  # noqa: S603 -- our own program
        try:
            yield
            assert worker.poll() is None, (site.folder / "log").read_text()[-2000:]
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(40) == 0, (site.folder / "log").read_text()[-2000:]
        finally:
            worker.kill()
            worker.wait(10)


def late_by(site: SandboxSite, step: str) -> list[int]:
    """Seconds by which the messages about a step were late."""
    return [row[0] for row in site.query(sa.select(outbox.c.late_by).where(outbox.c.step == step))]


def test_no_jump_of_the_machines_clock_repeats_or_skips_a_message(
    site: SandboxSite, clock: FakedClock
) -> None:
    ask(site)
    with Hook(hangs_up=0) as hook, serving(site, clock, hook):

        def told(number: int) -> bool:
            return eventually(lambda: len(hook.keys) >= number * TICKETS, LONG_S)

        assert eventually(site.is_judged, LONG_S)
        assert hook.keys == []
        clock.jump(HOUR + HOUR // 2)
        assert told(1)
        clock.jump(-2 * HOUR)
        time.sleep(3)  # in real time: nothing must happen in it
        assert len(hook.keys) == TICKETS
        clock.jump(3 * HOUR + HOUR // 2)
        assert told(2)
        clock.jump(30 * 24 * HOUR)
        assert told(3)
    assert set(Counter(hook.keys).values()) == {1}
    assert [len(late_by(site, step)) for step in ("25%", "50%", "due")] == [TICKETS] * 3
    for step in ("25%", "50%"):
        assert all(HOUR // 2 - 5 <= one <= HOUR // 2 + 120 for one in late_by(site, step))
    assert all(one > 29 * 24 * HOUR for one in late_by(site, "due"))
