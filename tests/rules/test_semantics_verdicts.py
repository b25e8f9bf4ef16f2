# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets and verdicts, rule by rule; expected values are worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rules.facts import Happening, Organization
from rules.policy import PathIs, Settings, Where
from tests.rules.builders import (
    WEEK,
    a_calendar,
    a_chooser,
    a_contract,
    a_policy,
    a_target,
    a_ticket,
    a_tier,
    brief,
    change,
    comment,
    cycle_of,
    instant,
    judged,
    one_tier,
    row_of,
    status,
)

# 2026-11-23 is a Monday; the office is open Monday to Friday, 09:00 to 17:00 UTC.
LATER = "2026-11-30 10:00"
ACME = PathIs("organization.id", frozenset({"360001"}))
PRIORITIES = {"urgent": "1h", "high": "2h", "normal": "4h", "low": "8h"}


def at(text: str) -> str:
    return f"2026-11-23 {text}"


def _merged(when: str, kind: Any = "merged") -> Happening:
    return Happening(instant(when), kind)


# 18: dates and conditions


@pytest.mark.parametrize(
    ("created", "customer"),
    [
        (at("09:59:59"), None),
        (at("10:00:00"), "acme"),
        (at("11:59:59"), "acme"),
        (at("12:00:00"), None),
    ],
)
def test_18_the_dates_of_a_contract_look_at_the_tickets_creation(
    created: str, customer: str | None
) -> None:
    contract = a_contract(
        "acme", ACME, "standard", from_at=instant(at("10:00")), until_at=instant(at("12:00"))
    )
    policy = a_policy(a_tier("standard", a_target("first_reply", "4h")), contracts=[contract])
    assert row_of(a_ticket(created), policy, LATER).customer == customer


def test_18_the_dates_of_a_target_look_at_the_tickets_creation() -> None:
    policy = one_tier(
        a_target("resolution", "1h", from_at=instant(at("12:00"))),
        a_target("resolution", "8h", until_at=instant(at("12:00"))),
    )
    before = a_ticket(at("11:00"), change(at("13:00"), "priority", "high"))
    assert row_of(before, policy, at("14:00"), "resolution").target_seconds == 8 * 3600
    assert row_of(a_ticket(at("12:00")), policy, at("12:00"), "resolution").target_seconds == 3600


def test_18_when_priority_means_the_one_that_chooses_targets() -> None:
    high = PathIs("priority", frozenset({"high"}))
    targets = (a_target("first_reply", "1h", when=high), a_target("first_reply", "8h"))
    policy = a_policy(a_tier("standard", *targets, default_priority="high"))
    ticket = a_ticket(at("10:00"))
    assert row_of(ticket, policy, at("10:00")).target_seconds == 3600
    lowered = a_ticket(at("10:00"), change(at("10:00"), "priority", "low"))
    assert row_of(lowered, policy, at("10:00")).target_seconds == 8 * 3600


def test_18_when_channel_means_the_tickets_channel() -> None:
    phone = PathIs("channel", frozenset({"phone"}))
    policy = one_tier(a_target("first_reply", "15m", when=phone), a_target("first_reply", "4h"))
    ticket = a_ticket(at("10:00"), comment(at("10:05"), "requester", via="phone"))
    assert row_of(ticket, policy, at("10:10")).target_seconds == 4 * 3600
    assert row_of(replace(ticket, channel="phone"), policy, at("10:10")).target_seconds == 15 * 60


# 19: no priority


def test_19_no_priority_and_no_default_is_no_target_at_all() -> None:
    tier = a_tier(
        "standard", a_target("first_reply", "4h"), default_priority=None, floor_priority="high"
    )
    verdict = judged(a_ticket(at("10:00")), a_policy(tier), LATER)
    assert (verdict.cycles, verdict.nothing) == ((), "no_target")
    assert row_of(a_ticket(at("10:00"), priority="low"), a_policy(tier), LATER).priority == "high"


# 20: the first breach counts


