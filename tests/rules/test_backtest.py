# SPDX-License-Identifier: GPL-3.0-or-later
"""A ticket under two policies at once: what a change of rules makes different."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.attainment import Attainment
from rules.backtest import Comparison, Pair
from rules.evaluate import evaluate
from rules.policy import PathIs, Settings
from tests.rules.builders import (
    a_calendar,
    a_contract,
    a_policy,
    a_target,
    a_ticket,
    a_tier,
    change,
    comment,
    instant,
    one_tier,
    status,
)
from tests.rules.test_engine_oracle import QUARTER, policies, tickets

if TYPE_CHECKING:
    from rules.backtest import Compared, Reading
    from rules.facts import Ticket
    from rules.policy import Policy
    from rules.verdict import CycleVerdict

FOUR_HOURS = one_tier(a_target("first_reply", "4h"))


def compared(ticket: Ticket, before: Policy, after: Policy, now: str = "2026-11-30 12:00"):
    return Comparison(before, after).compare(ticket, instant(now))


def the_pair(ticket: Ticket, before: Policy, after: Policy, now: str = "2026-11-30 12:00") -> Pair:
    [pair] = compared(ticket, before, after, now).pairs
    return pair


def test_rules_that_mean_the_same_differ_in_nothing() -> None:
    found = compared(a_ticket(), FOUR_HOURS, one_tier(a_target("first_reply", "240m")))

    assert [one.state for one in found.same] == ["breached_open"]
    assert found.pairs == []


def test_a_shorter_target_is_due_earlier_and_may_be_missed() -> None:
    ticket = a_ticket("2026-11-23 10:00", comment("2026-11-23 13:00"))

    pair = the_pair(ticket, FOUR_HOURS, one_tier(a_target("first_reply", "2h")))

    assert (pair.measure, pair.cycle) == ("first_reply", 1)
    assert pair.changes() == ("due_earlier", "shorter")
    assert pair.outcomes == ("met", "breached")
    assert pair.is_flip
    assert pair.due_shift == -2 * 3600


def test_a_longer_target_turns_a_breach_into_a_kept_promise() -> None:
    ticket = a_ticket("2026-11-23 10:00", comment("2026-11-23 15:00"))

    pair = the_pair(ticket, FOUR_HOURS, one_tier(a_target("first_reply", "8h")))

    assert pair.changes() == ("due_later", "longer")
    assert pair.outcomes == ("breached", "met")
    assert pair.is_flip


def test_a_target_may_be_gained_and_lost() -> None:
    nothing = one_tier()

    gained = the_pair(a_ticket(), nothing, FOUR_HOURS)
    lost = the_pair(a_ticket(), FOUR_HOURS, nothing)

    assert (gained.changes(), gained.outcomes) == (("gained",), ("no_target", "breached"))
    assert (lost.changes(), lost.outcomes) == (("lost",), ("breached", "no_target"))
    assert gained.due_shift is lost.due_shift is None
    assert not gained.is_flip
    assert (lost.measure, lost.cycle) == ("first_reply", 1)


def test_another_calendar_is_named_even_where_the_due_stays() -> None:
    round_the_clock = {day: [("00:00", "24:00")] for day in ("mon", "tue", "wed", "thu", "fri")}
    after = one_tier(
        a_target("first_reply", "4h", counted="weekdays"),
        calendars=[a_calendar("weekdays", hours=round_the_clock)],
    )

    pair = the_pair(a_ticket("2026-11-23 10:00"), FOUR_HOURS, after)

    assert pair.changes() == ("calendar",)
    assert pair.differs
    assert pair.due_shift == 0


def test_the_same_calendar_with_other_hours_is_another_one() -> None:
    before = one_tier(a_target(within="4h", counted="office"))
    after = one_tier(
        a_target(within="4h", counted="office"), calendars=[a_calendar(holidays=[_day()])]
    )

    pair = the_pair(a_ticket("2026-11-23 15:00"), before, after)

    assert pair.changes() == ("due_later",)
    assert pair.due_shift == 24 * 3600


def _day() -> Any:
    return instant("2026-11-24 00:00").date()


def test_a_customer_who_gets_a_contract_moves_to_its_tier() -> None:
    premium = a_tier("premium", a_target("first_reply", "4h"), match=PathIs("tags", frozenset("x")))
    standard = a_tier("standard", a_target("first_reply", "4h"))
    contract = a_contract("acme", PathIs("organization.id", frozenset({"360001"})), "premium")

    pair = the_pair(
        a_ticket(),
        a_policy(premium, standard),
        a_policy(premium, standard, contracts=[contract]),
    )

    assert pair.changes() == ("tier", "customer")


def test_a_pause_makes_a_due_unknown() -> None:
    ticket = a_ticket("2026-11-23 10:00", status("2026-11-23 11:00", "pending"))
    pausing = one_tier(a_target("first_reply", "4h", pause_on=("pending",)))

    forth = the_pair(ticket, FOUR_HOURS, pausing, "2026-11-23 12:00")
    back = the_pair(ticket, pausing, FOUR_HOURS, "2026-11-23 12:00")

    assert (forth.changes(), forth.outcomes) == (("due_unknown",), ("not_due", "not_due"))
    assert back.changes() == ("due_known",)


def test_a_length_is_compared_even_where_no_due_is_known() -> None:
    ticket = a_ticket("2026-11-23 10:00", status("2026-11-23 11:00", "pending"))
    before, after = (
        one_tier(a_target("first_reply", within, pause_on=("pending",))) for within in ("4h", "6h")
    )

    assert the_pair(ticket, before, after, "2026-11-23 12:00").changes() == ("longer",)


def test_enforcing_from_a_later_day_excludes_what_was_judged() -> None:
    later = replace(FOUR_HOURS, settings=Settings("UTC", enforce_from=instant("2026-12-01 00:00")))

    pair = the_pair(a_ticket(), FOUR_HOURS, later)

    assert pair.changes() == ()
    assert pair.outcomes == ("breached", "excluded")
    assert pair.differs


def test_policies_that_read_different_values_are_compared_cycle_by_cycle() -> None:
    ticket = a_ticket("2026-11-23 10:00", change("2026-11-23 10:30", "group", "night"))
    vip = a_tier(
        "night", a_target("first_reply", "1h"), match=PathIs("group", frozenset({"night"}))
    )
    after = a_policy(vip, a_tier("standard", a_target("first_reply", "4h")))

    pair = the_pair(ticket, FOUR_HOURS, after)

    assert pair.changes() == ("due_earlier", "shorter", "tier")


def test_start_options_change_which_cycles_there_are() -> None:
    ticket = replace(a_ticket("2026-11-23 10:00"), created_by="agent", created_public=True)
    after = one_tier(a_target("first_reply", "4h", start_on=frozenset({"agent_created"})))

    pair = the_pair(ticket, FOUR_HOURS, after)

    assert pair.changes() == ("gained",)


def test_a_ticket_created_later_than_the_instant_has_no_cycles() -> None:
    found = compared(a_ticket(), FOUR_HOURS, one_tier(), now="2026-11-23 09:59:59")

    assert (found.same, found.pairs) == ([], [])


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Comparison(FOUR_HOURS, FOUR_HOURS).compare(a_ticket(), datetime(2026, 11, 23))  # noqa: DTZ001 - the subject


def test_a_pair_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        _ = Pair(None, None).measure


def test_what_is_remembered_of_two_selections_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rules.backtest._MEMORY", 1)
    before = a_policy(
        a_tier("a", a_target(within="1h"), match=PathIs("group", frozenset({"a"}))),
        a_tier("b", a_target(within="2h")),
    )
    after = a_policy(
        a_tier("a", a_target(within="1h"), match=PathIs("group", frozenset({"a"}))),
        a_tier("b", a_target(within="3h")),
    )
    comparison = Comparison(before, after)
    now = instant("2026-11-30 12:00")

    found = [
        comparison.compare(replace(a_ticket(), group=group), now) for group in ("a", "b", "b", "a")
    ]

    assert [(len(one.same), len(one.pairs)) for one in found] == [(1, 0), (0, 1), (0, 1), (1, 0)]


@pytest.mark.timeout(300)  # two whole policies are drawn for every example
@settings(deadline=None)
@given(st.data(), tickets(), policies(), policies(), st.integers(0, 10 * 96))
def test_each_side_of_a_comparison_is_what_the_engine_says_of_that_policy_alone(
    data: st.DataObject,
    ticket: Ticket,
    one: tuple[Policy, Any],
    other: tuple[Policy, Any],
    later: int,
) -> None:
    before = one[0]
    after = data.draw(
        st.sampled_from(
            [
                other[0],
                before,
                replace(before, tiers=(before.tiers[0], other[0].tiers[1])),
                replace(before, settings=other[0].settings),
                replace(before, calendars=other[0].calendars),
            ]
        )
    )
    now = ticket.created_at + later * QUARTER

    found = Comparison(before, after).compare(ticket, now)

    assert readings(found, 0) == rows(evaluate(ticket, before, now).cycles)
    assert readings(found, 1) == rows(evaluate(ticket, after, now).cycles)


def readings(found: Compared, side: int) -> list[tuple[Any, ...]]:
    sides = [one.before if side == 0 else one.after for one in found.pairs]
    return sorted(said(one) for one in [*found.same, *sides] if one is not None)


def said(reading: Reading) -> tuple[Any, ...]:
    clock = reading.clock
    application = clock.application
    return (
        clock.cycle.measure,
        clock.cycle.number,
        reading.state,
        application.tier,
        application.customer or "",
        application.calendar.name,
        clock.target_seconds,
        0 if clock.due is None else clock.due.shown,
        clock.elapsed,
        clock.paused,
    )


def rows(cycles: tuple[CycleVerdict, ...]) -> list[tuple[Any, ...]]:
    return sorted(
        (
            row.measure,
            row.cycle,
            row.state,
            row.tier,
            row.customer or "",
            row.calendar,
            row.target_seconds,
            0 if row.due_at is None else int(row.due_at.timestamp()),
            row.elapsed_seconds,
            row.paused_seconds,
        )
        for row in cycles
    )


def test_attainment_counts_what_is_decided_and_nothing_else() -> None:
    found = Attainment.of(
        [
            ("met", 126),
            ("met", 2),
            ("breached", 5),
            ("breached_open", 4),
            ("running", 1),
            ("paused", 2),
            ("excluded", 3),
            ("cancelled", 4),
        ]
    )

    assert found == Attainment(met=128, breached=9, not_due=3, excluded=3, cancelled=4)
    assert str(found.share) == "128/137"
    assert found.percent == "93.4"


@pytest.mark.parametrize(
    ("met", "breached", "percent"),
    [
        (0, 0, "n/a"),
        (0, 3, "0.0"),
        (3, 0, "100.0"),
        (1, 7, "12.5"),
        (9994, 6, "99.9"),
        (1, 2, "33.3"),
    ],
)
def test_percentages_are_rounded_half_up_and_absent_where_nothing_was_decided(
    met: int, breached: int, percent: str
) -> None:
    assert Attainment(met=met, breached=breached).percent == percent
    assert (Attainment(met=met, breached=breached).share is None) == (percent == "n/a")
