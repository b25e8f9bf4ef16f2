# SPDX-License-Identifier: GPL-3.0-or-later
"""When people of a market write and when its agents answer: rough shapes, not promises."""

from __future__ import annotations

from datetime import datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

MARKET_ZONES = {"nl": ZoneInfo("Europe/Amsterdam"), "us": ZoneInfo("America/New_York")}
OPENS, CLOSES = time(8, 45), time(17, 15)

HOUR_WEIGHTS = (
    1, 1, 1, 1, 1, 2, 4, 12, 34, 60, 66, 58, 40, 48, 56, 50, 40, 24, 14, 10, 8, 6, 4, 2,
)  # fmt: skip
"""How many tickets arrive in each local hour, relative to each other."""

WEEKDAY_WEIGHTS = (1.15, 1.05, 1.0, 0.98, 0.9, 0.16, 0.1)


def arrival_weights(market: str, first: int, last: int) -> tuple[list[int], list[float]]:
    """Hours from `first` to `last` (epoch seconds) and how likely a ticket arrives in each."""
    zone = MARKET_ZONES[market]
    hours = list(range(first - first % 3600, last, 3600))
    return hours, [_weight(hour, zone) for hour in hours]


def weight_at(market: str, at: int) -> float:
    """How likely a ticket arrives at an instant, 1.0 being the average hour of a week."""
    average = sum(HOUR_WEIGHTS) * sum(WEEKDAY_WEIGHTS) / (24 * 7)
    return _weight(at, MARKET_ZONES[market]) / average


def _weight(hour: int, zone: ZoneInfo) -> float:
    local = datetime.fromtimestamp(hour, zone)
    return HOUR_WEIGHTS[local.hour] * WEEKDAY_WEIGHTS[local.weekday()]


def is_open(market: str, at: int) -> bool:
    """Whether the agents of a market work at an instant (epoch seconds)."""
    opens, closes = _span(market, datetime.fromtimestamp(at, MARKET_ZONES[market]).toordinal())
    return opens <= at < closes


def after_work(start: int, seconds: float, market: str) -> int:
    """The instant when agents of a market have worked so many seconds since `start`."""
    left = int(seconds)
    at = start
    while True:
        opens, closes = _hours_of(market, at)
        at = max(at, opens)
        if at + left < closes:
            return at + left
        left -= max(0, closes - at)
        at = max(closes, at) + 6 * 3600


def _hours_of(market: str, at: int) -> tuple[int, int]:
    """Opening and closing of the working day that holds `at`, or of the next one."""
    zone = MARKET_ZONES[market]
    local = datetime.fromtimestamp(at, zone)
    day = local.toordinal()
    opens, closes = _span(market, day)
    while at >= closes or opens == closes:
        day += 1
        opens, closes = _span(market, day)
    return opens, closes


@lru_cache(maxsize=4096)
def _span(market: str, day: int) -> tuple[int, int]:
    zone = MARKET_ZONES[market]
    date = datetime.fromordinal(day)
    if date.weekday() > 4:
        noon = int(datetime.combine(date, time(12), zone).timestamp())
        return noon, noon
    opens = datetime.combine(date, OPENS, zone)
    closes = datetime.combine(date, CLOSES, zone)
    return int(opens.timestamp()), int(closes.timestamp())