def test_20_a_breached_row_keeps_the_first_breach() -> None:
    policy = one_tier(a_target("resolution", PRIORITIES))
    ticket = a_ticket(
        at("10:00"),
        change(at("15:00"), "priority", "urgent"),
        status(at("16:00"), "solved"),
    )
    row = row_of(ticket, policy, LATER, "resolution")
    assert (row.state, row.target_seconds, row.priority) == ("breached", 4 * 3600, "normal")
    assert row.due_at == row.breached_at == instant(at("14:00"))
    assert row.elapsed_seconds == 6 * 3600


def test_20_equality_after_a_tightening_is_not_a_breach() -> None:
    policy = one_tier(a_target("resolution", PRIORITIES))
    ticket = a_ticket(at("10:00"), change(at("12:00"), "priority", "high"))
    assert brief(row_of(ticket, policy, at("12:00"), "resolution")) == (
        "running",
        "11-23 12:00",
        120,
    )
    late = row_of(ticket, policy, at("12:00:01"), "resolution")
    assert (late.state, late.breached_at) == ("breached_open", instant(at("12:00")))


# 21: targets that appear late


def _vip_only(*targets: Any) -> Any:
    vip = PathIs("tags", frozenset({"vip"}))
    return a_policy(a_tier("vip", *targets, match=vip), a_tier("everyone"))


def test_21_time_before_a_late_target_counts_as_if_it_had_been_there() -> None:
    policy = _vip_only(a_target("requester_wait", "4h", counted="office"))
    ticket = a_ticket(
        at("08:00"),
        status(at("10:00"), "pending"),
        status(at("11:00"), "open"),
        change(at("12:00"), "tags", ("vip",)),
    )
    assert judged(ticket, policy, at("11:59")).cycles == ()
    row = row_of(ticket, policy, at("12:00"), "requester_wait")
    assert brief(row) == ("running", "11-23 14:00", 120)
    assert row.started_at == instant(at("08:00"))


def test_21_exceeded_on_arrival_is_dated_at_the_arrival() -> None:
    policy = _vip_only(a_target("first_reply", "1h"))
    ticket = a_ticket(at("09:00"), change(at("12:00"), "tags", ("vip",)))
    row = row_of(ticket, policy, at("12:00"))
    assert (row.state, row.breached_at) == ("breached_open", instant(at("12:00")))
    assert row.due_at == instant(at("10:00"))


def test_21_cycles_that_ended_before_keep_their_number_without_a_row() -> None:
    policy = _vip_only(a_target("next_reply", "4h"))
    ticket = a_ticket(
        at("09:00"),
        comment(at("10:00")),
        comment(at("11:00"), "requester"),
        comment(at("12:00")),
        change(at("13:00"), "tags", ("vip",)),
        comment(at("14:00"), "requester"),
    )
    rows = judged(ticket, policy, LATER).cycles
    assert [(row.cycle, row.started_at) for row in rows] == [(2, instant(at("14:00")))]


# 22: nothing applies any more


def test_22_cancelled_until_the_target_returns() -> None:
    policy = _vip_only(a_target("resolution", "8h"))
    ticket = a_ticket(
        at("10:00"),
        change(at("12:00"), "tags", ()),
        change(at("15:00"), "tags", ("vip",)),
        tags=("vip",),
    )
    gone = row_of(ticket, policy, at("14:00"), "resolution")
    assert (gone.state, gone.ended_by, gone.elapsed_seconds) == ("cancelled", "cancelled", 7200)
    assert (gone.due_at, gone.fulfilled_at) == (None, None)
    back = row_of(ticket, policy, at("15:00"), "resolution")
    assert brief(back) == ("running", "11-23 18:00", 300)


def test_22_a_breached_cycle_stays_breached() -> None:
    policy = _vip_only(a_target("resolution", "1h"))
    ticket = a_ticket(at("10:00"), change(at("12:00"), "tags", ()), tags=("vip",))
    row = row_of(ticket, policy, LATER, "resolution")
    assert (row.state, row.ended_by, row.fulfilled_at) == ("breached", "cancelled", None)
    assert row.due_at == row.breached_at == instant(at("11:00"))
    assert row.elapsed_seconds == 7200


# 23 and 24: excluded rows


