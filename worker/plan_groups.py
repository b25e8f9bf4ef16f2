# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan in sentences: how many tickets get what, and because of which line of the rules."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.changes import FieldChange
    from worker.planning import PlannedTicket

_DATES = {"sla_due_at": "due date", "due_at": "due date of the task"}
_FOLLOWERS = frozenset({"sla_due_date", "sla_target", "sla_detail"})
"""Fields that only repeat in another form what another field says."""

_NOTHING = {
    "no_organization": "no organization is known",
    "no_tier": "no tier matches",
    "no_target": "the tier has no target that fits",
    "excluded": "an exclusion holds",
}


@dataclass(frozen=True, slots=True)
class Group:
    """Tickets to which the same happens because of the same rule.

    `because` is a place in the rules ("tiers.yaml:31 first_reply"), or why
    nothing applies.
    """

    field: str
    what: str
    because: str
    tickets: tuple[str, ...]

    def sentence(self) -> str:
        """Such as "12 tickets get a later due date because of tiers.yaml:31 (first_reply)"."""
        n = len(self.tickets)
        place, _, rest = self.because.partition(" ")
        if ":" in place:
            reason = f"of {place} ({rest})" if rest else f"of {place}"
        else:
            reason = _NOTHING.get(self.because, self.because)
        verb, _, rest_of_it = self.what.partition(" ")
        if n == 1:
            told = f"1 ticket {_SINGULAR[verb]} {rest_of_it}".replace(" their ", " its ")
        else:
            told = f"{n} tickets {self.what}"
        return f"{told} because {reason}"

    def to_json(self) -> dict[str, object]:
        """One object with stable keys."""
        return {
            "field": self.field,
            "what": self.what,
            "because": self.because,
            "count": len(self.tickets),
            "tickets": list(self.tickets),
        }


_SINGULAR = {"get": "gets", "lose": "loses", "move": "moves", "leave": "leaves", "show": "shows"}
_SINGULAR |= {"go": "goes"}


def groups(planned: Iterable[PlannedTicket]) -> tuple[Group, ...]:
    """The groups of a plan: due dates first, states last, the largest of each kind first."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for one in planned:
        for change in one.changes:
            if change.field not in _FOLLOWERS:
                key = (change.field, _what(change), change.because)
                found[key].append(one.ticket_id)
    made = [Group(*key, tuple(dict.fromkeys(idents))) for key, idents in found.items()]
    return tuple(sorted(made, key=_rank))


_FIRST = ("sla_due_at", "due_at", "priority", "sla_tier", "group", "assignee", "tags", "sla_state")


def _rank(group: Group) -> tuple[int, int, str, str]:
    return _FIRST.index(group.field), -len(group.tickets), group.because, group.what


def movement(change: FieldChange) -> str:
    """How an instant moves: new, removed, later or earlier."""
    if change.old is None:
        return "new"
    if change.new is None:
        return "removed"
    return "later" if change.new > change.old else "earlier"


def _what(change: FieldChange) -> str:
    if change.field in _DATES:
        noun = _DATES[change.field]
        return {
            "new": f"get a {noun}",
            "removed": f"lose their {noun}",
            "later": f"get a later {noun}",
            "earlier": f"get an earlier {noun}",
        }[movement(change)]
    if change.field == "sla_tier":
        return f"leave the tier {change.old}" if change.new is None else _tier(change)
    if change.field == "sla_state":
        return f"show the state {change.new}"
    if change.field == "tags":
        return f"get the tag {change.new}"
    if change.field == "group":
        return f"go to the group {change.new}"
    return f"get the {change.field} {change.new}"


def _tier(change: FieldChange) -> str:
    return f"get the tier {change.new}" if change.old is None else f"move to the tier {change.new}"
