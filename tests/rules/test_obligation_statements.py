# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements: made from records, closed for ever, corrected only in the next one."""

import csv
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from io import StringIO
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.accounting import Agreement, Made, statement_of
from rules.canonical import canonical_json, read_canonical
from rules.corrections import corrections
from rules.evidence import CycleRow, Party
from rules.exhibits import exhibits
from rules.fingerprint import calendars_fingerprint
from rules.obligations import Records
from rules.periods import DatedPeriod, period_named
from rules.policy import EVERYTHING, Span
from rules.promises import BeyondCredit, Obligation
from rules.statements import (
    CannotClose,
    Statement,
    StatementAltered,
    close,
    seal,
    unseal,
)
from rules.terms import all_terms
from tests.rules.builders import a_contract, a_policy, a_tier, instant
from tests.rules.promises_kept import (
    NOVEMBER,
    a_call,
    a_fee,
    a_rating,
    a_row,
    a_solve,
    an_exclusion,
    an_obligation,
    an_outage,
    bands,
    consequence,
    records,
    rows,
)

ACME = Party("acme")
MADE = Made("0.1.0", "cursor-1")
CLOSED_AT = instant("2026-12-03 09:00")


def usual() -> list[Obligation]:
    wait = replace(consequence(cap=2), credit=bands((90, 2)))
    return [
        an_obligation(
            name="reply_95",
            otherwise=consequence(beyond_credit=BeyondCredit("excluded"), claim_days=15),
            excluding=("force_majeure",),
        ),
        an_obligation(
            "phone_answer",
            name="phone_wait",
            within=Span("seconds", 180),
            at_least=Fraction(9, 10),
            otherwise=wait,
        ),
        an_obligation("satisfaction", name="happy", per="quarter"),
    ]


def an_agreement(*obligations: Obligation, exclusions: Any = (), **more: Any) -> Agreement:
    promised = {one.name: one for one in obligations or usual()}
    more.setdefault("fee", a_fee())
    more.setdefault("commitment", "guarantee")
    more.setdefault("because", "Contract 2026-014")
    contract = a_contract("acme", EVERYTHING, "premium", obligations=tuple(promised), **more)
    policy = a_policy(a_tier("premium"), contracts=(contract,), exclusions=exclusions)
    policy = replace(policy, obligations=promised)
    terms = next(one for one in all_terms(policy) if one.contract)
    return Agreement(ACME, terms, policy)


def a_period(label: str = "2026-11", zone: str = "UTC") -> DatedPeriod:
    return period_named("calendar_month", label, zone)


def november(met: int = 128, breached: int = 9, **states: int) -> Records:
    late = [a_call(wait=300, call_id=str(n)) for n in range(2)]
    in_time = [a_call(wait=20, call_id=str(n)) for n in range(2, 10)]
    return records(rows(met, breached, **states), calls=[*late, *in_time])


def a_statement(found: Records | None = None, **more: Any) -> Statement:
    return statement_of(an_agreement(**more), a_period(), found or november(), MADE)


def closed(found: Records | None = None) -> Statement:
    return close(a_statement(found), CLOSED_AT)


def test_a_statement_has_a_line_for_each_obligation_of_its_kind_of_period():
    found = a_statement()

    assert [(one.obligation, one.numerator, one.n_decided) for one in found.lines] == [
        ("reply_95", 128, 137),
        ("phone_wait", 8, 10),
    ]
    assert [one.credit for one in found.lines] == [Decimal("100.00"), Decimal("40.00")]
    assert (found.total, found.balance) == (Decimal("140.00"), Decimal("140.00"))
    assert (found.ident, found.state, found.label) == ("acme-2026-11", "provisional", "2026-11")
    assert (found.from_at, found.until_at) == NOVEMBER


def test_a_line_says_all_that_the_contract_does():
    line = a_statement().lines[0]

    assert (line.of, line.edge, line.level) == ("first_reply", "at_least", Fraction(19, 20))
    assert (line.claim_days, line.settled, line.beyond_credit) == (15, "next_invoice", "excluded")
    assert line.counts["breaches"] == 9
    assert len(line.breached_cases) == 9
    assert line.breached_cases[0] == "129/first_reply/1"


