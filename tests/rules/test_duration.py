# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations, shares and step moments: what is read, what is refused, what is written."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.duration import (
    AMBIGUOUS_DAY,
    BARE_NUMBER,
    MAX_DAYS,
    MAX_HOURS,
    WRONG_FORM,
    DurationError,
    format_moment,
    format_running,
    format_share,
    format_span,
    parse_moment,
    parse_running,
    parse_share,
    parse_span,
)
from rules.policy import Span, StepMoment

FULL_WIDTH_24H = "\uff12\uff14h"


@pytest.mark.parametrize(
    ("text", "unit", "amount"),
    [
        ("24h", "seconds", 86_400),
        ("2h30m", "seconds", 9_000),
        ("150m", "seconds", 9_000),
        ("90s", "seconds", 90),
        ("1h1s", "seconds", 3_601),
        ("0h30m", "seconds", 1_800),
        ("3 working days", "working_days", 3),
        ("1 working day", "working_days", 1),
        ("1 working days", "working_days", 1),
        ("30 calendar days", "calendar_days", 30),
        (f"{MAX_HOURS}h", "seconds", MAX_HOURS * 3600),
        (f"{MAX_DAYS} calendar days", "calendar_days", MAX_DAYS),
    ],
)
def test_durations_are_read(text: str, unit: str, amount: int):
    assert parse_span(text) == Span(unit, amount)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        pytest.param("24", BARE_NUMBER, "24 what? 24h or 24m", id="bare number"),
        pytest.param("1.5", BARE_NUMBER, "1.5 what?", id="bare decimal number"),
        pytest.param("9" * 5000, BARE_NUMBER, "what?", id="5,000 digits"),
        pytest.param("1d", AMBIGUOUS_DAY, "24h, 1 working day or 1 calendar day", id="1d"),
        pytest.param("3 days", AMBIGUOUS_DAY, "72h, 3 working days or 3", id="3 days"),
        pytest.param("2w", AMBIGUOUS_DAY, "336h, 10 working days or 14 calendar", id="2w"),
        pytest.param("24H", WRONG_FORM, 'did you mean "24h"?', id="capital"),
        pytest.param("24 hours", WRONG_FORM, 'did you mean "24h"?', id="word"),
        pytest.param("2h 30m", WRONG_FORM, 'did you mean "2h30m"?', id="blank"),
        pytest.param("30 mins", WRONG_FORM, 'did you mean "30m"?', id="mins"),
        pytest.param("8u", WRONG_FORM, 'did you mean "8h"?', id="u"),
        pytest.param("8 uur", WRONG_FORM, 'did you mean "8h"?', id="uur"),
        pytest.param("2 working hours", WRONG_FORM, 'write "2h"; the target', id="working hours"),
        pytest.param("2 business hours", WRONG_FORM, '"counted: <calendar>"', id="business hours"),
        pytest.param("30 Office Minutes", WRONG_FORM, 'write "30m"', id="office minutes"),
        pytest.param("2 working weeks", WRONG_FORM, "write it as", id="working weeks"),
        pytest.param("5 business days", WRONG_FORM, 'mean "5 working days"?', id="business"),
        pytest.param("5workdays", WRONG_FORM, 'did you mean "5 working days"?', id="workdays"),
        pytest.param("5  Calendar Days", WRONG_FORM, '"5 calendar days"?', id="capital days"),
        pytest.param("24h\n", WRONG_FORM, '"24h\\n" is not a duration', id="final newline"),
        pytest.param("30m2h", WRONG_FORM, "write it as", id="wrong order"),
        pytest.param("1h1h", WRONG_FORM, "write it as", id="unit twice"),
        pytest.param(FULL_WIDTH_24H, WRONG_FORM, "is not a duration", id="full-width digits"),
        pytest.param("1_000h", WRONG_FORM, "is not a duration", id="underscore"),
        pytest.param("-3h", WRONG_FORM, '"-3h" cannot be negative', id="negative"),
        pytest.param("-3 days ago", WRONG_FORM, "is not a duration", id="negative and more"),
        pytest.param("1.5h", WRONG_FORM, "is not a duration", id="decimal"),
        pytest.param("h", WRONG_FORM, "is not a duration", id="unit alone"),
        pytest.param("", WRONG_FORM, "is not a duration", id="nothing"),
        pytest.param("soon", WRONG_FORM, '"24h", "2h30m"', id="a word"),
        pytest.param("0h", WRONG_FORM, "no time at all", id="zero"),
        pytest.param("0 working days", WRONG_FORM, "no time at all", id="zero days"),
        pytest.param(f"{MAX_HOURS}h1s", WRONG_FORM, "is too long: at most 87600h", id="too long"),
        pytest.param("99999 working days", WRONG_FORM, "at most 3660 working days", id="too many"),
        pytest.param("999999 calendar days", WRONG_FORM, "most 3660 calendar", id="far too many"),
        pytest.param("9" * 200 + "h", WRONG_FORM, "is too long: at most", id="200 digits"),
    ],
)
def test_other_durations_are_refused_with_what_was_meant(text: str, code: str, words: str):
    with pytest.raises(DurationError) as refused:
        parse_span(text)
    assert refused.value.code == code
    assert words in str(refused.value)
    assert len(str(refused.value)) < 200
    assert str(refused.value).isprintable()


def test_the_length_of_an_open_day_can_be_named_among_the_readings():
    with pytest.raises(DurationError) as refused:
        parse_span("1d", running_day="8h (Monday's hours of office_nl)")
    assert refused.value.hint == (
        "write 24h, 8h (Monday's hours of office_nl), 1 working day or 1 calendar day"
    )


