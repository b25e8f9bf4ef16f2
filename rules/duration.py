# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations, shares and step moments: what an admin writes, and back.

| written | read as |
|---|---|
| `24h`, `2h30m`, `90s` | running seconds |
| `3 working days`, `30 calendar days` | days of their own kind |
| `75%`, `99.5%` | a share |
| `75%`, `1h before`, `due`, `2h after` | the moment of an escalation step |

Writing gives one canonical form for each value (`150m` becomes `2h30m`), and
reading that form gives the value again. A mistake is a `DurationError` with
the code, the message and the hint that an admin is shown.
"""

from __future__ import annotations

import re
from fractions import Fraction

from rules.policy import Span, StepMoment

WRONG_FORM = "STP022"
BARE_NUMBER = "STP023"
AMBIGUOUS_DAY = "STP024"

# A promise of more than ten years is a slip of the keyboard; the limit also
# keeps every deadline within the years that calendars count.
MAX_HOURS = 87_600
MAX_DAYS = 3_660

_MAX_LENGTH = 60
_MOST_DIGITS = 12
_RUNNING = re.compile(r"(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")
_DAYS = re.compile(r"([0-9]+) (working|calendar) days?")
_PERCENT = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,4}))?%")
_OFFSET = re.compile(r"(.+) (before|after)")
_BARE = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
_PLAIN_DAYS = re.compile(r"([0-9]{1,5}) ?(?:d|days?)", re.IGNORECASE)
_PLAIN_WEEKS = re.compile(r"([0-9]{1,4}) ?(?:w|weeks?)", re.IGNORECASE)
_SLIPS = (
    (re.compile(r"business\s*days?|work(?:ing)?[\s_-]*days?|workdays?"), "working days"),
    (re.compile(r"calendar[\s_-]*days?"), "calendar days"),
    (re.compile(r"hours?|hrs?"), "h"),
    (re.compile(r"minutes?|mins?"), "m"),
    (re.compile(r"seconds?|secs?"), "s"),
    (re.compile(r"(?<=[0-9\s])u(?:ur|ren)?(?![a-z])"), "h"),
)
_OPEN_TIME = re.compile(r"([0-9]+)[\s_-]*(?:working|business|work|office|open|opening)[\s_-]+(\S+)")


class DurationError(ValueError):
    """What was written is no duration, share or moment of the format.

    `code` is the code of the problem to report, `hint` what to write instead.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        self.code = code
        self.message = message
        self.hint = hint
        super().__init__(f"{message}; {hint}" if hint else message)


def parse_span(text: str, *, running_day: str = "") -> Span:
    """The duration of a promise: running time, working days or calendar days.

    Args:
        text: what stands at `within`.
        running_day: how long an open day is, for the hint on a bare `1d`, such
            as `8h (Monday's hours of office_nl)`.

    Raises:
        DurationError: another form, a bare number, a bare `d`, nothing, too long.
    """
    found = _DAYS.fullmatch(text)
    if found is None:
        return Span("seconds", _running(text, running_day))
    amount = _count(found[1])
    if amount == 0:
        raise DurationError(WRONG_FORM, f'"{_shown(text)}" is no time at all')
    if amount > MAX_DAYS:
        raise _too_long(text, f"{MAX_DAYS} {found[2]} days")
    return Span("working_days" if found[2] == "working" else "calendar_days", amount)


def format_span(span: Span) -> str:
    """The canonical form of a span: `2h30m`, `1 working day`, `30 calendar days`."""
    if span.unit == "seconds":
        return format_running(span.amount)
    kind = "working" if span.unit == "working_days" else "calendar"
    return f"{span.amount} {kind} day{'s' if span.amount != 1 else ''}"