def test_exclusions_stand_with_who_approved_them_and_why():
    found = a_statement(exclusions=(an_exclusion(tickets=["129"]),))
    excluded = found.lines[0].excluded

    assert [(one.case, one.reason, one.by) for one in excluded] == [
        ("129/first_reply/1", "force_majeure", "j.devries@example.com")
    ]
    assert found.lines[0].n_decided == 136


def test_a_quarter_has_a_statement_of_its_own_with_three_fees():
    quarter = period_named("quarter", "2026-Q4", "UTC")
    known = replace(november(), ratings=[a_rating()])
    found = statement_of(an_agreement(), quarter, known, MADE)

    assert [one.obligation for one in found.lines] == ["happy"]
    assert found.fee == 6000
    assert found.ident == "acme-2026-Q4"
    assert found.state == "open"


def test_the_contracts_cap_holds_over_all_lines():
    found = a_statement(cap=Fraction(5, 100))

    assert found.is_capped
    assert found.total == Decimal("100.00")
    assert [one.credit for one in found.lines] == [Decimal("71.43"), Decimal("28.57")]


def test_a_month_that_the_contract_cuts_costs_its_days():
    agreement = an_agreement(from_at=instant("2026-11-16 00:00"), partial="by_days")
    found = statement_of(agreement, a_period(), november(), MADE)

    assert found.fee == 1000
    assert found.lines[0].credit == Decimal("50.00")


def test_what_falls_due_after_a_contract_has_ended_still_has_its_line():
    agreement = an_agreement(until_at=instant("2026-11-01 00:00"), partial="by_days")
    line = statement_of(agreement, a_period(), november(), MADE).lines[0]

    assert (line.n_decided, line.because) == (137, "no_fee_in_period")


def test_calls_and_outages_count_only_while_the_contract_holds():
    uptime = an_obligation("availability", name="portal", outages="outages.csv")
    agreement = an_agreement(
        *usual(), uptime, until_at=instant("2026-11-21 00:00"), partial="by_days"
    )
    outages = {"outages.csv": [an_outage("2026-11-25 00:00", "2026-11-26 00:00")]}
    known = replace(november(), outages=outages)
    reply, phone, portal = statement_of(agreement, a_period(), known, MADE).lines

    assert reply.n_decided == 137  # due on the 23rd
    assert phone.n_decided == 0
    assert (portal.numerator, portal.n_decided) == (20 * 86_400, 20 * 86_400)


def test_customers_of_a_tier_have_statements_without_a_contract():
    policy = a_policy(a_tier("premium", obligations=("reply_95",), fee=a_fee("900.00")))
    policy = replace(policy, obligations={"reply_95": usual()[0]})
    agreement = Agreement(Party(None, "premium", "360001"), all_terms(policy)[0], policy)
    found = statement_of(agreement, a_period(), november(), MADE)

    assert agreement.zone == "UTC"
    assert found.ident == "premium-360001-2026-11"
    assert (found.contract, found.total) == (None, Decimal("45.00"))
    assert (found.tier, found.covers) == ("premium", ())


def test_a_contract_without_a_fee_has_numbers_and_no_money():
    found = a_statement(fee=None)

    assert found.lines[0].credit is None
    assert found.lines[0].because == "no_fee"
    assert (found.fee, found.currency) == (None, None)


def test_a_contracts_zone_is_that_of_its_periods():
    assert an_agreement(period_zone="Europe/Amsterdam").zone == "Europe/Amsterdam"


# Closing


def test_a_closed_statement_says_when_and_from_what():
    found = closed()

    assert (found.state, found.closed_at) == ("closed", CLOSED_AT)
    assert found.origin.cursor == "cursor-1"
    assert len(found.origin.policy) == len(found.origin.calendars) == 64
    assert set(found.origin.evidence) == {"cycles", "calls"}


@pytest.mark.parametrize(
    ("found", "at", "because"),
    [
        (november(), "2026-12-02 23:59", "can be closed from"),
        (records(cut_off=instant("2026-11-30 23:59")), "2026-12-03 09:00", "and what is known"),
        (
            november(running=1),
            "2026-12-03 09:00",
            "reply_95: 1 of the period's cases are not decided",
        ),
    ],
)
def test_a_statement_is_not_closed_before_everything_is_decided(
    found: Records, at: str, because: str
):
    with pytest.raises(CannotClose, match=because):
        close(a_statement(found), instant(at))


