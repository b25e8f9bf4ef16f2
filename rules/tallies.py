# SPDX-License-Identifier: GPL-3.0-or-later
"""What each case of a period counts as, and how many there are of each kind."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

import msgspec

from rules.exemptions import Exemption
from rules.populations import population

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from rules.evidence import CycleRow
    from rules.exemptions import Exemptions
    from rules.promises import Obligation

CountedAs = Literal["met", "breached", "not_due", "paused", "excluded", "cancelled", "left_out"]

_REPLIES = frozenset({"first_reply", "next_reply"})
_AS_TICKET: tuple[CountedAs, ...] = (
    "breached",
    "not_due",
    "met",
    "paused",
    "excluded",
    "cancelled",
)
"""What a ticket counts as: the first of these that one of its cycles does.

A paused cycle has no due yet, so it takes nothing from those that fall due in
this period; else a month would be decided anew when the pause ends.
"""


class NotConcrete(ValueError):
    """The obligation does not say enough to be counted."""


class Counted(msgspec.Struct, frozen=True, gc=False):
    """One case and what it counts as.

    `detail` says more where a report has a column for it (`without_reply`,
    `open_overdue`, `short_abandon`); `exemption` stands on excluded cases.
    """

    case: str
    counted_as: CountedAs
    detail: str | None = None
    exemption: Exemption | None = None


class Tally(msgspec.Struct, frozen=True):
    """How many cases count as what. Only `met` and `breached` are decided.

    `breaches` is the number of single misses, which differs from `breached`
    where that is time. `details` are parts of the other numbers, by name.
    """

    met: int = 0
    breached: int = 0
    not_due: int = 0
    paused: int = 0
    excluded: int = 0
    cancelled: int = 0
    left_out: int = 0
    breaches: int = 0
    details: dict[str, int] = {}
    excluded_for: dict[str, int] = {}

    @property
    def n_decided(self) -> int:
        """The denominator."""
        return self.met + self.breached

    @property
    def n_open(self) -> int:
        """What may still turn either way."""
        return self.not_due + self.paused


def tally(counted: Iterable[Counted]) -> Tally:
    """The numbers of all cases."""
    cases = list(counted)
    kinds = Counter(one.counted_as for one in cases)
    details = Counter(one.detail for one in cases if one.detail is not None)
    excluded_for = Counter(one.exemption.reason for one in cases if one.exemption is not None)
    return Tally(
        met=kinds["met"],
        breached=kinds["breached"],
        not_due=kinds["not_due"],
        paused=kinds["paused"],
        excluded=kinds["excluded"],
        cancelled=kinds["cancelled"],
        left_out=kinds["left_out"],
        breaches=kinds["breached"],
        details=dict(sorted(details.items())),
        excluded_for=dict(sorted(excluded_for.items())),
    )


def count_cycles(
    obligation: Obligation,
    rows: Iterable[CycleRow],
    within: tuple[datetime, datetime],
    exemptions: Exemptions,
) -> list[Counted]:
    """What the cycles that belong to a period count as.

    A cycle belongs to the period in which its due falls. What has none is
    shown but not counted: a paused cycle in every period since it started, a
    cancelled or excluded one in the period in which it started.

    Args:
        obligation: what is promised, of a measure.
        rows: verdicts of one customer, judged at the cut-off.
        within: the period, half-open.
        exemptions: the exceptions that the obligation honours.
    """
    is_meant, measure = population(obligation), obligation.of
    mine = [
        row for row in rows if row.measure == measure and _belongs(row, within) and is_meant(row)
    ]
    if obligation.unit == "ticket":
        return _by_ticket((row.ticket_id or "", _counted(row, exemptions)) for row in mine)
    return [_counted(row, exemptions) for row in mine]


def _belongs(row: CycleRow, within: tuple[datetime, datetime]) -> bool:
    begin, end = within
    if row.due_at is not None:
        return begin <= row.due_at < end
    if row.state == "paused":
        return row.started_at < end
    return begin <= row.started_at < end


def _counted(row: CycleRow, exemptions: Exemptions) -> Counted:
    case = f"{row.ticket_id}/{row.measure}/{row.cycle}"
    if row.state == "excluded":
        return Counted(case, "excluded", None, Exemption(row.reason or "excluded"))
    if row.state == "cancelled":
        return Counted(case, "cancelled")
    exemption = exemptions.of(row.ticket_id, row.due_at)
    if exemption is not None:
        return Counted(case, "excluded", None, exemption)
    if row.state == "met":
        without_reply = row.ended_by == "solved" and row.measure in _REPLIES
        return Counted(case, "met", "without_reply" if without_reply else None)
    if row.state in ("breached", "breached_open"):
        return Counted(case, "breached", "open_overdue" if row.state == "breached_open" else None)
    return Counted(case, "paused" if row.state == "paused" else "not_due")


def _by_ticket(found: Iterable[tuple[str, Counted]]) -> list[Counted]:
    """One case a ticket: breached when a cycle is, met when all that count are."""
    tickets: dict[str, list[Counted]] = {}
    for ticket_id, counted in found:
        tickets.setdefault(ticket_id, []).append(counted)
    return [_of_ticket(ticket_id, cycles) for ticket_id, cycles in tickets.items()]


def _of_ticket(ticket_id: str, cycles: list[Counted]) -> Counted:
    kind = min((one.counted_as for one in cycles), key=_AS_TICKET.index)
    alike = [one for one in cycles if one.counted_as == kind]
    detail = next((one.detail for one in alike if one.detail), None)
    return Counted(ticket_id, kind, detail, alike[0].exemption)