def test_23_merging_excludes_also_what_was_judged_and_stops_the_clocks() -> None:
    policy = one_tier(
        a_target("first_reply", "4h"),
        a_target("resolution", "8h"),
        a_target("requester_wait", "8h"),
    )
    ticket = a_ticket(
        at("10:00"), comment(at("11:00")), status(at("12:00"), "pending"), _merged(at("13:00"))
    )
    verdict = judged(ticket, policy, LATER)
    assert {(row.state, row.reason) for row in verdict.cycles} == {("excluded", "merged")}
    assert cycle_of(verdict, "first_reply").due_at == instant(at("14:00"))
    running = cycle_of(verdict, "resolution")
    assert (running.due_at, running.elapsed_seconds) == (instant(at("18:00")), 3 * 3600)
    paused = cycle_of(verdict, "requester_wait")
    assert (paused.due_at, paused.elapsed_seconds) == (None, 2 * 3600)
    assert verdict.look_at is None


def test_24_reasons() -> None:
    policy = one_tier(
        a_target("first_reply", "4h"),
        settings=Settings("UTC", enforce_from=instant(at("12:00"))),
    )
    early = row_of(a_ticket(at("11:00")), policy, at("16:00"))
    assert (early.state, early.reason) == ("excluded", "before_enforce_from")
    assert (early.due_at, early.elapsed_seconds) == (instant(at("15:00")), 5 * 3600)
    deleted = row_of(a_ticket(at("12:00"), _merged(at("13:00"), "deleted")), policy, LATER)
    assert (deleted.state, deleted.reason) == ("excluded", "deleted")


# 25: --now


def test_25_the_judging_instant_includes_its_own_second() -> None:
    policy = one_tier(a_target("first_reply", "4h"))
    ticket = a_ticket(at("10:00"), comment(at("11:00:00.700")))
    assert row_of(ticket, policy, at("10:59:59")).state == "running"
    assert row_of(ticket, policy, at("11:00:00")).state == "met"
    assert judged(ticket, policy, at("09:59:59")).cycles == ()


# 28: what breached_at says


def test_28_breached_at_with_closing_is_the_next_opening() -> None:
    policy = one_tier(
        a_target("first_reply", "8h", counted="office"),
        calendars=[a_calendar(at_closing="closing")],
    )
    row = row_of(a_ticket(at("09:00")), policy, LATER)
    assert row.breached_at == instant("2026-11-24 09:00")
    assert row.due_at == instant(at("17:00"))


def test_28_a_solved_cycle_is_judged_again_only_when_reopened() -> None:
    policy = one_tier(a_target("resolution", PRIORITIES))
    happenings = (
        status(at("13:00"), "solved"),
        change(at("14:00"), "priority", "urgent"),
        status(at("15:00"), "open"),
    )
    ticket = a_ticket(at("10:00"), *happenings)
    solved = row_of(ticket, policy, at("14:30"), "resolution")
    assert (solved.state, solved.target_seconds) == ("met", 4 * 3600)
    reopened = row_of(ticket, policy, at("15:00"), "resolution")
    assert (reopened.state, reopened.target_seconds) == ("breached_open", 3600)
    assert reopened.breached_at == instant(at("15:00"))
    assert reopened.due_at == instant(at("11:00"))


# 29: what belongs together


def test_29_names_are_those_of_the_last_application() -> None:
    premium = a_tier(
        "premium",
        a_target("resolution", "4h", where=Where("b.yaml", 7, 9)),
        match=PathIs("tags", frozenset({"vip"})),
    )
    standard = a_tier("standard", a_target("resolution", "8h", where=Where("b.yaml", 12, 9)))
    policy = a_policy(
        premium,
        standard,
        contracts=[a_contract("acme", PathIs("brand", frozenset({"main"})), "standard")],
    )
    ticket = a_ticket(at("10:00"), change(at("11:00"), "tags", ("vip",)))
    row = row_of(ticket, policy, at("12:00"), "resolution")
    assert (row.tier, row.customer, row.rule) == ("premium", None, "b.yaml:7")
    assert row.target_seconds == 4 * 3600
    ticket = a_ticket(at("10:00"), change(at("11:00"), "brand", "main"))
    row = row_of(ticket, policy, at("12:00"), "resolution")
    assert (row.tier, row.customer, row.rule) == ("standard", "acme", "b.yaml:12")


