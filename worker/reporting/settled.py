# SPDX-License-Identifier: GPL-3.0-or-later
"""Which time of a customer is settled for good: every statement over it is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.parties import agreement_of
from worker.store.purging import Settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from rules.policy import Policy
    from rules.statements import Statement

_Span = tuple["datetime", "datetime"]


def settled_time(policy: Policy, closed: Iterable[Statement]) -> list[Settled]:
    """The time up to the latest closed statement of each customer, without a gap.

    A customer with obligations over months and over quarters has settled what
    lies in closed statements of both.
    """
    statements: dict[str, list[Statement]] = {}
    for one in closed:
        statements.setdefault(one.party.name, []).append(one)
    found = []
    for own in statements.values():
        party = own[0].party
        agreement = agreement_of(party, policy)
        if agreement is None:
            continue
        kinds = {one.per for one in agreement.terms.obligations if one.per is not None}
        spans = [_unbroken([one for one in own if one.period == kind]) for kind in kinds]
        known = [span for span in spans if span is not None]
        if not known or len(known) < len(spans):
            continue
        begin, end = max(span[0] for span in known), min(span[1] for span in known)
        if begin < end:
            found.append(Settled(party, begin, end))
    return found


def _unbroken(own: Sequence[Statement]) -> _Span | None:
    """From the first to the end of the last of those that follow each other up to the latest."""
    ordered = sorted(own, key=lambda one: one.from_at, reverse=True)
    if not ordered:
        return None
    begin, end = ordered[0].from_at, ordered[0].until_at
    for earlier in ordered[1:]:
        if earlier.until_at != begin:
            break
        begin = earlier.from_at
    return begin, end
