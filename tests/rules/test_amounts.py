# SPDX-License-Identifier: GPL-3.0-or-later
"""Amounts and other numbers written as people write them: what was meant is proposed."""

import pytest

from rules.format.base import FormError
from rules.format.forms import amount
from rules.money import plain_amount
from rules.source_hints import cut_number


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2.000,00", "2000.00"),
        ("2 000,00", "2000.00"),
        ("1.234.567,5", "1234567.5"),
        ("900,00", "900.00"),
        ("900,-", "900.00"),
        ("2,000.00", "2000.00"),
        ("2,000", "2000"),
        ("2'000.00", "2000.00"),
        ("2_000", "2000"),
        ("1.234.567", "1234567"),
        ("50,x", ""),
        ("2.00,00", ""),
        ("", ""),
    ],
)
def test_an_amount_with_separators_is_proposed_without_them(written: str, meant: str):
    assert plain_amount(written) == meant


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        ("2.000,00", "is not an amount", 'write "2000.00"'),
        ("a lot", "is not an amount", 'write it like "2000.00"'),
        ("-5", "cannot be negative", ""),
        ("9" * 13, "is too large: at most 999999999999", ""),
        ("1.00000", "has more than four decimals", ""),
    ],
)
def test_a_refused_amount_is_told_why(written: str, message: str, hint: str):
    with pytest.raises(FormError) as refused:
        amount(written)

    assert refused.value.code == "STP037"
    assert refused.value.message.endswith(message)
    assert refused.value.hint == hint


@pytest.mark.parametrize(
    ("line", "key", "hint"),
    [
        ("fee: {amount: 2.000,00, currency: EUR}", "00,", 'write amount: "2000.00"'),
        ("fee: {amount: 2,000.00}", "000.00", 'write amount: "2000.00"'),
        ("{below: 99,5%, share_of_fee: 5%}", "5%,", 'write below: "99.5%"'),
        ("{share_of_fee: 5%, below: 99,5%}", "5%}", 'write below: "99.5%"'),
    ],
)
def test_a_number_that_braces_cut_at_its_comma_is_proposed_whole(line: str, key: str, hint: str):
    told = cut_number(line, line.index(f",{key}") + 2)

    assert told is not None
    assert told[0].startswith("has no value: in { }")
    assert told[1] == hint


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("fee: {amount: 2000, currency: , per: month}", "currency"),
        ("fee: {amount: 2000,currency: }", "currency"),
        ("because:", "because"),
        ("{a: 1.000.00, 00}", "00}"),
    ],
)
def test_a_key_that_is_no_rest_of_a_number_is_left_to_other_hints(line: str, key: str):
    assert cut_number(line, line.index(key) + 1) is None
