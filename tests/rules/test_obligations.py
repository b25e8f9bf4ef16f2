# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts for an obligation, and what it comes to: the rules of counting, one by one."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.evidence import Call, CycleRow, Outage, Party, SolvedTicket
from rules.obligations import Assessment, Records, assess, excluded_share
from rules.percentiles import nearest_rank
from rules.periods import period_named
from rules.phone import Waits, waits
from rules.policy import PathIs, Span
from rules.promises import Counting, Exclusion, Obligation
from rules.tallies import NotConcrete
from tests.rules.builders import a_calendar, instant
from tests.rules.promises_kept import (
    NOVEMBER,
    a_call,
    a_rating,
    a_row,
    a_solve,
    an_exclusion,
    an_obligation,
    an_outage,
    policy,
    records,
    rows,
)


def of_rows(
    *cycles: CycleRow, obligation: Obligation | None = None, exclusions: Sequence[Exclusion] = ()
) -> Assessment:
    return assess(obligation or an_obligation(), records(cycles), policy(*exclusions), NOVEMBER)


def test_attainment_is_met_of_met_and_breached():
    found = of_rows(*rows(met=128, breached=9))

    assert (found.numerator, found.n_decided) == (128, 137)
    assert found.share == Fraction(128, 137)
    assert found.percent == "93.4"
    assert found.result == "missed"


def test_nothing_due_is_not_everything_kept():
    found = of_rows()

    assert found.share is None
    assert found.percent == "n/a"
    assert found.result == "nothing"


def test_a_cycle_belongs_to_the_period_in_which_it_falls_due():
    early = a_row("2026-12-01 00:00", stopped_at=instant("2026-11-30 10:00"))
    late = a_row("2026-11-30 23:59", "breached", stopped_at=instant("2027-02-01 10:00"))
    first = a_row("2026-11-01 00:00")
    before = a_row("2026-10-31 23:59")

    found = of_rows(early, late, first, before)

    assert (found.tally.met, found.tally.breached) == (1, 1)


def test_an_open_cycle_past_its_due_is_breached():
    found = of_rows(a_row(state="met"), a_row(state="breached_open"))

    assert (found.tally.met, found.tally.breached) == (1, 1)
    assert found.tally.details == {"open_overdue": 1}


def test_what_is_not_due_yet_stands_apart():
    found = of_rows(*rows(met=3, running=2, paused=1))

    assert (found.n_decided, found.tally.not_due, found.tally.paused) == (3, 2, 1)
    assert not found.is_decided


def test_a_paused_cycle_that_started_after_the_period_has_no_part_in_it():
    found = of_rows(a_row(None, "paused", started="2026-12-01 00:00"))

    assert found.tally.paused == 0
    assert found.is_decided


def test_cancelled_and_excluded_cycles_are_shown_where_they_started():
    found = of_rows(
        a_row(None, "cancelled"),
        a_row(None, "cancelled", started="2026-10-31 10:00"),
        a_row(None, "excluded", reason="merged"),
        a_row("2026-11-23 14:00", "excluded", reason="before_enforce_from"),
    )

    assert (found.n_decided, found.tally.cancelled, found.tally.excluded) == (0, 1, 2)
    assert found.tally.excluded_for == {"before_enforce_from": 1, "merged": 1}


def test_solved_in_time_without_a_reply_is_met_and_has_a_column_of_its_own():
    found = of_rows(a_row(ended_by="solved"), a_row(ended_by="reply"))

    assert found.tally.met == 2
    assert found.tally.details == {"without_reply": 1}


def test_a_resolution_is_solved_without_that_being_remarkable():
    row = a_row(ended_by="solved", measure="resolution")
    found = of_rows(row, obligation=an_obligation("resolution"))

    assert found.tally.details == {}


def test_a_breach_that_was_cancelled_later_stays_a_breach():
    assert of_rows(a_row(state="breached", ended_by="cancelled")).tally.breached == 1


def test_only_its_own_measure_counts():
    found = of_rows(a_row(measure="next_reply", state="breached"), a_row())

    assert (found.tally.met, found.tally.breached) == (1, 0)


@pytest.mark.parametrize(
    ("path", "value", "n"),
    [("channel", "email", 1), ("tier", "premium", 2), ("priority", "urgent", 1)],
)
def test_only_the_tickets_that_are_meant_count(path: str, value: str, n: int):
    meant = an_obligation(tickets=PathIs(path, frozenset({value})))
    found = of_rows(
        a_row(values={"channel": "email", "priority": "low"}, priority="urgent"),
        a_row(values={"channel": "web", "priority": "urgent"}, priority="low"),
        obligation=meant,
    )

    assert found.n_decided == n


