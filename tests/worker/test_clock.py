# SPDX-License-Identifier: GPL-3.0-or-later
"""The clocks that a worker may be given."""

import threading
from datetime import timedelta

import pytest

from connector.sandbox import Sandbox, SandboxSettings
from tests.worker.memory_helpdesk import at
from worker.clock import ClockUnreachable, SandboxClock, SteppedClock, SystemClock


def test_the_machines_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_waiting_moves_a_stepped_clock() -> None:
    clock = SteppedClock(at("2026-11-24T09:00:00Z"))
    assert not clock.pause(90, threading.Event())
    assert clock.now() == at("2026-11-24T09:01:30Z")


def test_the_sandboxs_clock_tells_the_sandboxs_time() -> None:
    with Sandbox(SandboxSettings(tickets=1, speed=0)) as sandbox:
        clock = SandboxClock(f"{sandbox.base_url}/_sandbox/clock")
        assert clock.now() == sandbox.now()
        sandbox.advance(timedelta(hours=3))
        assert clock.now() == sandbox.now()


def test_a_wait_of_an_hour_is_short_on_a_fast_sandbox() -> None:
    with Sandbox(SandboxSettings(tickets=1, speed=36_000)) as sandbox:
        clock = SandboxClock(f"{sandbox.base_url}/_sandbox/clock")
        before = sandbox.now()
        clock.pause(3600, threading.Event())
        assert sandbox.now() - before >= timedelta(minutes=59)


def test_a_clock_that_is_not_on_loopback_is_refused() -> None:
    with pytest.raises(ValueError, match="loopback"):
        SandboxClock("http://192.0.2.1/clock")


def test_a_clock_that_never_answered_says_so() -> None:
    with pytest.raises(ClockUnreachable):
        SandboxClock("http://127.0.0.1:9/clock").now()
