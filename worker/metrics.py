# SPDX-License-Identifier: GPL-3.0-or-later
"""What this process counts. docs/operations.md lists every name.

No ticket, customer or person is a label. Counters are of this process;
`worker.web.gauges` reads from the database what is the same for all.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

from worker.outbox import NOTE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from worker.clock import Clock
    from worker.outbox import Manner, OutboxMessage, Sender, SendResult
    from worker.policies import PolicyShelf
    from worker.sync import Polled

Loop = Literal["poll", "tick", "notify", "write", "sweep", "audit"]

WRITE_RESULTS: Final = ("written", "equal", "conflict", "unwritable", "refused", "error")
_WRITE_RESULT_OF: Final = {"gone": "unwritable"} | {one: one for one in WRITE_RESULTS}
_API_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LATENESS_SECONDS: Final = (1, 2, 5, 15, 30, 60, 120, 300, 900, 3600, 14_400)


class Metrics:
    """The counters of a process, in a registry of its own.

    Args:
        version: of Stipt.
    """

    def __init__(self, version: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a series more per counter, unread
        self.registry = registry = CollectorRegistry()
        self.last_success = Gauge(
            "stipt_last_success_timestamp_seconds",
            "When a loop last did its work, in real epoch seconds.",
            ["loop"],
            registry=registry,
        )
        self.tickets = Counter(
            "stipt_sync_tickets", "Tickets read from the export.", ["result"], registry=registry
        )
        self.api_requests = Counter(
            "stipt_api_requests",
            "Calls to the helpdesk; code 0 for those without an answer.",
            ["endpoint", "code"],
            registry=registry,
        )
        self.api_seconds = Histogram(
            "stipt_api_request_seconds",
            "How long calls to the helpdesk took.",
            ["endpoint"],
            buckets=_API_SECONDS,
            registry=registry,
        )
        self.api_remaining = Gauge(
            "stipt_api_ratelimit_remaining",
            "Calls that the helpdesk said are left in this window.",
            ["bucket"],
            registry=registry,
        )
        self.notifications = Counter(
            "stipt_notifications",
            "Tries to tell somebody.",
            ["channel", "result"],
            registry=registry,
        )
        self.lateness = Histogram(
            "stipt_notification_lateness_seconds",
            "Time from a step's moment to its message having been handed over.",
            buckets=_LATENESS_SECONDS,
            registry=registry,
        )
        self.writes = Counter(
            "stipt_writeback", "Tickets written back.", ["result"], registry=registry
        )
        self.webhooks = Counter(
            "stipt_webhooks", "Webhook calls received.", ["result"], registry=registry
        )
        self.violations = Gauge(
            "stipt_audit_violations",
            "What the last audit found, by check.",
            ["check"],
            registry=registry,
        )
        build = Gauge("stipt_build_info", "The version that runs.", ["version"], registry=registry)
        build.labels(version).set(1)
        for result in WRITE_RESULTS:  # so that a share of errors can be told from the start
            self.writes.labels(result)

    def succeeded(self, loop: Loop) -> None:
        """A loop has done its work, or found that there is none."""
        self.last_success.labels(loop).set(time.time())

    def polled(self, found: Polled) -> None:
        """The export was read."""
        self.tickets.labels("stored").inc(found.tickets)
        self.tickets.labels("set_aside").inc(found.set_aside)
        if found.is_complete:
            self.succeeded("poll")

    def wrote(self, outcomes: Mapping[str, int]) -> None:
        """A batch of writes went out; `outcomes` counts tickets by outcome."""
        if any(outcomes.get(one) for one in ("written", "equal")):
            self.succeeded("write")
        for outcome, number in outcomes.items():
            result = _WRITE_RESULT_OF.get(outcome)
            if result is not None:
                self.writes.labels(result).inc(number)

    def called_by_webhook(self, result: str) -> None:
        """A webhook call was answered; `result` is a word of docs/webhooks.md."""
        self.webhooks.labels(result).inc()

    def audited(self, found: Mapping[str, int], checks: Sequence[str]) -> None:
        """An audit has ended; `found` counts violations by check, of all that there are."""
        self.succeeded("audit")
        for check in {*checks, *found}:
            self.violations.labels(check).set(found.get(check, 0))

    def called(self, endpoint: str, code: int, seconds: float) -> None:
        """A call to the helpdesk has ended; `endpoint` is a template without ids."""
        self.api_requests.labels(endpoint, str(code)).inc()
        self.api_seconds.labels(endpoint).observe(seconds)

    def remains(self, bucket: str, calls: int) -> None:
        """The helpdesk said how many calls are left."""
        self.api_remaining.labels(bucket).set(calls)


class CountedSender:
    """A sender whose tries are counted.

    Args:
        sender: does the work.
        metrics: where it is counted.
        clock: tells how late a message is.
        channel_of: the kind of recipient that a message is for.
    """

    def __init__(
        self,
        sender: Sender,
        metrics: Metrics,
        clock: Clock,
        channel_of: Callable[[OutboxMessage], str],
    ) -> None:
        self._sender = sender
        self._metrics = metrics
        self._clock = clock
        self._channel_of = channel_of

    def send(self, message: OutboxMessage) -> SendResult:
        """Try once to deliver the message."""
        result = self._sender.send(message)
        self._count(message, result, self._clock.now())
        return result

    def manner(self, message: OutboxMessage) -> Manner:
        """How the message's recipient is told."""
        return self._sender.manner(message)

    def send_digest(self, messages: Sequence[OutboxMessage]) -> SendResult:
        """Try once to deliver one message that stands for all of these."""
        result = self._sender.send_digest(messages)
        now = self._clock.now()
        for message in messages:
            self._count(message, result, now)
        return result

    def send_notes(self, messages: Sequence[OutboxMessage]) -> list[SendResult]:
        """Try once to add internal notes."""
        results = self._sender.send_notes(messages)
        now = self._clock.now()
        for message, result in zip(messages, results, strict=True):
            self._count(message, result, now)
        return results

    def was_sent(self, message: OutboxMessage) -> bool | None:
        """Whether an earlier try arrived."""
        return self._sender.was_sent(message)

    def _count(self, message: OutboxMessage, result: SendResult, now: datetime) -> None:
        self._metrics.notifications.labels(self._channel_of(message), result.outcome).inc()
        if result.outcome == "sent":
            late = (now - message.at).total_seconds()
            self._metrics.lateness.observe(max(0.0, late))


def channel_of(policies: PolicyShelf) -> Callable[[OutboxMessage], str]:
    """The kind of recipient of a message, for counting."""

    def channel(message: OutboxMessage) -> str:
        if message.recipient == NOTE:
            return "note"
        policy = policies.by_hash_or_present(message.policy)
        recipient = policy.recipients.get(message.recipient) if policy else None
        if recipient is None:
            return "unknown"
        return "email" if recipient.url_name is None else "url"

    return channel
