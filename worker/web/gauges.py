# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics that are read from the database when somebody asks for them.

Every process shows the same: take the largest, not the sum.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from worker.store.gauges import WITHIN, Gauges, read_gauges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prometheus_client import Metric

    from worker.wiring import Installation

MOST_TIERS: Final = 20
OTHER: Final = "other"
_FRESH_FOR_S: Final = 15.0
"""A large store takes a second to count; who asks more often gets the same again."""


class StoreGauges(Collector):
    """Counts of all accounts together.

    Args:
        installation: whose rows and rules.
        monotonic: seconds on a clock that never jumps.
    """

    def __init__(
        self, installation: Installation, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._installation = installation
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._read: tuple[float, list[Gauges]] | None = None

    def collect(self) -> Iterator[Metric]:
        """All families; those that need the database are left out while it does not answer."""
        yield self._rules()
        try:
            counted = self._counted()
        except Exception:  # noqa: BLE001 -- what this process counts itself is shown all the same
            return
        yield self._obligations(counted)
        yield _due_within(counted)
        yield GaugeMetricFamily(
            "stipt_outbox_unsent",
            "Messages past their time that are not sent.",
            sum(one.outbox_unsent for one in counted),
        )
        yield GaugeMetricFamily(
            "stipt_outbox_oldest_seconds",
            "For how long the oldest of them waits.",
            max((one.outbox_oldest for one in counted), default=0),
        )
        yield GaugeMetricFamily(
            "stipt_quarantined_tickets",
            "Tickets that are left alone.",
            sum(one.quarantined for one in counted),
        )
        yield GaugeMetricFamily(
            "stipt_connection_paused",
            "Whether a helpdesk refuses the credentials.",
            max((int(one.is_paused) for one in counted), default=0),
        )
        lags = [one.lag for one in counted if one.lag is not None]
        if lags:
            text = "Age of the newest change that was seen."
            yield GaugeMetricFamily("stipt_sync_lag_seconds", text, max(lags))

    def describe(self) -> list[Metric]:
        """Nothing: registering must not ask the database."""
        return []

    def _rules(self) -> Metric:
        family = GaugeMetricFamily("stipt_rules_info", "The rules in force.", labels=["hash"])
        for name in sorted({work.policies.policy.hash for work in self._installation.accounts}):
            family.add_metric([name], 1)
        return family

    def _counted(self) -> list[Gauges]:
        with self._lock:
            now = self._monotonic()
            if self._read is None or now - self._read[0] >= _FRESH_FOR_S:
                self._read = (now, [self._count(work.name) for work in self._installation.accounts])
            return self._read[1]

    def _count(self, account: str) -> Gauges:
        with self._installation.database.read(account) as books:
            return read_gauges(books, self._installation.clock.now())

    def _obligations(self, counted: Sequence[Gauges]) -> Metric:
        shown = self._tiers()
        sums: Counter[tuple[str, str, str]] = Counter()
        for one in counted:
            for (state, measure, tier), number in one.obligations.items():
                sums[state, measure, tier if tier in shown else OTHER] += number
        family = GaugeMetricFamily(
            "stipt_obligations", "Open clocks.", labels=["state", "measure", "tier"]
        )
        for labels, number in sorted(sums.items()):
            family.add_metric(labels, number)
        return family

    def _tiers(self) -> set[str]:
        """The first tiers of the rules: names come from a file, and may be many."""
        names = dict.fromkeys(
            tier.name for work in self._installation.accounts for tier in work.policies.policy.tiers
        )
        return set(list(names)[:MOST_TIERS])


def _due_within(counted: Sequence[Gauges]) -> Metric:
    text = "Running clocks that are due within this time."
    family = GaugeMetricFamily("stipt_due_within", text, labels=["within"])
    for span in WITHIN:
        family.add_metric([span], sum(one.due_within[span] for one in counted))
    return family
