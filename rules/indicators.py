# SPDX-License-Identifier: GPL-3.0-or-later
"""How solved tickets and ratings count: first contact, reopenings, satisfaction."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from rules.exemptions import Exemption
from rules.populations import population
from rules.tallies import Counted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from rules.evidence import Rating, SolvedTicket
    from rules.exemptions import Exemptions
    from rules.promises import Obligation

WINDOW_DAYS = 7
"""Days after the solve in which a reopening counts, where `counting.window` says nothing."""


def count_solved(
    obligation: Obligation,
    solved: Iterable[SolvedTicket],
    within: tuple[datetime, datetime],
    exemptions: Exemptions,
    cut_off: datetime,
) -> list[Counted]:
    """What the tickets whose first solve falls in a period count as.

    For `first_contact_resolution` met is one contact and no reopening within
    the window; for `reopened` no reopening within it. A ticket whose window
    is not over at the cut-off is not decided, unless it is lost already.

    Args:
        obligation: what is promised.
        solved: solved tickets of one customer.
        within: the period, half-open.
        exemptions: the exceptions that the obligation honours.
        cut_off: up to when everything is known, its own second included.
    """
    is_meant = population(obligation)
    window = timedelta(days=obligation.counting.window or WINDOW_DAYS)
    begin, end = within
    found = []
    for one in solved:
        if not begin <= one.solved_at < end or not is_meant(one):
            continue
        exempt = (
            Exemption(one.reason) if one.reason else exemptions.of(one.ticket_id, one.solved_at)
        )
        case = one.ticket_id or ""
        if exempt is not None:
            found.append(Counted(case, "excluded", None, exempt))
        elif obligation.of == "reopened":
            found.append(_reopening(one, case, window, cut_off))
        else:
            found.append(_first_contact(one, case, window, cut_off))
    return found


def _reopening(one: SolvedTicket, case: str, window: timedelta, cut_off: datetime) -> Counted:
    if one.reopened_at is not None and one.reopened_at <= one.solved_at + window:
        return Counted(case, "breached")
    return Counted(case, "met" if one.solved_at + window < cut_off else "not_due")


def _first_contact(one: SolvedTicket, case: str, window: timedelta, cut_off: datetime) -> Counted:
    reopening = _reopening(one, case, window, cut_off)
    is_reopened = reopening.counted_as == "breached"
    contacts = one.contacts if one.by_end_user else None
    kind = first_contact_of(
        contacts, is_reopened=is_reopened, is_over=reopening.counted_as == "met"
    )
    why = None
    if kind == "left_out":
        why = "no_contact" if one.by_end_user else "not_by_end_user"
    elif kind == "breached":
        many = "two_contacts" if one.contacts == 2 else "more_contacts"
        why = "reopened" if is_reopened else many
    return Counted(case, kind, why)


def first_contact_of(
    contacts: int | None, *, is_reopened: bool, is_over: bool
) -> Literal["met", "breached", "not_due", "left_out"]:
    """What a solved ticket counts as: met is one contact and no reopening within the window.

    Args:
        contacts: before the solve; None where no end user asked.
        is_reopened: within the window.
        is_over: the window is over at the cut-off.
    """
    if not contacts:
        return "left_out"
    if is_reopened or contacts > 1:
        return "breached"
    return "met" if is_over else "not_due"


def count_ratings(
    obligation: Obligation,
    ratings: Iterable[Rating],
    within: tuple[datetime, datetime],
    exemptions: Exemptions,
) -> list[Counted]:
    """What the ratings given in a period count as: neutral ones are not good."""
    is_meant = population(obligation)
    begin, end = within
    found = []
    for rating in ratings:
        if not begin <= rating.at < end or not is_meant(rating):
            continue
        case = rating.ticket_id or ""
        exempt = exemptions.of(rating.ticket_id, rating.at)
        if exempt is not None:
            found.append(Counted(case, "excluded", None, exempt))
        elif rating.score == "unanswered":
            found.append(Counted(case, "left_out", "unanswered"))
        else:
            neutral = "neutral" if rating.score == "neutral" else None
            found.append(Counted(case, "met" if rating.score == "good" else "breached", neutral))
    return found
