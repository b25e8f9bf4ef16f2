# SPDX-License-Identifier: GPL-3.0-or-later
"""What a missed obligation costs, to the cent, and how that is shown."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.credits import (
    Credit,
    PeriodFee,
    Settlement,
    claimable_until,
    credit,
    period_fee,
    settle,
)
from rules.money import rounded, rounded_to_total
from rules.obligations import Assessment, assess, assessed
from rules.promises import Consequence, Fee, Obligation
from rules.tallies import Tally
from tests.rules.builders import instant
from tests.rules.promises_kept import (
    NOVEMBER,
    a_call,
    a_fee,
    an_obligation,
    bands,
    consequence,
    per_breach,
    policy,
    records,
)
from tests.rules.recomputing import recomputed


def counted(obligation: Obligation, met: int, breached: int) -> Assessment:
    return assessed(obligation, Tally(met=met, breached=breached, breaches=breached))


def fee(amount: str = "2000.00", months: Fraction = Fraction(1), currency: str = "EUR"):
    return period_fee(a_fee(amount, currency), months)


def owed(
    met: int,
    breached: int,
    otherwise: Consequence | None = None,
    of_fee: PeriodFee | None = None,
    **more: object,
) -> Credit:
    obligation = an_obligation(otherwise=otherwise or consequence(), **more)
    return credit(obligation, counted(obligation, met, breached), of_fee or fee(), "guarantee")


def line(one: Credit, of_fee: PeriodFee | None = None, cap: Fraction | None = None) -> Decimal:
    return settle([one], of_fee or fee(), cap).lines[0].amount


@pytest.mark.parametrize(
    ("met", "of", "amount"),
    [
        (128, 137, "100.00"),
        (19, 20, "0.00"),
        (18, 20, "100.00"),  # 90 % is not below 90 %
        (17, 20, "200.00"),
        (16, 20, "200.00"),
        (15, 20, "300.00"),
        (949, 1000, "100.00"),
        (0, 20, "300.00"),
        (20, 20, "0.00"),
    ],
)
def test_of_all_bands_that_apply_the_worst_counts(met: int, of: int, amount: str):
    assert line(owed(met, of - met)) == Decimal(amount)


def test_the_half_cent_is_rounded_up_once_at_the_end():
    of_fee = fee("1999.90")
    one = owed(128, 9, of_fee=of_fee)

    assert one.amount == Fraction("99.995")
    assert line(one, of_fee) == Decimal("100.00")


def test_a_month_cut_to_sixteen_days_costs_its_part_of_the_fee():
    of_fee = fee(months=Fraction(16, 31))
    one = owed(128, 9, of_fee=of_fee)

    assert rounded(of_fee.amount, "EUR") == Decimal("1032.26")
    assert line(one, of_fee) == Decimal("51.61")


def test_a_quarter_has_three_fees():
    of_fee = fee(months=Fraction(3))

    assert line(owed(128, 9, of_fee=of_fee), of_fee) == Decimal("300.00")


def test_a_promise_of_at_most_costs_above_it():
    otherwise = Consequence(credit=bands((5, 2), (10, 4), edge="above"), cap=Fraction(1))
    obligation = an_obligation("phone_abandoned", at_most=Fraction(5, 100), otherwise=otherwise)

    def amount(n_abandoned: int) -> Decimal:
        calls = [a_call(ended="abandoned")] * n_abandoned + [a_call()] * (100 - n_abandoned)
        found = assess(obligation, records(calls=calls), policy(), NOVEMBER)
        return line(credit(obligation, found, fee(), "guarantee"))

    assert [amount(n) for n in (5, 6, 10, 11)] == [
        Decimal(each) for each in ("0.00", "40.00", "40.00", "80.00")
    ]


@pytest.mark.parametrize(
    ("size", "breached", "cap", "amount"),
    [
        (per_breach("50.00"), 7, None, "350.00"),
        (per_breach("50.00"), 7, 10, "200.00"),
        (per_breach("50.00"), 0, 10, "0.00"),
        (per_breach(percent=1), 7, None, "140.00"),
        (per_breach(percent=1), 7, 5, "100.00"),
        (per_breach("0.10"), 3, None, "0.30"),
        (per_breach("3000.00"), 1, None, "2000.00"),  # never more than the fee
    ],
)
def test_a_credit_per_breach_is_their_number_times_its_size(
    size: object, breached: int, cap: int | None, amount: str
):
    otherwise = consequence(per_breach=size, cap=cap)

    assert line(owed(10, breached, otherwise)) == Decimal(amount)


def test_a_breach_has_its_price_also_where_the_level_is_kept():
    one = owed(99, 1, consequence(per_breach=per_breach("50.00")))

    assert (one.amount, one.because) == (50, "owed")


def test_too_few_to_judge_owe_no_share_but_the_price_of_each_breach():
    few = owed(5, 5, minimum_tickets=20)
    each = owed(5, 5, consequence(per_breach=per_breach("10.00")), minimum_tickets=20)

    assert (few.amount, few.because) == (0, "too_few")
    assert (each.amount, each.because) == (50, "owed")


@pytest.mark.parametrize(
    ("one", "because"),
    [
        (owed(0, 0), "nothing_counted"),
        (owed(0, 0, consequence(per_breach=per_breach("10.00"))), "nothing_counted"),
        (owed(1, 0, consequence(per_breach=per_breach("10.00"))), "no_breach"),
        (owed(20, 0), "kept"),
        (owed(0, 20, Consequence()), "no_consequence"),
        (owed(0, 20, at_least=None), "no_level"),
        (owed(0, 20, of_fee=fee(months=Fraction(0))), "no_fee_in_period"),
    ],
)
def test_nothing_is_owed_and_that_has_a_reason(one: Credit, because: str):
    assert (one.amount, one.because, one.steps) == (0, because, ())


def test_best_effort_and_no_fee_owe_nothing():
    obligation = an_obligation(otherwise=consequence())
    found = counted(obligation, 0, 20)

    assert credit(obligation, found, fee(), "best_effort").because == "best_effort"
    assert credit(obligation, found, None, "guarantee").because == "no_fee"
    assert credit(an_obligation(), found, fee(), "guarantee").because == "no_consequence"


def test_the_obligations_own_cap_comes_first():
    one = owed(0, 20, consequence(cap=12))

    assert (one.amount, one.is_capped) == (240, True)
    assert [step.name for step in one.steps] == ["fee", "band", "cap"]


# Several obligations of one contract


def a_credit(amount: str, name: str = "promise") -> Credit:
    return Credit(name, Fraction(amount), "owed")


def test_what_exceeds_the_contracts_cap_is_taken_from_all_in_proportion():
    each = [a_credit("500"), a_credit("100"), a_credit("0"), a_credit("200")]
    found = settle(each, fee(), Fraction(30, 100))

    assert [one.amount for one in found.lines] == [
        Decimal(each) for each in ("375.00", "75.00", "0.00", "150.00")
    ]
    assert (found.total, found.is_capped) == (Decimal("600.00"), True)


def test_the_largest_remainder_gets_the_last_cent():
    found = settle([a_credit("100"), a_credit("100"), a_credit("100")], fee(), Fraction(1, 20))

    assert [one.amount for one in found.lines] == [
        Decimal(each) for each in ("33.34", "33.33", "33.33")
    ]
    assert found.total == Decimal("100.00")


def test_roundings_do_not_lift_the_credits_above_the_cap():
    of_fee = fee("0.02")
    found = settle([a_credit("0.005"), a_credit("0.005"), a_credit("0.005")], of_fee, None)

    assert [one.amount for one in found.lines] == [
        Decimal(each) for each in ("0.01", "0.01", "0.00")
    ]
    assert not found.is_capped


def test_credits_are_never_more_than_the_fee_whatever_the_cap_says():
    assert settle([a_credit("3000")], fee(), Fraction(3)).total == Decimal("2000.00")
    assert settle([a_credit("3000")], fee(), None).total == Decimal("2000.00")


@pytest.mark.parametrize(
    ("currency", "amount"), [("EUR", "33.33"), ("JPY", "33"), ("KWD", "33.333")]
)
def test_amounts_are_rounded_to_the_currencys_smallest_unit(currency: str, amount: str):
    of_fee = fee("1000", currency=currency)

    assert settle([a_credit("33.3333")], of_fee, None).total == Decimal(amount)


def test_without_a_fee_there_is_nothing_to_settle():
    found = settle([a_credit("0")], None, None)

    assert (found.total, found.lines[0].amount) == (0, 0)


@pytest.mark.parametrize(
    ("amount", "written"),
    [("0.005", "0.01"), ("0.0049", "0.00"), ("2.675", "2.68"), ("-0.005", "-0.01")],
)
def test_half_a_cent_goes_away_from_zero(amount: str, written: str):
    assert rounded(Fraction(amount), "EUR") == Decimal(written)


def test_an_unknown_currency_and_a_total_of_something_else_are_refused():
    with pytest.raises(ValueError, match="XXX"):
        rounded(Fraction(1), "XXX")
    with pytest.raises(ValueError, match="total"):
        rounded_to_total([Fraction(1)], Decimal("3.00"), "EUR", [Decimal(3)])


def test_a_cent_that_is_missing_goes_to_a_line_that_may_take_it():
    amounts = [Fraction("0.003"), Fraction("0.004"), Fraction("0.003")]
    most = [Decimal("0.01"), Decimal("0.00"), Decimal("0.01")]
    cents = rounded_to_total(amounts, Decimal("0.01"), "EUR", most)
    assert cents == (Decimal("0.01"), Decimal("0.00"), Decimal("0.00"))


# Claims


def test_a_claim_can_be_made_for_days_after_the_statement_is_closed():
    otherwise = consequence(claim_days=15)
    closed_at = instant("2026-12-03 23:30")  # 4 December in Amsterdam

    assert claimable_until(otherwise, closed_at, "Europe/Amsterdam") == date(2026, 12, 19)
    assert claimable_until(otherwise, closed_at, "UTC") == date(2026, 12, 18)
    assert claimable_until(consequence(), closed_at, "UTC") is None


# The calculation as it is shown


def test_the_calculation_is_shown_with_the_numbers_in_it():
    of_fee = fee(months=Fraction(16, 31))
    found = settle([owed(128, 9, of_fee=of_fee)], of_fee, None).lines[0]

    assert [(step.name, step.formula) for step in found.steps] == [
        ("fee", "2000.00 * 16/31"),
        ("band", "1/20 * 32000/31"),
        ("rounded", "round(1600/31, 2)"),
    ]
    assert found.steps[-1].result == Fraction(found.amount)


amounts = st.decimals(0, 5000, places=2)
shares = st.fractions(0, 1, max_denominator=400)
consequences = st.one_of(
    st.builds(lambda cap: consequence(cap=cap), st.one_of(st.none(), st.integers(1, 100))),
    st.builds(
        lambda cap, amount: consequence(per_breach=per_breach(str(amount)), cap=cap),
        st.one_of(st.none(), st.integers(1, 100)),
        st.decimals("0.01", 500, places=2),
    ),
    st.builds(
        lambda percent: consequence(per_breach=per_breach(percent=percent)), st.integers(1, 50)
    ),
)
missed = st.tuples(st.integers(0, 40), st.integers(0, 40), consequences)


def settled(
    cases: list[tuple[int, int, Consequence]],
    amount: Decimal,
    months: Fraction,
    cap: Fraction | None,
) -> tuple[Settlement, PeriodFee]:
    of_fee = period_fee(Fee(amount, "EUR"), months)
    each = []
    for number, (met, breached, otherwise) in enumerate(cases):
        obligation = an_obligation(otherwise=otherwise, name=f"promise_{number}")
        found = counted(obligation, met, breached)
        each.append(credit(obligation, found, of_fee, "guarantee"))
    return settle(each, of_fee, cap), of_fee


@given(st.lists(missed, max_size=6), amounts, shares, st.one_of(st.none(), shares))
def test_caps_hold_and_lines_add_up(
    cases: list[tuple[int, int, Consequence]],
    amount: Decimal,
    months: Fraction,
    cap: Fraction | None,
):
    found, of_fee = settled(cases, amount, months, cap)

    assert found.total == sum(one.amount for one in found.lines)
    assert found.total <= rounded(of_fee.amount * (1 if cap is None else cap), "EUR")
    assert found.total <= rounded(of_fee.amount, "EUR")
    for one, (_, _, otherwise) in zip(found.lines, cases, strict=True):
        own = 1 if otherwise.cap is None else otherwise.cap
        assert 0 <= one.amount <= rounded(of_fee.amount * own, "EUR")


@given(st.lists(missed, max_size=6), amounts, shares, st.one_of(st.none(), shares))
def test_every_step_can_be_recomputed_from_what_it_shows(
    cases: list[tuple[int, int, Consequence]],
    amount: Decimal,
    months: Fraction,
    cap: Fraction | None,
):
    found, _ = settled(cases, amount, months, cap)

    for one in found.lines:
        for step in one.steps:
            assert recomputed(step.formula) == step.result, step
        if one.steps:
            assert one.steps[-1].result == Fraction(one.amount)


@given(st.integers(0, 60), st.integers(0, 60), consequences)
def test_a_further_breach_never_costs_less(met: int, breached: int, otherwise: Consequence):
    assert owed(met, breached + 1, otherwise).amount >= owed(met, breached, otherwise).amount


@given(st.integers(0, 60), st.integers(0, 60), consequences)
def test_a_further_kept_promise_never_costs_more(met: int, breached: int, otherwise: Consequence):
    assert owed(met + 1, breached, otherwise).amount <= owed(met, breached, otherwise).amount