def test_what_is_paused_does_not_hold_a_statement_open():
    assert closed(november(paused=1)).lines[0].counts["paused"] == 1


def test_a_closed_statement_is_not_closed_again():
    with pytest.raises(CannotClose, match="corrections"):
        close(closed(), CLOSED_AT)


def test_the_same_records_give_the_same_bytes_in_any_order():
    first = november()
    second = replace(first, cycles=first.cycles[::-1], calls=first.calls[::-1])

    assert seal(closed(first)) == seal(closed(second))


def test_a_closed_statement_is_rendered_byte_for_byte_again():
    written = seal(closed())
    found = unseal(written)

    assert found.statement == closed()
    assert seal(found.statement) == written


def test_the_hash_is_that_of_the_statements_canonical_json():
    document = json.loads(seal(closed()))
    body = json.dumps(
        document["statement"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )

    assert sha256(body.encode()).hexdigest() == document["sha256"]


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"total":"140.00"', b'"total":"14.00"'), (b'"sha256":"', b'"sha256": "'), (b"{", b"[")],
)
def test_a_statement_that_was_changed_is_refused(old: bytes, new: bytes):
    with pytest.raises(StatementAltered):
        unseal(seal(closed()).replace(old, new))


def test_a_signed_statement_needs_its_key():
    written = seal(closed(), b"secret")

    assert unseal(written, b"secret").signature == unseal(written).signature
    with pytest.raises(StatementAltered, match="key"):
        unseal(written, b"another")
    with pytest.raises(StatementAltered, match="key"):
        unseal(seal(closed()), b"secret")


def test_an_open_statement_cannot_be_sealed():
    with pytest.raises(ValueError, match="not closed"):
        seal(a_statement())


def test_there_is_no_canonical_form_of_a_float():
    with pytest.raises(TypeError, match="float"):
        canonical_json(0.1)


def test_what_is_no_statement_is_not_read_as_one():
    with pytest.raises(ValueError, match="form"):
        read_canonical(b"{}", Statement)
    with pytest.raises(ValueError, match="Expecting"):
        read_canonical(b"nonsense", Statement)


# Corrections


def late_breach() -> Records:
    """One more breach became known after November was closed."""
    return november(128, 16)


def test_a_late_fact_becomes_a_correction_with_both_figures():
    (found,) = corrections(closed(), a_statement(late_breach()))

    assert (found.supersedes, found.obligation) == ("acme-2026-11", "reply_95")
    assert (found.before.n_decided, found.after.n_decided) == (137, 144)
    assert (found.before.credit, found.after.credit) == (Decimal("100.00"), Decimal("200.00"))
    assert found.amount == Decimal("100.00")


def test_nothing_new_corrects_nothing():
    assert corrections(closed(), a_statement()) == ()


def test_a_correction_can_take_back():
    (found,) = corrections(closed(), a_statement(november(136, 1)))

    assert found.amount == Decimal("-100.00")


def test_what_was_corrected_is_not_corrected_again():
    first = corrections(closed(), a_statement(late_breach()))

    assert corrections(closed(), a_statement(late_breach()), first) == ()
    (second,) = corrections(closed(), a_statement(november(136, 1)), first)
    assert second.amount == Decimal("-200.00")
    assert second.before == first[0].after


def test_corrections_of_other_statements_say_nothing_about_this_one():
    (other,) = corrections(closed(), a_statement(late_breach()))
    other = msgspec.structs.replace(other, supersedes="acme-2026-10")

    assert len(corrections(closed(), a_statement(late_breach()), [other])) == 1


def test_an_obligation_that_came_later_is_corrected_from_nothing():
    before = statement_of(an_agreement(usual()[0]), a_period(), november(), MADE)
    (found,) = corrections(close(before, CLOSED_AT), a_statement())

    assert (found.obligation, found.before.n_decided) == ("phone_wait", 0)
    assert found.amount == Decimal("40.00")


