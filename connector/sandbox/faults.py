# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on request: which request meets which trouble, by count or by chance, from a seed."""

from __future__ import annotations

import random
import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector.sandbox.wire import Json

INSTEAD = {
    "throttled": "429 with Retry-After in seconds",
    "throttled_without_retry_after": "429 without Retry-After",
    "throttled_retry_zero": "429 with Retry-After: 0",
    "throttled_http_date": "429 with Retry-After as an HTTP date",
    "throttled_plain_text": "429 as text/plain, for one user's updates",
    "unavailable": "503 without Retry-After",
    "unavailable_retry_after": "503 with Retry-After",
    "server_error": "500",
    "bad_gateway": "502 with an HTML page",
    "html": "200 with an HTML page instead of JSON",
    "token_expired": "401, and the caller's token ends",
    "forbidden": "403",
    "conflict": "409 UpdateConflict",
    "database_conflict": "409 DatabaseConflict",
    "cursor_expired": "400 for the cursor",
    "reset": "connection reset before anything was done",
}
"""The request is not carried out."""

AFTERWARDS = {
    "executed_then_reset": "carried out, then the connection is reset before the answer",
    "reset_mid_page": "carried out, connection reset in the middle of the answer",
    "truncated": "carried out, the JSON ends halfway but the answer looks complete",
    "slow": "carried out, the answer starts after `seconds`",
    "drip": "carried out, the answer comes in small pieces over `seconds`",
}
"""The request is carried out; its answer is broken."""

PAGES = {
    "empty_page": "an export page without rows, end_of_stream false",
    "repeated_page": "an export page whose position does not move",
    "duplicate_items": "an export page that holds each row twice",
    "host_change": "URLs in the answer name a host that nobody serves",
    "clock_ahead": "Date header ten minutes ahead",
    "clock_behind": "Date header ten minutes behind",
}
"""The answer is complete but peculiar."""

JOBS = {
    "job_stuck": "the job works for ever",
    "job_failed": "the job fails as a whole",
    "job_failed_items": "some rows of the job fail though it completes",
    "job_gone": "the job's record cannot be read",
}

WEBHOOKS = {
    "webhook_lost": "a delivery never happens",
    "webhook_twice": "a delivery happens twice",
    "webhook_late": "a delivery comes after `seconds`",
    "webhook_unordered": "a delivery comes after the next one",
}

SWITCHES = {
    "old_account": "Basic authentication with an API token works (until 30 April 2027)",
    "team": "a plan without SLA policies and schedules: 403",
    "no_talk": "a plan without Talk and without satisfaction ratings: 403",
    "unlimited_exports": "no limit on the incremental exports, as one recorded test account",
}

KINDS = INSTEAD | AFTERWARDS | PAGES | JOBS | WEBHOOKS | SWITCHES


@dataclass(frozen=True, slots=True)
class Fault:
    """One trouble and whom it meets.

    `path` is a regular expression on the path without `/api/v2/` and `.json`;
    the first `skip` matching requests pass, then `count` are met (None: all),
    each with `probability`. `seconds` is real time for slow answers;
    `retry_after` is in seconds of the sandbox clock.
    """

    kind: str
    path: str = ""
    method: str = ""
    count: int | None = None
    probability: float = 1.0
    skip: int = 0
    seconds: float = 1.0
    retry_after: int = 5

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known: {', '.join(sorted(KINDS))}")

    def meets(self, method: str, path: str) -> bool:
        """Whether a request is of the kind that this fault is for."""
        return (not self.method or self.method.upper() == method) and bool(
            re.search(self.path, path)
        )