@pytest.mark.parametrize(
    ("met", "breached", "result"),
    [(19, 1, "kept"), (18, 1, "missed"), (949, 51, "missed"), (950, 50, "kept"), (0, 1, "missed")],
)
def test_the_level_is_compared_exactly(met: int, breached: int, result: str):
    assert of_rows(*rows(met=met, breached=breached)).result == result


def test_a_share_that_rounds_below_the_level_keeps_it():
    three_nines = an_obligation(at_least=Fraction(9995, 10_000))
    found = of_rows(*rows(met=99_951, breached=49), obligation=three_nines)

    assert found.percent == "100.0"
    assert found.result == "kept"


@pytest.mark.parametrize(("n", "result"), [(19, "too_few"), (20, "missed")])
def test_below_the_minimum_there_is_no_verdict(n: int, result: str):
    least = an_obligation(minimum_tickets=20)

    assert of_rows(*rows(met=n - 2, breached=2), obligation=least).result == result


def test_without_a_level_there_are_numbers_and_no_verdict():
    found = of_rows(*rows(met=1), obligation=an_obligation(at_least=None))

    assert (found.level, found.result, found.n_decided) == (None, None, 1)


def test_a_ticket_is_kept_when_all_its_cycles_are():
    found = of_rows(
        a_row(ticket_id="1", cycle=1),
        a_row(ticket_id="1", cycle=2, state="breached"),
        a_row(ticket_id="2", cycle=1),
        a_row(ticket_id="2", cycle=2),
        a_row(ticket_id="3", cycle=1),
        a_row(ticket_id="3", cycle=2, state="running"),
        a_row(ticket_id="4", cycle=1),
        a_row(ticket_id="4", cycle=2, state="excluded", reason="merged"),
        obligation=an_obligation(unit="ticket"),
    )

    assert (found.tally.met, found.tally.breached, found.tally.not_due) == (2, 1, 1)


def test_a_ticket_is_decided_by_the_cycles_that_fall_due_whatever_is_paused():
    found = of_rows(
        a_row(ticket_id="1", cycle=1),
        a_row(None, "paused", ticket_id="1", cycle=2),
        a_row(None, "paused", ticket_id="2"),
        obligation=an_obligation(unit="ticket"),
    )

    assert (found.tally.met, found.tally.paused) == (1, 1)


def test_the_obligations_own_dates_cut_the_period():
    held = an_obligation(from_at=instant("2026-11-10 00:00"), until_at=instant("2026-11-20 00:00"))
    dues = ["2026-11-09 23:59", "2026-11-10 00:00", "2026-11-19 23:59", "2026-11-20 00:00"]

    assert of_rows(*(a_row(due) for due in dues), obligation=held).n_decided == 2
    past = an_obligation(until_at=instant("2026-10-01 00:00"))
    assert of_rows(a_row(), obligation=past).n_decided == 0


# Exclusions


POWER_CUT = an_exclusion(tickets=["1"])
NIGHT = an_exclusion("planned_maintenance", window=("2026-11-14 21:00", "2026-11-15 05:00"))


def test_an_approved_ticket_does_not_count():
    obligation = an_obligation(excluding=("force_majeure",))
    found = of_rows(*rows(met=1, breached=1), obligation=obligation, exclusions=[POWER_CUT])

    assert (found.tally.met, found.tally.breached, found.tally.excluded) == (0, 1, 1)


@pytest.mark.parametrize("excluding", [(), None, ("planned_maintenance",)])
def test_a_reason_that_was_not_agreed_excludes_nothing(excluding: tuple[str, ...] | None):
    obligation = an_obligation(excluding=excluding)

    assert of_rows(*rows(met=2), obligation=obligation, exclusions=[POWER_CUT]).tally.met == 2


def test_a_window_takes_out_what_falls_due_in_it_met_or_not():
    obligation = an_obligation(excluding=("planned_maintenance",))
    found = of_rows(
        a_row("2026-11-14 21:00"),
        a_row("2026-11-15 04:59", "breached"),
        a_row("2026-11-15 05:00", "breached"),
        obligation=obligation,
        exclusions=[NIGHT],
    )

    assert (found.tally.met, found.tally.breached, found.tally.excluded) == (0, 1, 2)


