# SPDX-License-Identifier: GPL-3.0-or-later
"""What does not count for an obligation: approved exceptions, with who approved them and why."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.promises import Exclusion, Reason


class Exemption(msgspec.Struct, frozen=True, gc=False):
    """Why one case does not count.

    `by`, `approved_on` and `because` are None where the reason speaks for
    itself: merged, deleted, imported, before_enforce_from.
    """

    reason: str
    by: str | None = None
    approved_on: date | None = None
    because: str | None = None


Stretch = tuple[datetime, datetime]


class Exemptions:
    """The approved exceptions of a rule folder, as far as one obligation honours them.

    `excluding` is the obligation's list of reasons; None, where nothing was
    said, honours none. An exception that names tickets and a window holds for
    those tickets in that window.
    """

    def __init__(self, approved: Iterable[Exclusion], excluding: Iterable[Reason] | None) -> None:
        honoured = frozenset(excluding or ())
        self._windows: list[tuple[datetime, datetime, Exemption]] = []
        self._tickets: dict[str, list[tuple[datetime | None, datetime | None, Exemption]]] = {}
        for one in sorted(approved, key=lambda each: each.where):
            if one.reason in honoured:
                self._add(one)

    def _add(self, one: Exclusion) -> None:
        exemption = Exemption(one.reason, one.by, one.approved_on, one.because)
        for ticket_id in one.tickets:
            entry = (one.from_at, one.until_at, exemption)
            self._tickets.setdefault(ticket_id, []).append(entry)
        if not one.tickets and one.from_at is not None and one.until_at is not None:
            self._windows.append((one.from_at, one.until_at, exemption))

    def of(self, ticket_id: str | None, at: datetime | None) -> Exemption | None:
        """Why the case of a ticket that falls on `at` does not count; None where it does.

        `at` is None while it is not known; then only whole tickets are exempt.
        """
        if not self._tickets and not self._windows:
            return None
        for begin, end, exemption in self._tickets.get(ticket_id or "", ()):
            if begin is None or end is None or (at is not None and begin <= at < end):
                return exemption
        if at is not None:
            for begin, end, exemption in self._windows:
                if begin <= at < end:
                    return exemption
        return None

    @property
    def windows(self) -> tuple[Stretch, ...]:
        """The windows that are taken out of the time of an availability."""
        return tuple((begin, end) for begin, end, _ in self._windows)
