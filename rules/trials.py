# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that admins write: a ticket, its happenings, and what the rules should make of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rules.facts import Measure, Priority, Ticket
    from rules.policy import Where

NO_CUSTOMER = "none"
"""What a test expects of `customer` where no contract holds."""


@dataclass(frozen=True, slots=True)
class ExpectedCycle:
    """What a measure should come to; None is not compared, state `none` means no target."""

    where: Where
    state: str | None = None
    due_at: datetime | None = None
    breached_at: datetime | None = None
    fulfilled_at: datetime | None = None
    calendar: str | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One test. `ticket` carries its happenings.

    `zone` is that of the ticket's creation, in which expected and actual times
    are shown. `until` is None where the clock stops at the last instant named.
    `customer` is `NO_CUSTOMER` where no contract is to hold.
    `steps` is the complete list of expected steps, None where not compared.
    `places` holds where the values of keys stand, such as `expect.first_reply.due`.
    """

    name: str
    where: Where
    ticket: Ticket
    zone: str
    until: datetime | None = None
    tier: str | None = None
    customer: str | None = None
    priority: Priority | None = None
    cycles: Mapping[Measure, ExpectedCycle] = field(default_factory=dict)
    steps: tuple[str, ...] | None = None
    places: Mapping[str, Where] = field(default_factory=dict, compare=False, repr=False)