def test_an_exception_for_tickets_in_a_window_needs_both():
    both = an_exclusion(tickets=["1"], window=("2026-11-14 21:00", "2026-11-15 05:00"))
    obligation = an_obligation(excluding=("force_majeure",))
    found = of_rows(
        a_row("2026-11-14 22:00", ticket_id="1"),
        a_row("2026-11-16 22:00", ticket_id="1", cycle=2),
        a_row("2026-11-14 22:00", ticket_id="2"),
        a_row(None, "paused", ticket_id="1", cycle=3),
        obligation=obligation,
        exclusions=[both],
    )

    assert (found.tally.met, found.tally.excluded, found.tally.paused) == (2, 1, 1)


def test_a_merged_ticket_is_out_whatever_was_agreed():
    assert of_rows(a_row(state="excluded", reason="merged")).tally.excluded == 1


def test_the_share_that_was_taken_out_is_known():
    found = of_rows(*rows(met=18, breached=1, excluded=1))

    assert excluded_share([found.tally]) == Fraction(1, 20)
    assert excluded_share([]) is None


# Phone


ANSWER = an_obligation("phone_answer", within=Span("seconds", 180), at_least=Fraction(9, 10))


def of_calls(obligation: Obligation, *calls: Call) -> Assessment:
    return assess(obligation, records(calls=calls), policy(), NOVEMBER)


def abandoned(**counting: Any) -> Obligation:
    return an_obligation("phone_abandoned", at_most=Fraction(5, 100), counting=Counting(**counting))


def test_a_call_is_answered_in_time_up_to_the_promised_second():
    found = of_calls(ANSWER, a_call(wait=180), a_call(wait=181), a_call(ended="abandoned", wait=9))

    assert (found.numerator, found.n_decided) == (1, 3)
    assert found.tally.details == {"abandoned": 1, "late": 1}


def test_the_menu_closed_hours_and_outgoing_calls_are_not_offered():
    calls = [
        a_call(ended="abandoned_in_ivr"),
        a_call(outside_hours=True),
        a_call(is_inbound=False),
        a_call(),
    ]
    found = of_calls(abandoned(), *calls)

    assert (found.numerator, found.n_decided) == (0, 1)
    assert found.tally.details == {"ivr": 1, "outside_hours": 1}
    assert of_calls(abandoned(ivr=True, outside_hours=True), *calls).n_decided == 3
    assert of_calls(abandoned(ivr=True), *calls).numerator == 1


def test_a_very_short_wait_is_no_abandonment_and_no_offer():
    calls = [a_call(ended="abandoned", wait=4), a_call(ended="abandoned", wait=5), a_call()]

    assert of_calls(abandoned(ignore_under=5), *calls).share == Fraction(1, 2)
    assert of_calls(abandoned(), *calls).share == Fraction(2, 3)


@pytest.mark.parametrize("ended", ["voicemail", "overflow", "callback", "other"])
def test_other_ends_are_offered_and_not_answered_nor_abandoned(ended: str):
    calls = [a_call(ended=ended), a_call()]

    assert of_calls(abandoned(), *calls).share == 0
    assert of_calls(ANSWER, *calls).share == Fraction(1, 2)
    assert of_calls(ANSWER, *calls).tally.details == {ended: 1}


def test_a_callback_that_reached_the_caller_may_count_as_answered():
    obligation = an_obligation(
        "phone_answer",
        within=Span("seconds", 180),
        counting=Counting(callback="answered_if_connected"),
    )
    calls = [a_call(ended="callback", connected=True), a_call(ended="callback")]

    assert of_calls(obligation, *calls).share == Fraction(1, 2)


@pytest.mark.parametrize(("n_abandoned", "result"), [(5, "kept"), (6, "missed")])
def test_at_most_allows_equality(n_abandoned: int, result: str):
    calls = [a_call(ended="abandoned") for _ in range(n_abandoned)]

    answered = [a_call() for _ in range(100 - n_abandoned)]
    assert of_calls(abandoned(), *calls, *answered).result == result


def test_calls_of_another_month_have_no_part():
    calls = [a_call("2026-10-31 23:59"), a_call("2026-12-01 00:00")]

    assert of_calls(ANSWER, *calls).result == "nothing"


