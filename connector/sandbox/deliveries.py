# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending webhooks: a thread of its own, retries, a breaker, and a record of every attempt.

Only loopback addresses are ever contacted.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from connector.sandbox.wire import Json, iso

if TYPE_CHECKING:
    from connector.sandbox.clock import SandboxClock
    from connector.sandbox.settings import SandboxSettings

TIMEOUT_SECONDS = 10
BREAKER_WINDOW = 300
BREAKER_SHARE = 0.7
BREAKER_ERRORS = 1000
RETRIED = (409, 429, 503)
SHORT_RETRY_AFTER = 60
TRIAL_PER_MINUTE = 60
RETRY_PAUSE_SECONDS = 0.05
LOOPBACK = ("127.0.0.1", "localhost", "::1")
KEPT_SECONDS = 7 * 86400


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request to a webhook's endpoint. `at` is epoch seconds of the sandbox clock."""

    webhook_id: str
    invocation_id: str
    endpoint: str
    method: str
    headers: dict[str, str]
    body: bytes
    at: int


@dataclass(frozen=True, slots=True)
class Mishaps:
    """A fault that a delivery meets. `seconds` is real time."""

    kind: str | None = None
    seconds: float = 0.0


@dataclass(slots=True)
class Invocation:
    """What became of a delivery; `attempts` as the API lists them."""

    id: str
    webhook_id: str
    status: str = "queued"
    status_code: int | None = None
    completed: int = 0
    attempts: list[Json] = field(default_factory=list)


class Deliverer:
    """Sends deliveries one after the other."""

    def __init__(self, settings: SandboxSettings, clock: SandboxClock) -> None:
        self._settings = settings
        self._clock = clock
        self._queue: deque[tuple[Delivery, float]] = deque()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._busy = False
        self._held: Delivery | None = None
        self._recent: deque[tuple[int, bool]] = deque()
        self.invocations: list[Invocation] = []

    def add(self, delivery: Delivery, mishaps: Mishaps) -> None:
        """Queue a delivery, or lose, double, delay or hold it back."""
        if mishaps.kind == "webhook_lost":
            return
        with self._wake:
            if self._is_throttled(delivery):
                self._note(delivery, "throttled", None)
                return
            if mishaps.kind == "webhook_unordered" and self._held is None:
                self._held = delivery
                return
            late = mishaps.seconds if mishaps.kind == "webhook_late" else 0.0
            self._queue.append((delivery, late))
            if mishaps.kind == "webhook_twice":
                self._queue.append((delivery, 0.0))
            if self._held is not None:
                self._queue.append((self._held, 0.0))
                self._held = None
            self._wake.notify_all()
        self._ensure_thread()

    def wait_idle(self, seconds: float = 10.0) -> bool:
        """Wait until everything queued has been sent; False when that takes too long."""
        with self._wake:
            return self._wake.wait_for(lambda: not self._queue and not self._busy, seconds)

    def stop(self) -> None:
        """End the thread; what is still queued is lost."""
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(TIMEOUT_SECONDS + 5)

    def try_once(self, delivery: Delivery) -> Json:
        """Send at once and show the target's answer."""
        return self._request(delivery)[1]

    def _ensure_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._queue or self._stopped)
                if self._stopped:
                    return
                delivery, late = self._queue.popleft()
                self._busy = True
            if late:
                threading.Event().wait(late)
            self._deliver(delivery)
            with self._wake:
                self._busy = False
                self._wake.notify_all()

    def _deliver(self, delivery: Delivery) -> None:
        if self._is_broken(delivery.at):
            self._note(delivery, "circuit broken", None)
            return
        left = self._settings.assumptions.webhook_retries
        while True:
            code, response = self._request(delivery)
            good = code is not None and code < 300
            self._recent.append((delivery.at, good))
            status = "success" if good else "terminated" if code else "timeout"
            self._note(delivery, status, code, response)
            if good or left == 0 or not _asks_for_another(code, response):
                return
            left -= 1
            threading.Event().wait(RETRY_PAUSE_SECONDS)

    def _request(self, delivery: Delivery) -> tuple[int | None, Json]:
        if urlsplit(delivery.endpoint).hostname not in LOOPBACK:
            text = "the sandbox sends webhooks to loopback addresses only"
            return 403, {"headers": [], "status_code": 403, "payload": text}
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.request(
                    delivery.method,
                    delivery.endpoint,
                    data=delivery.body,
                    headers=delivery.headers,
                    timeout=TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
        except requests.RequestException:
            return None, {"headers": [], "status_code": 504, "payload": ""}
        rows = [{"key": key, "value": value} for key, value in answer.headers.items()]
        response: Json = {"headers": rows, "status_code": answer.status_code}
        return answer.status_code, response | {"payload": answer.text[:2048]}

    def _note(
        self, delivery: Delivery, status: str, code: int | None, response: Json | None = None
    ) -> None:
        now = self._clock.epoch()
        invocation = self._invocation(delivery)
        invocation.status, invocation.status_code, invocation.completed = status, code, now
        # the id of an attempt is the webhook's
        row: Json = {"id": delivery.webhook_id, "invocation_id": delivery.invocation_id}
        if code is not None and response is not None:
            headers = [{"key": key, "value": value} for key, value in delivery.headers.items()]
            row["status_code"] = code
            row["status"] = status
            row["request"] = {"headers": headers, "payload": delivery.body.decode()}
            row["response"] = {key: response[key] for key in ("headers", "payload")}
        else:
            row["status"] = status
        row["completed_at"] = iso(now)
        invocation.attempts.insert(0, row)

    def _invocation(self, delivery: Delivery) -> Invocation:
        for known in reversed(self.invocations):
            if known.id == delivery.invocation_id:
                return known
        fresh = Invocation(delivery.invocation_id, delivery.webhook_id)
        oldest = delivery.at - KEPT_SECONDS
        self.invocations = [row for row in self.invocations if row.completed >= oldest]
        self.invocations.append(fresh)
        return fresh

    def _is_throttled(self, delivery: Delivery) -> bool:
        if self._settings.profile != "trial":
            return False
        minute = delivery.at // 60
        in_minute = sum(row.completed // 60 == minute for row in self.invocations)
        return in_minute + len(self._queue) >= TRIAL_PER_MINUTE

    def _is_broken(self, at: int) -> bool:
        while self._recent and self._recent[0][0] < at - BREAKER_WINDOW:
            self._recent.popleft()
        errors = sum(not good for _, good in self._recent)
        enough = len(self._recent) >= self._settings.assumptions.breaker_min_deliveries
        return errors > BREAKER_ERRORS or (enough and errors / len(self._recent) >= BREAKER_SHARE)


def _asks_for_another(code: int | None, response: Json) -> bool:
    if code is None or code == 409:
        return True
    if code not in RETRIED:
        return False
    rows = response["headers"]
    given = [
        row["value"] for row in (rows if isinstance(rows, list) else []) if _is_retry_after(row)
    ]
    return bool(given) and str(given[0]).isdigit() and int(str(given[0])) < SHORT_RETRY_AFTER


def _is_retry_after(row: dict[str, str]) -> bool:
    return row["key"].lower() == "retry-after"