BAD_DAY = (
    Fault("throttled", probability=0.04),
    Fault("throttled_without_retry_after", probability=0.02),
    Fault("unavailable", probability=0.04),
    Fault("bad_gateway", probability=0.01),
    Fault("reset", probability=0.02),
    Fault("executed_then_reset", path="^tickets", probability=0.03),
    Fault("truncated", path="^incremental/", probability=0.03),
    Fault("empty_page", path="^incremental/", probability=0.1),
    Fault("repeated_page", path="^incremental/", probability=0.05),
    Fault("duplicate_items", path="^incremental/", probability=0.1),
    Fault("host_change", path="^incremental/", probability=0.3),
    Fault("job_failed_items", path="update_many", probability=0.1),
    Fault("webhook_lost", probability=0.3),
    Fault("webhook_twice", probability=0.1),
)
"""Everything at once; a worker must reach the same final state as on a good day."""


class Faults:
    """The faults that are switched on."""

    def __init__(self, names: Iterable[str] = (), seed: int = 1) -> None:
        self._rng = random.Random(f"faults {seed}")  # noqa: S311 - a seeded stand-in
        self._faults: list[Fault] = []
        self.met: dict[str, int] = {}
        for name in names:
            self.add_named(name)

    def add_named(self, text: str) -> None:
        """Add `bad_day` or a fault written as `kind:key=value:key=value`.

        Raises:
            ValueError: unknown kind or key, or a value of the wrong form.
        """
        if text == "bad_day":
            self._faults.extend(BAD_DAY)
            return
        kind, *options = text.split(":")
        self.add(from_options(kind, [option.partition("=")[::2] for option in options]))

    def add(self, fault: Fault) -> None:
        """Switch a fault on."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Switch everything off."""
        self._faults.clear()

    def is_on(self, switch: str) -> bool:
        """Whether a lasting switch such as `team` is on."""
        return any(fault.kind == switch for fault in self._faults)

    def draw(self, kinds: Iterable[str], method: str, path: str) -> Fault | None:
        """The first fault of these kinds that this request meets; it is used up by one."""
        wanted = set(kinds)
        for index, fault in enumerate(self._faults):
            if fault.kind not in wanted or not fault.meets(method, path):
                continue
            if fault.skip > 0:
                self._faults[index] = replace(fault, skip=fault.skip - 1)
                continue
            if fault.count == 0 or self._rng.random() >= fault.probability:
                continue
            if fault.count is not None:
                self._faults[index] = replace(fault, count=fault.count - 1)
            self.met[fault.kind] = self.met.get(fault.kind, 0) + 1
            return fault
        return None

    def chance(self) -> float:
        """A number from 0 to 1 of the faults' own sequence."""
        return self._rng.random()

    def to_json(self) -> Json:
        """What `GET /_sandbox/faults` answers."""
        return {
            "faults": [asdict(fault) for fault in self._faults],
            "met": dict(self.met),
            "kinds": dict(KINDS),
        }


def names_in(text: str) -> tuple[str, ...]:
    """Faults of a file: one a line as `kind:key=value`, `#` starts a comment.

    Raises:
        ValueError: a line is no fault.
    """
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    names = tuple(line for line in lines if line)
    Faults(names)
    return names


def from_options(kind: str, options: Sequence[tuple[str, str] | Sequence[str]]) -> Fault:
    """A fault of a kind with options given as text.

    Raises:
        ValueError: an unknown option or a value of the wrong form.
    """
    fault = Fault(kind)
    for key, value in options:
        fault = with_option(fault, key, value)
    return fault


def with_option(fault: Fault, key: str, value: str) -> Fault:
    """The fault with one option set from text.

    Raises:
        ValueError: an unknown option or a value of the wrong form.
    """
    if key in {"path", "method"}:
        return replace(fault, path=value) if key == "path" else replace(fault, method=value)
    if key in {"count", "skip", "retry_after"}:
        number = int(value)
        if key == "count":
            return replace(fault, count=number)
        return replace(fault, skip=number) if key == "skip" else replace(fault, retry_after=number)
    if key in {"probability", "seconds"}:
        share = float(value)
        return (
            replace(fault, probability=share)
            if key == "probability"
            else replace(fault, seconds=share)
        )
    raise ValueError(f"unknown option {key!r} of fault {fault.kind!r}")