def test_only_the_lines_that_are_named_count():
    ours = an_obligation("phone_abandoned", counting=Counting(lines=("+31 20 555 0100", "5502")))
    calls = [
        a_call(call_id="1", ended="abandoned", line="+31 20 555 0100"),
        a_call(call_id="2", line="5502"),
        a_call(call_id="3", ended="abandoned", line="+1 617 555 0100"),
        a_call(call_id="4", ended="abandoned"),
    ]
    found = assess(ours, records(calls=calls), policy(), NOVEMBER)
    assert (found.numerator, found.n_decided) == (1, 2)


def test_opening_hours_of_the_promise_hold_instead_of_those_of_the_phone_system():
    office = a_calendar("office", hours={"mon": [("09:00", "17:00")]})
    ours = an_obligation("phone_abandoned", counted="office")
    calls = [
        a_call("2026-11-23 12:00", "abandoned", outside_hours=True),  # a Monday
        a_call("2026-11-23 20:00", "abandoned", call_id="2"),
        a_call("2026-11-24 12:00", "abandoned", call_id="3"),
    ]
    found = assess(ours, records(calls=calls), policy(calendars=(office,)), NOVEMBER)
    assert (found.numerator, found.n_decided) == (1, 1)
    assert found.tally.details["outside_hours"] == 2


def test_opening_hours_that_depend_on_a_ticket_are_not_concrete():
    ours = an_obligation("phone_abandoned", counted="by_market")
    with pytest.raises(NotConcrete, match="one calendar"):
        assess(ours, records(calls=[a_call()]), policy(), NOVEMBER)


@pytest.mark.parametrize("within", [None, Span("working_days", 1)])
def test_phone_answer_without_a_time_is_not_concrete(within: Span | None):
    with pytest.raises(NotConcrete, match="within which time"):
        of_calls(an_obligation("phone_answer", within=within))


def test_calls_of_another_tier_have_no_part():
    premium = an_obligation("phone_abandoned", tickets=PathIs("tier", frozenset({"premium"})))

    assert of_calls(premium, a_call(tier="premium"), a_call(tier="standard")).n_decided == 1


def test_the_average_wait_is_that_of_answered_calls_beside_what_it_hides():
    calls = [a_call(wait=wait) for wait in (10, 20, 30, 40, 50, 60, 70, 80, 90, 400)]
    lost = [a_call(ended="abandoned", wait=500), a_call(outside_hours=True, wait=900)]

    assert waits(ANSWER, [*calls, *lost], NOVEMBER) == Waits(10, Fraction(85), 90, 400)
    assert waits(ANSWER, lost, NOVEMBER) == Waits(0, None, None, None)


# Solved tickets and ratings


def of_solved(
    obligation: Obligation, *solved: SolvedTicket, cut_off: str = "2026-12-31 00:00"
) -> Assessment:
    known = records(solved=solved, cut_off=instant(cut_off))
    return assess(obligation, known, policy(), NOVEMBER)


FIRST_CONTACT = an_obligation("first_contact_resolution", at_least=Fraction(7, 10))
REOPENED = an_obligation("reopened", at_most=Fraction(8, 100))


def test_one_contact_and_no_reopening_is_resolved_at_first_contact():
    found = of_solved(
        FIRST_CONTACT,
        a_solve(),
        a_solve(contacts=2),
        a_solve(contacts=3),
        a_solve(reopened="2026-11-17 10:00"),
        a_solve(reopened="2026-11-17 10:01"),
    )

    assert found.share == Fraction(2, 5)
    assert found.tally.details == {"more_contacts": 1, "reopened": 1, "two_contacts": 1}


def test_no_contact_no_customer_and_merged_tickets_are_no_first_contacts():
    found = of_solved(
        FIRST_CONTACT, a_solve(contacts=0), a_solve(by_end_user=False), a_solve(reason="merged")
    )

    assert found.n_decided == 0
    assert found.tally.details == {"no_contact": 1, "not_by_end_user": 1}
    assert found.tally.excluded_for == {"merged": 1}


@pytest.mark.parametrize(("cut_off", "not_due"), [("2026-11-17 10:00", 1), ("2026-11-17 10:01", 0)])
def test_inside_the_window_nothing_is_decided_that_can_still_be_lost(cut_off: str, not_due: int):
    found = of_solved(FIRST_CONTACT, a_solve(), a_solve(contacts=2), cut_off=cut_off)

    assert (found.tally.not_due, found.tally.breached) == (not_due, 1)