def test_statements_of_different_months_do_not_correct_each_other():
    december = statement_of(an_agreement(), a_period("2026-12"), november(), MADE)

    with pytest.raises(ValueError, match="acme-2026-12"):
        corrections(closed(), december)


def test_corrections_stand_in_the_next_statement_and_change_its_balance_only():
    corrected = corrections(closed(), a_statement(late_breach()))
    december = statement_of(an_agreement(), a_period("2026-12"), records(), MADE, corrected)

    assert december.total == 0
    assert december.balance == Decimal("100.00")
    assert december.corrections == corrected


# The tables behind a statement


def test_every_table_that_was_counted_is_named_by_the_hash_of_its_bytes():
    found = closed()
    texts = exhibits(november(), {"first_reply", "phone_answer"}, [NOVEMBER])

    hashes = {name: sha256(text.encode()).hexdigest() for name, text in texts.items()}
    assert found.origin.evidence == hashes


def test_tables_hold_what_is_in_the_period_and_nothing_else():
    known = Records(
        instant("2026-12-03 00:00"),
        cycles=[a_row(), a_row("2026-12-01 00:00"), a_row(None, "paused", ticket_id="5")],
        calls=[a_call(), a_call("2026-12-01 00:00")],
        solved=[a_solve(), a_solve("2026-10-01 00:00")],
        ratings=[a_rating(), a_rating(at="2026-12-24 00:00")],
        outages={"outages.csv": [an_outage("2026-11-01 00:00", None, "=cmd")]},
    )
    kinds = {"first_reply", "phone_answer", "reopened", "satisfaction", "availability"}
    texts = exhibits(known, kinds, [NOVEMBER])

    assert {name: len(text.splitlines()) - 1 for name, text in texts.items()} == {
        "cycles": 2,
        "calls": 1,
        "solved": 1,
        "ratings": 1,
        "outages": 1,
    }
    assert texts["outages"] == "from,until,because\n2026-11-01T00:00:00Z,,'=cmd\n"


def test_the_values_that_obligations_read_have_columns_of_their_own():
    row = a_row(values={"channel": "email", "tags": ("vip", "late")}, ended_by="reply")
    (found,) = csv.DictReader(
        StringIO(exhibits(records([row]), {"first_reply"}, [NOVEMBER])["cycles"])
    )

    assert (found["channel"], found["tags"]) == ("email", "vip late")
    assert (found["due_at"], found["state"], found["ended_by"]) == (
        "2026-11-23T14:00:00Z",
        "met",
        "reply",
    )


def test_calendars_have_a_hash_of_their_own():
    policy = an_agreement().policy
    other = replace(policy, settings=replace(policy.settings, at_risk=Fraction(1, 2)))

    assert calendars_fingerprint(policy) == calendars_fingerprint(other)
    assert calendars_fingerprint(policy) != calendars_fingerprint(a_policy(calendars=()))


# Properties

dues = st.integers(0, 150 * 24 * 60)


def of_minutes(minutes: list[int]) -> list[CycleRow]:
    start = instant("2026-09-01 00:00")
    return [
        a_row((start + timedelta(minutes=each)).isoformat(), ticket_id=str(number))
        for number, each in enumerate(minutes)
    ]


@given(
    st.lists(dues, max_size=25), st.sampled_from(["UTC", "Europe/Amsterdam", "America/New_York"])
)
def test_statements_of_adjacent_periods_count_everything_once(minutes: list[int], zone: str):
    known = records(of_minutes(minutes), cut_off=instant("2027-06-01 00:00"))
    agreement = an_agreement(usual()[0], period_zone=zone)
    statements = [statement_of(agreement, a_period("2026-08", zone), known, MADE)]
    period = a_period("2026-08", zone)
    while period.until_at < instant("2027-03-01 00:00"):
        period = period.following()
        statements.append(statement_of(agreement, period, known, MADE))

    assert sum(one.lines[0].n_decided for one in statements) == len(minutes)
    for one, following in pairwise(statements):
        assert one.until_at == following.from_at


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 5))
def test_any_closed_statement_survives_being_written_and_read(met: int, breached: int, out: int):
    written = seal(closed(november(met, breached, excluded=out)))

    assert seal(unseal(written).statement) == written