def parse_running(text: str) -> int:
    """Seconds of a running time such as `4h`, `2h30m` or `90s`; never 0.

    Raises:
        DurationError: as `parse_span`; days of either kind are another form here.
    """
    if _DAYS.fullmatch(text) or _PLAIN_DAYS.fullmatch(text):
        raise DurationError(
            AMBIGUOUS_DAY if _PLAIN_DAYS.fullmatch(text) else WRONG_FORM,
            f'"{text}" is not a running time',
            'here only hours, minutes and seconds, such as "4h"',
        )
    return _running(text, "")


def format_running(seconds: int) -> str:
    """The canonical form of running seconds: the largest units first, none that is 0.

    Raises:
        ValueError: `seconds` is negative.
    """
    if seconds < 0:
        raise ValueError("a running time is never negative")
    parts = ((seconds // 3600, "h"), (seconds % 3600 // 60, "m"), (seconds % 60, "s"))
    return "".join(f"{amount}{unit}" for amount, unit in parts if amount) or "0s"


def parse_share(text: str) -> Fraction:
    """The share of a percentage, exactly: `99.5%` is 199/200. May exceed 1.

    Raises:
        DurationError: another form, a number without `%`.
    """
    found = _PERCENT.fullmatch(text)
    if found:
        decimals = found[2] or ""
        return Fraction(int(found[1] + decimals), 100 * 10 ** len(decimals))
    if _BARE.fullmatch(text):
        raise DurationError(BARE_NUMBER, f"{_shown(text)} what? {_percent_of(text)}")
    raise DurationError(WRONG_FORM, f'"{_shown(text)}" is not a percentage', "write it as 75%")


def format_share(share: Fraction) -> str:
    """The percentage of a share, at most four decimals, none that says nothing.

    Raises:
        ValueError: the share has no such form.
    """
    tenthousandths = share * 100 * 10_000
    if tenthousandths.denominator != 1 or share < 0:
        raise ValueError(f"{share} is not a percentage of at most four decimals")
    whole, decimals = divmod(tenthousandths.numerator, 10_000)
    return f"{whole}.{decimals:04}".rstrip("0").rstrip(".") + "%"


def parse_moment(text: str) -> StepMoment:
    """When a step fires: `1%` to `100%`, `due`, or a running time before or after it.

    The label of the moment is the canonical form, so that `60m before` and
    `1h before` are one step.

    Raises:
        DurationError: another form, a share out of range, an offset of nothing.
    """
    if text == "due":
        return StepMoment("due", "due")
    if "%" in text:
        return _share_moment(text)
    found = _OFFSET.fullmatch(text)
    if found:
        seconds = parse_running(found[1])
        label = f"{format_running(seconds)} {found[2]}"
        return StepMoment("before" if found[2] == "before" else "after", label, seconds=seconds)
    raise _moment_error(text)


def format_moment(moment: StepMoment) -> str:
    """The canonical form of a moment, which is also its label."""
    if moment.kind == "due":
        return "due"
    if moment.kind == "share":
        return format_share(moment.share)
    return f"{format_running(moment.seconds)} {moment.kind}"


def _running(text: str, running_day: str) -> int:
    found = _RUNNING.fullmatch(text) if text else None
    if found is None:
        raise _span_error(text, running_day)
    hours, minutes, seconds = (_count(part or "0") for part in found.groups())
    amount = hours * 3600 + minutes * 60 + seconds
    if amount == 0:
        raise DurationError(WRONG_FORM, f'"{_shown(text)}" is no time at all')
    if amount > MAX_HOURS * 3600:
        raise _too_long(text, f"{MAX_HOURS}h")
    return amount


def _count(digits: str) -> int:
    """A number of any length; what is cut off a long one leaves it beyond every limit."""
    return int(digits.lstrip("0")[:_MOST_DIGITS] or "0")


def _too_long(text: str, most: str) -> DurationError:
    return DurationError(WRONG_FORM, f'"{_shown(text)}" is too long: at most {most} (ten years)')


def _share_moment(text: str) -> StepMoment:
    share = parse_share(text)
    if not Fraction(1, 100) <= share <= 1:
        raise DurationError(
            WRONG_FORM,
            f'"{text}" is not between 1% and 100%',
            'a step past the deadline is written as "2h after"',
        )
    return StepMoment("share", format_share(share), share=share)


def _moment_error(text: str) -> DurationError:
    hint = 'a step is at "75%", "1h before", "due" or "2h after"'
    if _BARE.fullmatch(text):
        return DurationError(BARE_NUMBER, f"{_shown(text)} what?", hint)
    return DurationError(WRONG_FORM, f'"{_shown(text)}" is not a moment of a step', hint)


def _span_error(text: str, running_day: str) -> DurationError:
    """Say what was probably meant."""
    shown = _shown(text)
    if _BARE.fullmatch(text):
        return DurationError(BARE_NUMBER, f"{shown} what? {_running_of(text)}")
    if text.startswith("-") and _meant(text[1:]):
        hint = f'did you mean "{_meant(text[1:])}"?'
        return DurationError(WRONG_FORM, f'"{shown}" cannot be negative', hint)
    days = _PLAIN_DAYS.fullmatch(text)
    if days:
        message = f'"{shown}" can be read in several ways'
        return DurationError(AMBIGUOUS_DAY, message, day_readings(int(days[1]), running_day))
    weeks = _PLAIN_WEEKS.fullmatch(text)
    if weeks:
        message = f'"{shown}" can be read in several ways'
        return DurationError(AMBIGUOUS_DAY, message, week_readings(int(weeks[1])))
    return DurationError(WRONG_FORM, f'"{shown}" is not a duration', _form_hint(text))


def _form_hint(text: str) -> str:
    """The form that was probably meant, else the forms that there are."""
    meant = _meant(text)
    if meant:
        return f'did you mean "{meant}"?'
    found = _OPEN_TIME.fullmatch(text[:_MAX_LENGTH].strip().lower())
    open_time = _meant(f"{found[1]} {found[2]}") if found else ""
    if open_time:
        return f'write "{open_time}"; the target\'s "counted: <calendar>" says which hours count'
    return 'write it as "24h", "2h30m", "3 working days" or "30 calendar days"'


def day_readings(days: int, running_day: str = "") -> str:
    """What `1d` could mean, as a hint; `running_day` as for `parse_span`."""
    readings = [f"{24 * days}h"]
    if running_day:
        readings.append(running_day)
    readings += [format_span(Span("working_days", days)), format_span(Span("calendar_days", days))]
    return "write " + ", ".join(readings[:-1]) + f" or {readings[-1]}"


def week_readings(weeks: int) -> str:
    """What `2 weeks` could mean, as a hint."""
    return (
        f"write {168 * weeks}h, {format_span(Span('working_days', 5 * weeks))}"
        f" or {format_span(Span('calendar_days', 7 * weeks))}"
    )


def _running_of(number: str) -> str:
    if re.fullmatch(r"[0-9]{1,6}", number):
        return f"{number}h or {number}m"
    return "Write it as 2h30m"


def _percent_of(number: str) -> str:
    percent = number.replace(",", ".") + "%"
    return percent if _PERCENT.fullmatch(percent) else "Write it as 75%"


def _meant(text: str) -> str:
    """The right form of a common slip (`24 Hours`, `8u`, `5 business days`), or nothing."""
    guess = text[:_MAX_LENGTH].strip().lower()
    for slip, right in _SLIPS:
        guess = slip.sub(right, guess)
    if "days" in guess:
        guess = re.sub(r"([0-9])\s*([a-z])", r"\1 \2", guess)
    else:
        guess = re.sub(r"\s+", "", guess)
    if _DAYS.fullmatch(guess) or (guess and _RUNNING.fullmatch(guess)):
        return guess
    return ""


def _shown(text: str) -> str:
    """The text on one line, cut where it would flood a message."""
    line = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text[:_MAX_LENGTH])
    return line if len(text) <= _MAX_LENGTH else f"{line}..."