def test_reopened_is_the_share_of_solved_tickets_that_came_back_in_the_window():
    found = of_solved(
        REOPENED, a_solve(), a_solve(reopened="2026-11-12 10:00"), a_solve(contacts=0)
    )

    assert found.share == Fraction(1, 3)
    assert found.result == "missed"


def test_the_window_can_be_another_one():
    longer = an_obligation("reopened", at_most=Fraction(1), counting=Counting(window=30))

    assert of_solved(longer, a_solve(reopened="2026-12-10 10:00")).numerator == 1


def test_tickets_and_ratings_of_other_months_and_tickets_have_no_part():
    web = PathIs("channel", frozenset({"web"}))
    email = {"channel": "email"}
    reopened = an_obligation("reopened", at_most=Fraction(1), tickets=web)
    happy = an_obligation("satisfaction", tickets=web)
    ratings = [a_rating(at="2026-12-01 00:00", values={"channel": "web"}), a_rating(values=email)]

    assert of_solved(reopened, a_solve("2026-10-31 23:59"), a_solve(values=email)).n_decided == 0
    assert assess(happy, records(ratings=ratings), policy(), NOVEMBER).n_decided == 0


def test_only_given_ratings_count_and_neutral_is_not_good():
    scores = ["good", "good", "bad", "neutral", "unanswered"]
    known = records(ratings=[a_rating(score) for score in scores])
    found = assess(an_obligation("satisfaction"), known, policy(), NOVEMBER)

    assert found.share == Fraction(1, 2)
    assert found.tally.details == {"neutral": 1, "unanswered": 1}


@pytest.mark.parametrize(
    "known",
    [
        records(solved=[a_solve()], cut_off=instant("2026-12-31 00:00")),
        records(ratings=[a_rating()]),
        records(calls=[a_call(ticket_id="4711")]),
    ],
)
def test_approved_exceptions_hold_for_indicators_too(known: Records):
    approved = policy(an_exclusion(tickets=["4711"]))
    of = "reopened" if known.solved else "satisfaction" if known.ratings else "phone_abandoned"
    found = assess(an_obligation(of, excluding=("force_majeure",)), known, approved, NOVEMBER)

    assert (found.n_decided, found.tally.excluded) == (0, 1)


# Availability


def uptime(**more: Any) -> Obligation:
    return an_obligation("availability", outages="outages.csv", **more)


def of_outages(
    obligation: Obligation,
    *outages: Outage,
    cut_off: str = "2026-12-03 00:00",
    exclusions: Sequence[Exclusion] = (),
) -> Assessment:
    known = records(outages={"outages.csv": outages}, cut_off=instant(cut_off))
    return assess(obligation, known, policy(*exclusions), NOVEMBER)


def test_sixty_minutes_of_a_month_of_thirty_days_are_the_published_share():
    found = of_outages(uptime(counted="always"), an_outage("2026-11-10 10:00", "2026-11-10 11:00"))

    assert found.share == 1 - Fraction(60, 43_200)
    assert found.percent == "99.9"
    assert found.tally.breaches == 1


def test_overlapping_outages_count_once():
    found = of_outages(
        uptime(),
        an_outage("2026-11-10 10:00", "2026-11-10 11:00"),
        an_outage("2026-11-10 10:30", "2026-11-10 11:30"),
        an_outage("2026-11-10 11:30", "2026-11-10 12:00"),
        an_outage("2026-11-20 10:00", "2026-11-20 10:00"),
    )

    assert (found.tally.breached, found.tally.breaches) == (7200, 1)


def test_outages_and_agreed_time_are_cut_to_opening_hours():
    found = of_outages(
        uptime(counted="office"),
        an_outage("2026-11-10 16:00", "2026-11-11 10:00"),  # 16 to 17 and 9 to 10
        an_outage("2026-11-14 00:00", "2026-11-15 00:00"),  # a Saturday
    )

    assert found.n_decided == 21 * 8 * 3600
    assert (found.tally.breached, found.tally.breaches) == (7200, 1)


def test_planned_maintenance_is_neither_agreed_nor_lost():
    agreed = uptime(excluding=("planned_maintenance",))
    outage = an_outage("2026-11-14 20:00", "2026-11-14 23:00")
    found = of_outages(agreed, outage, exclusions=[NIGHT])

    assert found.n_decided == (30 * 24 - 8) * 3600
    assert found.tally.breached == 3600
    assert found.tally.details == {"planned_seconds": 8 * 3600}
    assert of_outages(uptime(), outage, exclusions=[NIGHT]).tally.breached == 3 * 3600


