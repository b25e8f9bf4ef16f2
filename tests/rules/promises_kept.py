# SPDX-License-Identifier: GPL-3.0-or-later
"""Builders of obligations, and of what they are counted from."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from rules.evidence import Call, CycleRow, Outage, Rating, SolvedTicket
from rules.obligations import Records
from rules.policy import EVERYTHING, Policy
from rules.promises import (
    Consequence,
    CreditBand,
    Exclusion,
    Fee,
    Obligation,
    PerBreach,
)
from tests.rules.builders import HERE, a_policy, a_tier, instant

NOVEMBER = (instant("2026-11-01 00:00"), instant("2026-12-01 00:00"))
CUT_OFF = instant("2026-12-03 00:00")


def an_obligation(of: str = "first_reply", **more: Any) -> Obligation:
    """95 % of the first replies a calendar month, for everything, nothing excluded."""
    if "at_most" not in more:
        more.setdefault("at_least", Fraction(95, 100))
    more.setdefault("tickets", EVERYTHING if of in ("first_reply", "next_reply") else None)
    more.setdefault("excluding", ())
    more.setdefault("per", "calendar_month")
    return Obligation(more.pop("name", "promise"), HERE, of=of, **more)


def bands(*levels: tuple[int, int], edge: str = "below") -> tuple[CreditBand, ...]:
    """Credit bands of percentages: (95, 5) is 5 % of the fee below 95 %."""
    return tuple(
        CreditBand(edge, Fraction(level, 100), Fraction(share, 100), HERE)
        for level, share in levels
    )


USUAL_BANDS = bands((95, 5), (90, 10), (80, 15))


def consequence(*, cap: int | None = 15, **more: Any) -> Consequence:
    """5, 10 and 15 % of the fee below 95, 90 and 80 %, at most `cap` percent."""
    more.setdefault("credit", () if "per_breach" in more else USUAL_BANDS)
    more.setdefault("settled", "next_invoice")
    return Consequence(cap=None if cap is None else Fraction(cap, 100), **more)


def per_breach(amount: str | None = None, percent: int | None = None) -> PerBreach:
    return PerBreach(
        None if percent is None else Fraction(percent, 100),
        None if amount is None else Decimal(amount),
    )


def a_fee(amount: str = "2000.00", currency: str = "EUR") -> Fee:
    return Fee(Decimal(amount), currency)


def a_row(due: str | None = "2026-11-23 14:00", state: str = "met", **more: Any) -> CycleRow:
    more.setdefault("ticket_id", "4711")
    more.setdefault("measure", "first_reply")
    more.setdefault("cycle", 1)
    more.setdefault("tier", "premium")
    more.setdefault("customer", "acme")
    more.setdefault("started_at", instant(more.pop("started", "2026-11-23 10:00")))
    return CycleRow(due_at=due and instant(due), state=state, **more)


def rows(met: int = 0, breached: int = 0, **states: int) -> list[CycleRow]:
    """So many rows of each state, each of a ticket of its own."""
    kinds = {"met": met, "breached": breached, **states}
    names = [state for state, n in kinds.items() for _ in range(n)]
    return [
        a_row(None if state == "paused" else "2026-11-23 14:00", state, ticket_id=str(number))
        for number, state in enumerate(names, 1)
    ]


def a_call(at: str = "2026-11-23 10:00", ended: str = "answered", wait: int = 0, **more: Any):
    more.setdefault("call_id", "1")
    return Call(at=instant(at), ended=ended, wait_seconds=wait, **more)


def a_solve(at: str = "2026-11-10 10:00", contacts: int = 1, **more: Any) -> SolvedTicket:
    reopened = more.pop("reopened", None)
    more.setdefault("ticket_id", "4711")
    reopened_at = reopened and instant(reopened)
    return SolvedTicket(solved_at=instant(at), contacts=contacts, reopened_at=reopened_at, **more)


def a_rating(score: str = "good", at: str = "2026-11-10 10:00", **more: Any) -> Rating:
    more.setdefault("ticket_id", "4711")
    return Rating(at=instant(at), score=score, **more)


def an_outage(from_: str, until: str | None, because: str = "power cut") -> Outage:
    return Outage(instant(from_), until and instant(until), because)


def an_exclusion(reason: str = "force_majeure", **more: Any) -> Exclusion:
    begin, end = more.pop("window", (None, None))
    return Exclusion(
        reason,
        "j.devries@example.com",
        instant("2026-11-03 00:00").date(),
        "Regional power cut",
        HERE,
        tickets=frozenset(more.pop("tickets", ())),
        from_at=begin and instant(begin),
        until_at=end and instant(end),
    )


def records(cycles: Any = (), **more: Any) -> Records:
    return Records(more.pop("cut_off", CUT_OFF), cycles, **more)


def policy(*exclusions: Exclusion, **more: Any) -> Policy:
    return a_policy(a_tier("premium"), exclusions=exclusions, **more)