def test_a_running_time_takes_no_days():
    assert parse_running("4h") == 14_400
    with pytest.raises(DurationError) as refused:
        parse_running("3 working days")
    assert refused.value.code == WRONG_FORM
    with pytest.raises(DurationError) as refused:
        parse_running("1d")
    assert refused.value.code == AMBIGUOUS_DAY
    assert "only hours, minutes and seconds" in refused.value.hint


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(86_400, "24h"), (9_000, "2h30m"), (90, "1m30s"), (3_601, "1h1s"), (0, "0s"), (59, "59s")],
)
def test_running_times_have_one_form(seconds: int, text: str):
    assert format_running(seconds) == text


def test_a_negative_running_time_has_no_form():
    with pytest.raises(ValueError, match="negative"):
        format_running(-1)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("75%", Fraction(3, 4)),
        ("100%", Fraction(1)),
        ("99.5%", Fraction(199, 200)),
        ("99.95%", Fraction(1999, 2000)),
        ("0.1%", Fraction(1, 1000)),
        ("0%", Fraction(0)),
        ("150%", Fraction(3, 2)),
        ("075%", Fraction(3, 4)),
    ],
)
def test_percentages_are_exact_shares(text: str, share: Fraction):
    assert parse_share(text) == share


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("75", BARE_NUMBER, "75 what? 75%"),
        ("0,5", BARE_NUMBER, "0,5 what? 0.5%"),
        ("75 %", WRONG_FORM, "is not a percentage"),
        ("7\uff15%", WRONG_FORM, "is not a percentage"),
        ("1e2%", WRONG_FORM, "is not a percentage"),
        ("-5%", WRONG_FORM, "is not a percentage"),
        ("75%\n", WRONG_FORM, "is not a percentage"),
        ("NaN%", WRONG_FORM, "is not a percentage"),
        ("1000%", WRONG_FORM, "is not a percentage"),
        ("%", WRONG_FORM, "write it as 75%"),
    ],
)
def test_other_percentages_are_refused(text: str, code: str, words: str):
    with pytest.raises(DurationError) as refused:
        parse_share(text)
    assert refused.value.code == code
    assert words in str(refused.value)


@pytest.mark.parametrize("share", [Fraction(1, 3), Fraction(-1, 2), Fraction(1, 10_000_000)])
def test_a_share_that_is_no_short_percentage_has_no_form(share: Fraction):
    with pytest.raises(ValueError, match="not a percentage"):
        format_share(share)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("75%", StepMoment("share", "75%", share=Fraction(3, 4))),
        ("1%", StepMoment("share", "1%", share=Fraction(1, 100))),
        ("100%", StepMoment("share", "100%", share=Fraction(1))),
        ("1h before", StepMoment("before", "1h before", seconds=3_600)),
        ("60m before", StepMoment("before", "1h before", seconds=3_600)),
        ("due", StepMoment("due", "due")),
        ("2h30m after", StepMoment("after", "2h30m after", seconds=9_000)),
    ],
)
def test_moments_of_steps_are_read_into_one_form(text: str, moment: StepMoment):
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("0%", WRONG_FORM, "not between 1% and 100%"),
        ("0.5%", WRONG_FORM, "not between 1% and 100%"),
        ("101%", WRONG_FORM, '"2h after"'),
        ("75 %", WRONG_FORM, "is not a percentage"),
        ("5", BARE_NUMBER, "5 what?"),
        ("1d before", AMBIGUOUS_DAY, "only hours, minutes and seconds"),
        ("3 working days before", WRONG_FORM, "only hours, minutes and seconds"),
        ("0h before", WRONG_FORM, "no time at all"),
        ("1h  before", WRONG_FORM, "is not a duration"),
        ("1h before ", WRONG_FORM, "is not a moment of a step"),
        ("Due", WRONG_FORM, "is not a moment of a step"),
        ("before", WRONG_FORM, '"1h before", "due"'),
        ("", WRONG_FORM, "is not a moment of a step"),
    ],
)
def test_other_moments_are_refused(text: str, code: str, words: str):
    with pytest.raises(DurationError) as refused:
        parse_moment(text)
    assert refused.value.code == code
    assert words in str(refused.value)


running_spans = st.builds(Span, st.just("seconds"), st.integers(1, MAX_HOURS * 3600))
day_spans = st.builds(
    Span, st.sampled_from(["working_days", "calendar_days"]), st.integers(1, MAX_DAYS)
)


@given(st.one_of(running_spans, day_spans))
def test_a_span_that_was_written_reads_as_itself(span: Span):
    assert parse_span(format_span(span)) == span


@given(st.integers(0, 9_999_999).map(lambda number: Fraction(number, 1_000_000)))
def test_a_share_that_was_written_reads_as_itself(share: Fraction):
    assert parse_share(format_share(share)) == share


@given(
    st.one_of(
        st.just("due"),
        st.integers(1, 100).map(lambda percent: f"{percent}%"),
        st.integers(1, 10**6).map(lambda seconds: f"{seconds}s before"),
        st.integers(1, 10**6).map(lambda seconds: f"{seconds}s after"),
    )
)
def test_a_moment_that_was_written_reads_as_itself(text: str):
    moment = parse_moment(text)
    assert format_moment(moment) == moment.label
    assert parse_moment(moment.label) == moment


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_and_nothing_else(text: str):
    for parse in (parse_span, parse_running, parse_share, parse_moment):
        refusal = None
        try:
            parse(text)
        except DurationError as refused:
            refusal = refused
        assert refusal is None or refusal.code in (WRONG_FORM, BARE_NUMBER, AMBIGUOUS_DAY)
        assert refusal is None or refusal.message.isprintable()
