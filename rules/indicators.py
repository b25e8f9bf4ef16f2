# SPDX-License-Identifier: GPL-3.0-or-later
"""How solved tickets and ratings count: first contact, reopenings, satisfaction."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

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
    if not one.by_end_user:
        return Counted(case, "left_out", "not_by_end_user")
    if one.contacts == 0:
        return Counted(case, "left_out", "no_contact")
    reopening = _reopening(one, case, window, cut_off)
    if reopening.counted_as == "breached":
        return Counted(case, "breached", "reopened")
    if one.contacts > 1:
        return Counted(case, "breached", "two_contacts" if one.contacts == 2 else "more_contacts")
    return reopening


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
