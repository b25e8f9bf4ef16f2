# SPDX-License-Identifier: GPL-3.0-or-later
"""For which tickets an obligation is: the values its `tickets` reads, and whether they fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.evidence import CycleRow
from rules.select import compile_condition, condition_paths, organization_reader, reader
from rules.timeline import seconds_of, timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from rules.evidence import Evidence
    from rules.facts import Happening, Ticket, Value
    from rules.policy import Policy
    from rules.promises import Obligation

OWN_OF_ROW = frozenset({"tier", "priority"})
"""Paths that a verdict row answers itself: as they were when the target was applied."""


def paths_of(policy: Policy) -> frozenset[str]:
    """The match paths that the obligations of a policy read of a ticket."""
    found: set[str] = set()
    for obligation in policy.obligations.values():
        if obligation.tickets is not None:
            found |= condition_paths(obligation.tickets)
    return frozenset(found - {"tier"})


def values_of(ticket: Ticket, paths: Iterable[str], now: datetime) -> Mapping[str, Value]:
    """The values at these paths as known at `now`, after all changes up to then."""
    wanted = set(paths)
    values = {path: reader(path)(ticket) for path in sorted(wanted)}
    for update in timeline(ticket, seconds_of(now)).updates:
        for change in update.changes:
            values |= _changed(change, wanted)
    return values


def _changed(change: Happening, wanted: set[str]) -> dict[str, Value]:
    if change.kind == "organization":
        paths = {path for path in wanted if path.startswith("organization.")}
        return {path: organization_reader(path)(change.organization) for path in paths}
    if change.field in wanted and change.field is not None:
        return {change.field: change.to}
    return {}


def population(obligation: Obligation) -> Callable[[Evidence], bool]:
    """A function that says whether a piece of evidence is of the obligation's tickets.

    Without `tickets` everything is.
    """
    if obligation.tickets is None:
        return lambda _: True
    holds = compile_condition(obligation.tickets)
    read = condition_paths(obligation.tickets)
    if not read & OWN_OF_ROW:
        return lambda one: holds(one.values)
    return lambda one: holds({**one.values, **_own_of(one)})


def _own_of(one: Evidence) -> dict[str, Value]:
    if isinstance(one, CycleRow):
        return {"tier": one.tier, "priority": one.priority}
    return {"tier": one.tier}
