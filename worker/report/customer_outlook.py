# SPDX-License-Identifier: GPL-3.0-or-later
"""What a customer's report says of what is still open, and of waits on the phone."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from rules.obligations import opening_hours
from rules.phone import waits
from rules.upcoming import upcoming
from worker.report.page import heading, table
from worker.reporting.evidence import OF_CALLS

if TYPE_CHECKING:
    from rules.phone import Waits
    from worker.reporting.customers import Account
    from worker.reporting.language import Language


def outlook(found: Account, language: Language) -> list[str]:
    """Open cycles by measure: overdue, due in this period and the next one, paused."""
    period, following = found.period, found.period.following()
    lines = upcoming(found.records.cycles, (period.until_at, following.until_at))
    if not lines:
        return []
    rows = [
        [
            language.name("measures", one.measure),
            *(language.number(n) for n in (one.overdue, one.this_period, one.next_period)),
            language.number(one.paused),
        ]
        for one in lines
    ]
    head = [
        language.say("outlook.measure_head"),
        language.say("outlook.overdue_head"),
        language.say("outlook.due_head", period=period.label),
        language.say("outlook.due_head", period=following.label),
        language.say("outlook.paused_head"),
    ]
    caption = language.say("outlook.caption")
    return [heading(language.say("outlook.title")), table(caption, head, rows)]


def phone_waits(found: Account, language: Language) -> list[str]:
    """How long answered callers waited, for each promise about calls."""
    rows = []
    for one in found.agreement.promised(found.period):
        if one.of in OF_CALLS:
            within = found.agreement.within(one, found.period)
            hours = opening_hours(one, found.agreement.policy)
            told = waits(one, found.records.calls, within, hours)
            rows.append([one.name, *wait_cells(told, language)])
    if not rows:
        return []
    head = [language.say("outlook.obligation_head"), *wait_heads(language)]
    caption = language.say("outlook.waits_caption")
    return [heading(language.say("outlook.waits")), table(caption, head, rows)]


def wait_heads(language: Language) -> list[str]:
    """The heads of the columns of `wait_cells`."""
    return [
        language.say("outlook.answered_head"),
        language.say("outlook.average_head"),
        language.say("outlook.ninth_head"),
        language.say("outlook.longest_head"),
    ]


def wait_cells(told: Waits, language: Language) -> list[str]:
    """How many were answered; the average wait, the 90th percentile and the longest."""
    if told.mean is None or told.p90 is None or told.longest is None:
        return [language.number(0), *[language.say("words.not_available")] * 3]
    mean = int(told.mean + Fraction(1, 2))
    return [
        language.number(told.n_answered),
        *(language.seconds(n) for n in (mean, told.p90, told.longest)),
    ]
