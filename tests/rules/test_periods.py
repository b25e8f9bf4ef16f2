# SPDX-License-Identifier: GPL-3.0-or-later
"""Periods of obligations: where they begin and end, and what of them is billed."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calendar_zones import time_zone, zone_names
from rules.periods import DatedPeriod, Partial, billed_months, part_of, period_at, period_named
from rules.promises import PERIODS, Period
from tests.rules.builders import instant

AMSTERDAM = "Europe/Amsterdam"
ZONES = [
    "UTC",
    AMSTERDAM,
    "America/New_York",
    "America/St_Johns",  # clocks went back over midnight, at 00:01
    "America/Sao_Paulo",  # summer time began at midnight
    "America/Havana",
    "Asia/Kathmandu",
    "Pacific/Apia",  # 2011-12-30 does not exist
    "Australia/Lord_Howe",
]
instants = st.datetimes(
    datetime(1995, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2037, 12, 31),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)
anchors = st.dates(date(1995, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize(
    ("kind", "at", "label", "first", "behind"),
    [
        ("calendar_month", "2026-11-30 22:59", "2026-11", "2026-11-01", "2026-12-01"),
        ("calendar_month", "2026-11-30 23:00", "2026-12", "2026-12-01", "2027-01-01"),
        ("quarter", "2026-11-23 10:00", "2026-Q4", "2026-10-01", "2027-01-01"),
        ("quarter", "2026-01-01 10:00", "2026-Q1", "2026-01-01", "2026-04-01"),
        ("iso_week", "2027-01-03 10:00", "2026-W53", "2026-12-28", "2027-01-04"),
        ("iso_week", "2026-11-23 10:00", "2026-W48", "2026-11-23", "2026-11-30"),
    ],
)
def test_a_period_is_that_of_the_contracts_zone(
    kind: Period, at: str, label: str, first: str, behind: str
):
    found = period_at(kind, instant(at), AMSTERDAM)

    assert found.label == label
    assert (found.first.isoformat(), found.behind.isoformat()) == (first, behind)
    assert found.holds(instant(at))
    assert period_named(kind, label, AMSTERDAM) == found


@pytest.mark.parametrize(
    ("at", "first", "behind"),
    [
        ("2027-02-27 12:00", "2027-01-31", "2027-02-28"),
        ("2027-02-28 12:00", "2027-02-28", "2027-03-31"),
        ("2028-02-29 12:00", "2028-02-29", "2028-03-31"),
        ("2027-04-30 12:00", "2027-04-30", "2027-05-31"),
        ("2026-12-30 12:00", "2026-11-30", "2026-12-31"),
    ],
)
def test_a_contract_month_begins_on_the_contracts_day_or_the_months_last(
    at: str, first: str, behind: str
):
    found = period_at("contract_month", instant(at), "UTC", instant("2026-10-31 00:00"))

    assert (found.first.isoformat(), found.behind.isoformat()) == (first, behind)
    assert found.label == first
    assert found.months == 1


def test_a_contract_month_needs_a_contract():
    with pytest.raises(ValueError, match="first date of a contract"):
        period_at("contract_month", instant("2026-11-23 10:00"), "UTC")


def test_an_instant_without_a_zone_has_no_period():
    with pytest.raises(ValueError, match="time zone"):
        period_at("quarter", datetime(2026, 1, 1), "UTC")  # noqa: DTZ001 - the case


@pytest.mark.parametrize(
    ("kind", "label"),
    [("calendar_month", "2026-13"), ("quarter", "2026-Q5"), ("iso_week", "2026-W54")],
)
def test_a_label_that_names_no_period_is_refused(kind: Period, label: str):
    with pytest.raises(ValueError, match=label):
        period_named(kind, label, "UTC")


def test_the_month_in_which_clocks_go_back_has_an_hour_more():
    october = period_named("calendar_month", "2026-10", AMSTERDAM)

    assert october.until_at - october.from_at == timedelta(days=31, hours=1)
    assert october.from_at == instant("2026-09-30 22:00")
    assert october.until_at == instant("2026-10-31 23:00")


def test_the_month_whose_last_minute_came_twice_holds_both():
    october = period_named("calendar_month", "2009-10", "America/St_Johns")
    last = datetime(2009, 10, 31, 23, 30, fold=1, tzinfo=time_zone("America/St_Johns"))

    assert october.following().holds(last.astimezone(UTC))  # 00:00 of November had come before
    assert period_at("calendar_month", last, "America/St_Johns").label == "2009-11"


@given(st.sampled_from(PERIODS), instants, st.sampled_from(ZONES), anchors)
def test_adjacent_periods_neither_overlap_nor_leave_a_gap(
    kind: Period, at: datetime, zone: str, anchor: date
):
    found = period_at(kind, at, zone, anchor)

    assert found.holds(at)
    assert found.from_at < found.until_at
    assert found.following().from_at == found.until_at
    assert found.preceding().until_at == found.from_at
    assert found.following().preceding() == found
    assert not found.following().holds(at)
    assert not found.preceding().holds(at)


@given(st.sampled_from(PERIODS), instants, st.sampled_from(sorted(zone_names())), anchors)
def test_every_instant_belongs_to_the_period_around_it_in_every_zone(
    kind: Period, at: datetime, zone: str, anchor: date
):
    found = period_at(kind, at, zone, anchor)

    assert found.from_at <= at < found.until_at
    assert period_named(kind, found.label, zone, anchor) == found


@given(instants, st.sampled_from(ZONES), st.lists(instants, min_size=1, max_size=20))
def test_counting_by_periods_loses_no_instant_and_counts_none_twice(
    start: datetime, zone: str, ats: list[datetime]
):
    periods = [period_at("calendar_month", min(start, *ats), zone)]
    while periods[-1].until_at <= max(ats):
        periods.append(periods[-1].following())

    assert all(sum(one.holds(at) for one in periods) == 1 for at in ats)


@given(instants, st.sampled_from(ZONES))
def test_months_add_up_in_every_kind_of_period(at: datetime, zone: str):
    assert period_at("calendar_month", at, zone).months == 1
    assert period_at("quarter", at, zone).months == 3
    assert period_at("contract_month", at, zone, date(2026, 1, 31)).months == 1
    assert Fraction(7, 31) <= period_at("iso_week", at, zone).months <= Fraction(7, 28)


def test_each_day_of_a_week_counts_as_a_part_of_its_own_month():
    week = period_named("iso_week", "2026-W05", "UTC")  # 26 January to 1 February

    assert week.months == Fraction(6, 31) + Fraction(1, 28)


def month(label: str = "2026-10") -> DatedPeriod:
    return period_named("calendar_month", label, AMSTERDAM)


@pytest.mark.parametrize(
    ("partial", "months"),
    [("by_days", Fraction(16, 31)), (None, Fraction(16, 31)), ("full", 1), ("none", 0)],
)
def test_a_month_that_a_contract_cuts_is_billed_as_it_says(
    partial: Partial | None, months: Fraction
):
    part = part_of(month(), instant("2026-10-15 22:00"), None)

    assert (part.first, part.behind) == (date(2026, 10, 16), date(2026, 11, 1))
    assert not part.is_whole
    assert billed_months(month(), part, partial) == months


def test_the_last_month_of_a_contract_ends_with_it():
    part = part_of(month(), None, instant("2026-10-10 22:00"))

    assert (part.first, part.behind) == (date(2026, 10, 1), date(2026, 10, 11))
    assert billed_months(month(), part, "by_days") == Fraction(10, 31)


def test_a_day_on_which_a_contract_begins_late_counts_whole():
    part = part_of(month(), instant("2026-10-16 07:00"), instant("2026-10-20 12:00"))

    assert billed_months(month(), part, "by_days") == Fraction(5, 31)
    assert part.from_at == instant("2026-10-16 07:00")


@pytest.mark.parametrize(
    ("from_at", "until_at"),
    [("2026-12-01 00:00", None), (None, "2026-09-01 00:00"), (None, "2026-09-30 22:00")],
)
def test_a_month_outside_a_contract_is_no_part_of_it(from_at: str | None, until_at: str | None):
    part = part_of(month(), from_at and instant(from_at), until_at and instant(until_at))

    assert part.from_at == part.until_at
    assert billed_months(month(), part, "full") == 0


def test_a_contract_that_holds_all_the_time_cuts_nothing():
    part = part_of(month(), instant("2026-09-30 22:00"), instant("2026-10-31 23:00"))

    assert part.is_whole
    assert billed_months(month(), part, "none") == 1


def test_a_quarter_that_is_cut_counts_its_first_month_by_days():
    quarter = period_named("quarter", "2026-Q4", AMSTERDAM)
    part = part_of(quarter, instant("2026-10-15 22:00"), None)

    assert billed_months(quarter, part, "by_days") == 2 + Fraction(16, 31)