def test_29_names_are_those_of_the_missed_target() -> None:
    premium = a_tier(
        "premium", a_target("resolution", "1h"), match=PathIs("tags", frozenset({"vip"}))
    )
    standard = a_tier("standard", a_target("resolution", "8h"))
    ticket = a_ticket(at("10:00"), change(at("12:00"), "tags", ()), tags=("vip",))
    row = row_of(ticket, a_policy(premium, standard), at("13:00"), "resolution")
    assert (row.state, row.tier, row.target_seconds) == ("breached_open", "premium", 3600)


def test_29_calendar_is_the_one_chosen_and_never_the_chooser() -> None:
    policy = one_tier(
        a_target("first_reply", "4h", counted="chosen"),
        choosers=[a_chooser("chosen", "organization.fields.market", {}, "office")],
    )
    assert row_of(a_ticket(at("10:00")), policy, at("10:00")).calendar == "office"


def test_29_the_length_of_working_days_includes_closing_and_cut_off() -> None:
    policy = one_tier(
        a_target("first_reply", "1wd", counted="office", by_closing=True),
        calendars=[a_calendar(hours=WEEK, cut_off=15 * 3600)],
    )
    row = row_of(a_ticket(at("16:00")), policy, at("16:00"))
    # Counts from Tuesday 09:00; one day later is Wednesday, to its closing.
    assert (row.due_at, row.target_seconds) == (instant("2026-11-25 17:00"), 16 * 3600)


# 30: contracts and priorities


def test_30_a_contracts_match_follows_the_ticket() -> None:
    policy = a_policy(
        a_tier("standard", a_target("resolution", "8h")),
        contracts=[a_contract("acme", ACME, "standard", a_target("resolution", "4h"))],
    )
    joined = Happening(instant(at("11:00")), "organization", organization=Organization("360001"))
    ticket = a_ticket(at("10:00"), joined, organization=None)
    assert row_of(ticket, policy, at("10:30"), "resolution").customer is None
    after = row_of(ticket, policy, at("11:00"), "resolution")
    assert (after.customer, after.due_at) == ("acme", instant(at("14:00")))


def test_30_without_takes_a_measure_of_the_tier_away() -> None:
    tier = a_tier("standard", a_target("resolution", "8h"), a_target("first_reply", "4h"))
    contract = a_contract("acme", ACME, "standard", without=frozenset({"resolution"}))
    verdict = judged(a_ticket(at("10:00")), a_policy(tier, contracts=[contract]), LATER)
    assert [row.measure for row in verdict.cycles] == ["first_reply"]


def test_30_a_raise_by_stipt_never_chooses_and_one_by_the_system_does() -> None:
    policy = one_tier(a_target("resolution", PRIORITIES))
    for by, due in (("stipt", "11-23 14:00"), ("system", "11-23 12:00"), ("agent", "11-23 12:00")):
        ticket = a_ticket(at("10:00"), change(at("10:30"), "priority", "high", by))
        assert brief(row_of(ticket, policy, at("11:00"), "resolution"))[1] == due


def test_30_a_working_day_due_takes_the_first_of_two_equal_times() -> None:
    hours = {"sat": [("00:00", "06:00")], "sun": [("00:00", "06:00")], "mon": [("00:00", "06:00")]}
    policy = one_tier(
        a_target("first_reply", "1wd", counted="office"),
        calendars=[a_calendar("office", "Europe/Amsterdam", hours=hours)],
    )
    row = row_of(a_ticket("2026-10-24T02:30+02:00"), policy, "2026-10-24 00:30")
    assert row.due_at == instant("2026-10-25T02:30+02:00")
    second = a_ticket("2026-10-25T02:30+01:00")
    assert row_of(second, policy, "2026-10-25 01:30").due_at == instant("2026-10-26T02:30+01:00")