def test_an_outage_that_lasts_counts_up_to_the_cut_off():
    found = of_outages(uptime(), an_outage("2026-11-10 10:00", None), cut_off="2026-11-10 12:00")

    assert found.n_decided == (9 * 24 + 12) * 3600
    assert found.tally.breached == 7200


def test_before_the_period_nothing_is_agreed_yet():
    assert of_outages(uptime(), cut_off="2026-10-10 12:00").result == "nothing"


def test_a_minimum_of_tickets_says_nothing_about_seconds():
    assert of_outages(uptime(minimum_tickets=10**9)).result == "kept"


def test_availability_without_its_outages_or_its_calendar_is_not_concrete():
    with pytest.raises(NotConcrete, match="outages"):
        of_outages(an_obligation("availability"))
    with pytest.raises(NotConcrete, match="calendar"):
        of_outages(uptime(counted="by_market"))


def test_an_obligation_of_nothing_is_not_concrete():
    with pytest.raises(NotConcrete, match="what is measured"):
        of_rows(obligation=an_obligation(of=None))


# Whose


def test_a_row_counts_for_the_contract_or_the_organization_under_a_tier():
    assert a_row().party == a_row(tier="gold").party == Party("acme")
    assert a_row(customer=None, organization_id="7").party == Party(None, "premium", "7")
    assert a_row(customer=None, organization_id="7").party.name == "premium-7"
    assert a_row(customer=None).party is None
    assert a_row(customer=None, tier=None, organization_id="7").party is None


# Percentiles


@pytest.mark.parametrize(
    ("values", "share", "value"),
    [
        (range(1, 11), Fraction(1, 2), 5),
        (range(1, 11), Fraction(9, 10), 9),
        (range(1, 12), Fraction(9, 10), 10),
        ([7], Fraction(1, 2), 7),
        ([7], Fraction(9, 10), 7),
    ],
)
def test_percentiles_are_values_that_occurred(values: Iterable[int], share: Fraction, value: int):
    assert nearest_rank(list(values), share) == value


@pytest.mark.parametrize(("values", "share"), [([], Fraction(1, 2)), ([1], Fraction(0))])
def test_a_percentile_of_nothing_is_refused(values: list[int], share: Fraction):
    with pytest.raises(ValueError, match="percentile"):
        nearest_rank(values, share)


# Properties


states = st.lists(
    st.sampled_from(["met", "breached", "breached_open", "running", "paused", "cancelled"]),
    max_size=40,
)


def of_states(found: list[str], unit: str = "cycle") -> Assessment:
    cycles = [a_row(state=state, ticket_id=str(n % 7)) for n, state in enumerate(found)]
    return of_rows(*cycles, obligation=an_obligation(unit=unit))


@given(states, st.sampled_from(["cycle", "ticket"]))
def test_a_further_ticket_that_is_met_never_lowers_attainment(found: list[str], unit: str):
    cycles = [a_row(state=state, ticket_id=str(n % 7)) for n, state in enumerate(found)]
    obligation = an_obligation(unit=unit)
    before = of_rows(*cycles, obligation=obligation)
    after = of_rows(*cycles, a_row(ticket_id="new"), obligation=obligation)

    assert after.share is not None
    assert before.share is None or after.share >= before.share


@given(states)
def test_a_further_breach_never_raises_attainment(found: list[str]):
    before, after = of_states(found), of_states([*found, "breached"])

    assert after.share is not None
    assert before.share is None or after.share <= before.share


@given(states)
def test_every_cycle_is_counted_once(found: list[str]):
    one = of_states(found).tally

    assert one.n_decided + one.n_open + one.cancelled + one.excluded == len(found)


@given(st.lists(st.integers(0, 60 * 24 * 200), max_size=30))
def test_cycles_of_adjacent_periods_add_up_to_those_of_both(minutes: list[int]):
    start = instant("2026-09-01 00:00")
    cycles = [a_row((start + timedelta(minutes=minute)).isoformat()) for minute in minutes]
    first = period_named("calendar_month", "2026-09", "Europe/Amsterdam")
    periods = [first.preceding(), first]
    while periods[-1].until_at < instant("2027-05-01 00:00"):
        periods.append(periods[-1].following())
    counts = [
        assess(an_obligation(), records(cycles), policy(), (one.from_at, one.until_at)).n_decided
        for one in periods
    ]

    assert sum(counts) == len(cycles)
