# SPDX-License-Identifier: GPL-3.0-or-later
"""Organisations and every version of them, with the time at which it was seen.

A customer's tier belongs to the ticket with a time stamp: a ticket is judged
by the organisation as it was when the ticket was first seen, and a later
change is a happening of each ticket that was open then.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import sqlalchemy as sa

from rules.facts import Happening, Organization
from worker.store.database import epoch, instant
from worker.store.facts_json import organization_of, organization_text
from worker.store.tables import organizations, tickets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from worker.store.database import Books


@dataclass(frozen=True, slots=True)
class OrganizationChange:
    """A change of an organisation as a happening of one of its open tickets."""

    ticket_id: str
    happening: Happening


@dataclass(frozen=True, slots=True)
class Versions:
    """All versions of one organisation, oldest first."""

    seen_at: tuple[int, ...]
    bodies: tuple[str, ...]

    def first(self, version: int | None) -> Organization:
        """The version of that number, counted from 1; the oldest where there is no number."""
        place = 0 if version is None else min(version, len(self.bodies)) - 1
        return _organization(self.bodies[max(place, 0)])

    def at(self, instant_seconds: int) -> Organization:
        """The version that was known at that time; the oldest for times before it."""
        found = self.bodies[0]
        for seen_at, body in zip(self.seen_at, self.bodies, strict=True):
            if seen_at <= instant_seconds:
                found = body
        return _organization(found)


def store_organizations(
    books: Books,
    found: Sequence[Organization],
    changed_at: Mapping[str, datetime],
    now: int,
) -> list[OrganizationChange]:
    """Store new versions; a change of a known one becomes happenings of its open tickets."""
    by_id = {one.id: one for one in found if one.id is not None}
    if not by_id:
        return []
    known = load_versions(books, by_id)
    rows, changes = [], []
    for ident, organization in by_id.items():
        body = organization_text(organization)
        before = known.get(ident)
        if before is not None and before.bodies[-1] == body:
            continue
        version = 1 if before is None else len(before.bodies) + 1
        at = min(now, epoch(changed_at[ident])) if ident in changed_at else now
        if before is not None:
            at = max(at, before.seen_at[-1])
            changes += _of_open_tickets(books, organization, version, at)
        rows.append(
            {
                "account": books.account,
                "organization_id": ident,
                "version": version,
                "seen_at": at,
                "body": body,
            }
        )
    if rows:
        books.tx.execute(books.insert(organizations).on_conflict_do_nothing(), rows)
    return changes


def load_versions(books: Books, idents: Iterable[str]) -> dict[str, Versions]:
    """The versions of these organisations."""
    table = organizations.c
    found: dict[str, tuple[list[int], list[str]]] = {}
    for row in books.tx.execute(
        sa.select(table.organization_id, table.seen_at, table.body)
        .where(books.of(organizations), table.organization_id.in_(list(idents)))
        .order_by(table.organization_id, table.version)
    ):
        seen, bodies = found.setdefault(row.organization_id, ([], []))
        seen.append(row.seen_at)
        bodies.append(row.body)
    return {ident: Versions(tuple(seen), tuple(bodies)) for ident, (seen, bodies) in found.items()}


def latest_versions(books: Books, idents: Collection[str | None]) -> dict[str, int]:
    """The number of the newest version of each."""
    table = organizations.c
    choice = (
        sa.select(table.organization_id, sa.func.max(table.version))
        .where(
            books.of(organizations),
            table.organization_id.in_([one for one in idents if one is not None]),
        )
        .group_by(table.organization_id)
    )
    return {row[0]: row[1] for row in books.tx.execute(choice)}


def _of_open_tickets(
    books: Books, organization: Organization, version: int, at: int
) -> list[OrganizationChange]:
    happening = Happening(
        at=instant(at),
        kind="organization",
        by="system",
        organization=organization,
        was=organization.id,
        id=f"organization:{organization.id}:{version}",
    )
    choice = sa.select(tickets.c.ticket_id).where(
        books.of(tickets),
        tickets.c.organization_id == organization.id,
        tickets.c.status != "closed",
        tickets.c.life == "present",
    )
    return [OrganizationChange(row.ticket_id, happening) for row in books.tx.execute(choice)]


@lru_cache(maxsize=4096)
def _organization(body: str) -> Organization:
    return organization_of(body)
