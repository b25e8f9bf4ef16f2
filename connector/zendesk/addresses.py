# SPDX-License-Identifier: GPL-3.0-or-later
"""E-mail addresses of those who are told: asked for when needed, kept for a while in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from connector.base import Refused
from connector.zendesk.directory import MOST_IDS
from connector.zendesk.errors import Forbidden

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from connector.zendesk.directory import Directory
    from connector.zendesk.wire import UserRow

_FRESH_FOR: Final = timedelta(minutes=10)
_STAFF: Final = frozenset({"agent", "light_agent", "admin"})


class Addresses:
    """Addresses of agents and of groups' members.

    A storm of messages goes to the same few people: each address is looked up
    once in ten minutes, and people who are known to be agents a hundred at a
    time. No address leaves this process's memory.
    """

    def __init__(self, directory: Directory, now: Callable[[], datetime]) -> None:
        self._directory = directory
        self._now = now
        self._people: dict[str, tuple[str, ...]] = {}
        self._members: dict[str, tuple[str, ...]] = {}
        self._since: datetime | None = None

    def of(self, kind: str, ident: str) -> tuple[str, ...]:
        """Addresses of an agent (by id), or of a group's members (by id or name).

        Raises:
            Refused: the token may not read people or memberships. Everything
                else that it does goes on.
        """
        self._forget_old()
        try:
            return self._person(ident) if kind == "assignee" else self._group(ident)
        except Forbidden as fault:
            raise Refused(f"addresses of people may not be read ({fault})") from None

    def _forget_old(self) -> None:
        now = self._now()
        if self._since is None or now - self._since >= _FRESH_FOR:
            self._people, self._members, self._since = {}, {}, now

    def _person(self, ident: str) -> tuple[str, ...]:
        if not ident.isdigit():
            return ()
        if ident not in self._people:
            self._look_up([ident, *self._other_staff(ident)])
        return self._people[ident]

    def _other_staff(self, ident: str) -> Sequence[str]:
        """Agents who may be asked for next."""
        people = self._directory.names.people.items()
        others = (
            other
            for other, person in people
            if person.role in _STAFF and other not in self._people and other != ident
        )
        return [other for other, _ in zip(others, range(MOST_IDS - 1), strict=False)]

    def _look_up(self, idents: Sequence[str]) -> None:
        self._learn(self._directory.users(idents))
        for ident in idents:
            self._people.setdefault(ident, ())

    def _learn(self, rows: Sequence[UserRow]) -> None:
        for row in rows:
            is_reached = bool(row.email) and not row.suspended
            self._people[str(row.id)] = (str(row.email),) if is_reached else ()

    def _group(self, ident: str) -> tuple[str, ...]:
        number = self._group_id(ident)
        if number is None:
            return ()
        if number not in self._members:
            self._members[number] = tuple(self._directory.member_ids(number))
        members = self._members[number]
        missing = [one for one in members if one not in self._people]
        if missing:
            self._look_up(missing)
        return tuple(address for one in members for address in self._people[one])

    def _group_id(self, ident: str) -> str | None:
        groups = self._directory.ready().groups
        known = next((number for number, name in groups.items() if name == ident), None)
        return known or (ident if ident.isdigit() else None)
