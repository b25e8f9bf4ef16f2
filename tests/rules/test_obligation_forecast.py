# SPDX-License-Identifier: GPL-3.0-or-later
"""How many more breaches miss a promise, and what they cost."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.credits import period_fee
from rules.evidence import Party
from rules.forecast import Forecast, forecast, seconds_left, warnings_due
from rules.obligations import Records, assessed
from rules.outlooks import PeriodOutlook, period_outlook
from rules.parties import agreement_of
from rules.periods import period_named
from rules.policy import EVERYTHING, Span
from rules.promises import ForecastWarning, Obligation
from rules.tallies import Tally
from tests.rules.builders import HERE, a_contract, a_policy, a_tier, instant
from tests.rules.promises_kept import (
    a_call,
    a_fee,
    an_obligation,
    an_outage,
    bands,
    consequence,
    records,
    rows,
)

FEE = period_fee(a_fee(), Fraction(1))


def warned(*numbers: int) -> tuple[ForecastWarning, ...]:
    return tuple(ForecastWarning(number, ("key_accounts",), HERE) for number in numbers)


def outlook(
    met: int,
    breached: int,
    not_due: int = 0,
    paused: int = 0,
    expected: int = 0,
    **more: object,
) -> Forecast:
    obligation = an_obligation(otherwise=consequence(), **more)
    found = Tally(met=met, breached=breached, breaches=breached, not_due=not_due, paused=paused)
    return forecast(obligation, assessed(obligation, found), FEE, "guarantee", expected)


def test_four_more_breaches_bring_a_customer_below_its_level():
    """94 of 97 so far and 43 open: 140 in all allow 7 breaches."""
    found = outlook(94, 3, not_due=40, paused=3)

    assert (found.outlook, found.breaches_left) == ("at_risk", 5)
    assert (found.now.amount, found.then.amount) == (0, 100)
    assert found.worst.amount == 300

    assert outlook(93, 4, not_due=43).breaches_left == 4


def test_what_is_lost_is_lost_even_if_all_the_rest_is_kept():
    found = outlook(80, 20, not_due=10)

    assert (found.outlook, found.breaches_left) == ("lost", 0)
    assert found.now.amount == found.then.amount == 200


def test_a_share_below_the_level_can_still_recover():
    found = outlook(9, 1, not_due=30)

    assert (found.outlook, found.breaches_left) == ("at_risk", 2)


def test_what_is_open_cannot_miss_it_but_further_tickets_could():
    found = outlook(100, 0, not_due=2)

    assert found.outlook == "safe"
    assert found.breaches_left == 6  # 6 of 106 are more than a twentieth, 5 of 105 just that
    assert outlook(95, 0).breaches_left == 6


@pytest.mark.parametrize(("n", "left"), [(19, None), (20, 2)])
def test_below_the_minimum_nothing_is_foretold(n: int, left: int | None):
    found = outlook(n, 0, minimum_tickets=20)

    assert found.breaches_left == left
    assert (found.outlook == "too_few") is (left is None)


def test_expected_tickets_make_room():
    assert outlook(10, 0, minimum_tickets=20, expected=30).breaches_left == 3


def test_nothing_known_is_nothing_foretold():
    assert (outlook(0, 0).outlook, outlook(0, 0).breaches_left) == ("nothing", None)
    assert outlook(5, 0, at_least=None).outlook == "no_level"
    assert outlook(5, 0, at_least=None).breaches_left is None


def test_a_level_of_everything_breaks_with_the_next_breach():
    assert outlook(50, 0, not_due=1, at_least=Fraction(1)).breaches_left == 1


def test_a_level_of_nothing_never_breaks():
    assert outlook(50, 0, not_due=1, at_least=Fraction(0)).breaches_left is None


def test_at_most_counts_the_misses():
    found = outlook(96, 4, of="phone_abandoned", at_most=Fraction(5, 100))

    assert found.breaches_left == 2  # 6 of 102 are more than a twentieth, 5 of 101 are not


def test_warnings_are_due_from_their_number_of_breaches_on():
    obligation = an_obligation(warn=warned(3, 5, 1), otherwise=consequence())
    found = outlook(93, 4, not_due=43)

    assert [each.more_breaches for each in warnings_due(obligation, found)] == [5]
    lost = outlook(80, 20)
    assert [each.more_breaches for each in warnings_due(obligation, lost)] == [3, 5, 1]
    assert warnings_due(obligation, outlook(0, 0)) == ()


def test_availability_is_foretold_in_seconds():
    obligation = an_obligation("availability", at_least=Fraction(99, 100))
    found = assessed(obligation, Tally(met=86_000, breached=400, breaches=1))

    assert seconds_left(found, 30 * 86_400) == 25_920 - 400
    assert seconds_left(found, 30_000) == 0
    unpromised = assessed(an_obligation("availability", at_least=None), Tally(met=1))
    assert seconds_left(unpromised, 30_000) is None
    with pytest.raises(ValueError, match="seconds"):
        forecast(obligation, found, FEE, "guarantee")


levels = st.fractions(0, 1, max_denominator=200)
counts = st.integers(0, 60)


def missed(obligation: Obligation, met: int, breached: int) -> bool:
    return assessed(obligation, Tally(met=met, breached=breached)).result == "missed"


@given(counts, counts, counts, levels)
def test_the_named_number_of_breaches_misses_it_and_one_fewer_does_not(
    met: int, breached: int, not_due: int, level: Fraction
):
    left = outlook(met, breached, not_due, at_least=level).breaches_left
    obligation = an_obligation(at_least=level)

    def after(breaches: int) -> bool:
        return missed(obligation, met + max(0, not_due - breaches), breached + breaches)

    if left is None:
        assert level == 0 or met + breached + not_due == 0
    else:
        assert after(left)
        assert left == 0 or not after(left - 1)


# A whole contract


def wait() -> Obligation:
    otherwise = replace(consequence(cap=2), credit=bands((90, 2)))
    return an_obligation(
        "phone_answer",
        name="phone_wait",
        within=Span("seconds", 180),
        at_least=Fraction(9, 10),
        otherwise=otherwise,
    )


def uptime() -> Obligation:
    otherwise = replace(consequence(), credit=bands((99, 10)))
    return an_obligation(
        "availability",
        name="portal",
        outages="outages.csv",
        at_least=Fraction(99, 100),
        otherwise=otherwise,
    )


def of_contract(found: Records, **more: object) -> PeriodOutlook:
    promised = {one.name: one for one in (an_obligation(otherwise=consequence()), wait(), uptime())}
    more.setdefault("fee", a_fee())
    contract = a_contract(
        "acme",
        EVERYTHING,
        "premium",
        obligations=tuple(promised),
        commitment="guarantee",
        **more,
    )
    policy = a_policy(a_tier("premium"), contracts=(contract,))
    policy.obligations.update(promised)
    agreement = agreement_of(Party("acme"), policy)
    assert agreement is not None
    return period_outlook(agreement, period_named("calendar_month", "2026-11", "UTC"), found)


def half_of_november(**more: object) -> Records:
    calls = [a_call(wait=300)] + [a_call(wait=20)] * 4
    return records(
        rows(93, 4, running=43), calls=calls, cut_off=instant("2026-11-16 00:00"), **more
    )


def test_a_contract_knows_what_is_lost_and_what_is_still_at_risk():
    found = of_contract(half_of_november())

    assert [line.obligation for line in found.lines] == ["promise", "phone_wait", "portal"]
    assert found.lines[0].forecast is not None
    assert found.lines[0].forecast.breaches_left == 4
    assert (found.owed, found.at_risk) == (Decimal("40.00"), Decimal("300.00"))
    assert found.currency == "EUR"


def test_what_is_at_risk_is_never_more_than_the_contracts_cap_leaves():
    found = of_contract(half_of_november(), cap=Fraction(5, 100))

    assert (found.owed, found.at_risk) == (Decimal("40.00"), Decimal("60.00"))


def test_an_outage_of_today_is_judged_against_the_whole_month():
    outage = an_outage("2026-11-15 00:00", "2026-11-15 04:00")
    found = of_contract(half_of_november(outages={"outages.csv": [outage]}))
    portal = found.lines[2]

    assert portal.forecast is None
    assert portal.assessment.n_decided == 30 * 86_400
    assert portal.seconds_left == 25_920 - 4 * 3600
    assert found.owed == Decimal("40.00")  # 4 of 720 hours are less than 1 %


def test_an_outage_that_lasts_has_cost_what_has_passed_of_it():
    outage = an_outage("2026-11-15 12:00", None)
    portal = of_contract(half_of_november(outages={"outages.csv": [outage]})).lines[2]

    assert portal.assessment.tally.breached == 12 * 3600
    assert portal.seconds_left == 0


def test_a_contract_without_a_fee_has_an_outlook_without_money():
    found = of_contract(half_of_november(), fee=None)

    assert (found.owed, found.at_risk, found.currency) == (0, 0, None)
