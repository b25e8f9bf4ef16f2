# SPDX-License-Identifier: GPL-3.0-or-later
"""Months of a city's own requests, counted against the verdicts that the city gave itself."""

import csv
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from connector.history.mapping import read_mapping
from connector.history.table import Reading, read_table
from rules.calendar_zones import time_zone
from rules.evaluate import evaluate
from rules.evidence import rows_of
from rules.load import load
from rules.obligations import Assessment, Records, assess
from rules.periods import period_named
from tests.rules.promises_kept import an_obligation

EXAMPLE = Path(__file__).parents[2] / "examples" / "boston311"
BOSTON = "America/New_York"
MONTHS = [f"2015-{month:02}" for month in range(1, 13)]


@pytest.fixture(scope="module")
def data(shared: Path) -> Path:
    return shared / "data" / "boston311.csv"


@pytest.fixture(scope="module")
def months(data: Path) -> dict[str, Assessment]:
    """What was due in each month of 2015, as known when the city exported it."""
    mapping = read_mapping((EXAMPLE / "mapping.toml").read_bytes())
    with data.open(encoding=mapping.encoding, newline="") as file:
        tickets = read_table(file, mapping, Reading())
    policy, _ = load({one.name: one.read_bytes() for one in (EXAMPLE / "rules").glob("*.yaml")})
    assert policy is not None
    cut_off = datetime(2016, 1, 13, 12, tzinfo=time_zone(BOSTON))
    rows = [row for one in tickets for row in rows_of(evaluate(one, policy, cut_off), {})]
    found = {}
    for month in MONTHS:
        period = period_named("calendar_month", month, BOSTON)
        within = (period.from_at, period.until_at)
        found[month] = assess(an_obligation("resolution"), Records(cut_off, rows), policy, within)
    return found


def flagged(data: Path) -> dict[str, Counter[str]]:
    """The city's own verdicts by the month of its own due date."""
    flags: dict[str, Counter[str]] = {month: Counter() for month in MONTHS}
    with data.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["target_at"][:7] in flags:
                flags[row["target_at"][:7]][row["on_time"]] += 1
    return flags


def test_every_month_is_kept_as_the_city_says_but_for_its_known_noise(
    months: dict[str, Assessment], data: Path
):
    """Thirteen of its closed requests have a verdict that its own rules do not give."""
    for month, flags in flagged(data).items():
        assert abs(months[month].numerator - flags["ONTIME"]) <= 3, month
        assert abs(months[month].n_decided - flags.total()) <= 2, month


def test_the_year_is_the_sum_of_its_months(months: dict[str, Assessment], data: Path):
    flags = sum(flagged(data).values(), Counter[str]())

    assert sum(one.n_decided for one in months.values()) == flags.total() == 2809
    assert sum(one.numerator for one in months.values()) == 1420
    assert flags["ONTIME"] == 1409


def test_leaving_out_what_is_open_and_overdue_would_flatter_the_city(
    months: dict[str, Assessment],
):
    met = sum(one.tally.met for one in months.values())
    still_open = sum(one.tally.details["open_overdue"] for one in months.values())
    decided = sum(one.n_decided for one in months.values())

    assert (met, decided, still_open) == (1420, 2809, 788)
    assert round(100 * met / decided) == 51
    assert round(100 * met / (decided - still_open)) == 70
