# SPDX-License-Identifier: GPL-3.0-or-later
"""A ticket's happenings put in order: one update per instant, in whole seconds.

Happenings of one instant are one update, whatever the order in which they
arrived; within it comments come before field and status changes. From here on
instants are epoch seconds (UTC); sub-seconds are cut.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec.structs import replace

from rules.facts import Happening

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.facts import Ticket

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

REQUESTER_PUBLIC = 1
END_USER_PUBLIC = 2
AGENT_PUBLIC = 4
REQUESTER_NOTE = 8
END_USER_NOTE = 16
AGENT_NOTE = 32
LIGHT_AGENT_NOTE = 64

_PUBLIC = {"requester": REQUESTER_PUBLIC, "end_user": END_USER_PUBLIC, "agent": AGENT_PUBLIC}
_NOTE = {
    "requester": REQUESTER_NOTE,
    "end_user": END_USER_NOTE,
    "agent": AGENT_NOTE,
    "light_agent": LIGHT_AGENT_NOTE,
}
_STATUS_ORDER = {"new": 0, "open": 1, "pending": 2, "hold": 3, "solved": 4, "closed": 5}
_KIND_ORDER = {
    "comment": 0,
    "comment_private": 1,
    "organization": 2,
    "field": 3,
    "status": 4,
    "merged": 5,
    "deleted": 6,
    "restored": 7,
}
_COMMENT, _STATUS = _KIND_ORDER["comment"], _KIND_ORDER["status"]
_CHANGES = frozenset({2, 3})  # field and organisation happenings
_REWRITES = frozenset({1, 5, 6, 7})  # what changes the meaning of other happenings


def seconds_of(at: datetime) -> int:
    """Epoch seconds of an aware instant, cut to the second."""
    past = at - EPOCH
    return past.days * 86_400 + past.seconds


def instant_of(seconds: int) -> datetime:
    """The aware UTC instant of epoch seconds."""
    return EPOCH + timedelta(seconds=seconds)


class Update(msgspec.Struct, gc=False):
    """All that happened to a ticket in one second.

    `comments` is a set of the comment bits above; `status` and `custom` are
    set only where `has_status`; `changes` are field and organisation
    happenings in a fixed order.
    """

    at: int
    comments: int = 0
    has_status: bool = False
    status: str = ""
    custom: str | None = None
    changes: tuple[Happening, ...] = ()


class Exclusion(msgspec.Struct, frozen=True, gc=False):
    """Why all cycles of a ticket are excluded, and since when."""

    at: int
    reason: Literal["merged", "deleted"]


class Timeline(msgspec.Struct, gc=False):
    """The updates of a ticket up to the judging instant; the first is its creation."""

    updates: list[Update]
    created_public: bool
    exclusion: Exclusion | None


def timeline(ticket: Ticket, now: int) -> Timeline:
    """Updates of the ticket up to and including second `now`.

    A merged or deleted ticket ends at that instant, unless it was restored;
    what happens in the same second after the comments is left out.
    """
    created = seconds_of(ticket.created_at)
    plain = _plain_updates(ticket, created, now)
    if plain is not None:
        return Timeline(plain, ticket.created_public, None)
    known = _known(ticket, created, now)
    private = _made_private(known)
    public = ticket.created_public and not _creation_made_private(created, known, private)
    exclusion = _exclusion(known)
    counting = [
        (at, _as_private(happening) if at in private else happening)
        for at, happening in known
        if exclusion is None or at < exclusion.at or _is_last_comment(at, happening, exclusion)
    ]
    return Timeline(_updates(created, counting), public, exclusion)


def _as_private(happening: Happening) -> Happening:
    return replace(happening, public=False) if happening.kind == "comment" else happening


def _is_last_comment(at: int, happening: Happening, exclusion: Exclusion) -> bool:
    """Whether it is a comment of the update that excludes the ticket."""
    return at == exclusion.at and happening.kind == "comment"


def _plain_updates(ticket: Ticket, created: int, now: int) -> list[Update] | None:
    """The updates of a history that is in order and takes nothing back; else None.

    Most histories are; this way they are read once.
    """
    last = Update(created)
    updates = [last]
    last_at, last_rank = created, 0
    for happening in ticket.happenings:
        past = happening.at - EPOCH
        at = past.days * 86_400 + past.seconds
        if at > now:
            continue
        rank = _KIND_ORDER[happening.kind]
        if at < last_at or rank in _REWRITES:
            return None
        if at != last_at:
            last = Update(at)
            updates.append(last)
        elif rank < last_rank or (rank and rank == last_rank):
            return None
        if rank == _STATUS:  # what _add does, without the call
            last.has_status, last.status = True, str(happening.to)
            last.custom = happening.custom
        elif rank or happening.via:
            _add(last, happening, rank)
        else:
            last.comments |= (_PUBLIC if happening.public else _NOTE).get(happening.by, 0)
        last_at, last_rank = at, rank
    return updates


def _updates(created: int, known: list[tuple[int, Happening]]) -> list[Update]:
    """One update per second, beginning with the creation."""
    last = Update(created)
    updates = [last]
    for at, happening in known:
        if at != last.at:
            last = Update(at)
            updates.append(last)
        _add(last, happening, _KIND_ORDER[happening.kind])
    return updates


def _add(update: Update, happening: Happening, rank: int) -> None:
    if rank == _COMMENT:
        if happening.via != "side_conversation":
            bits = _PUBLIC if happening.public else _NOTE
            update.comments |= bits.get(happening.by, 0)
    elif rank == _STATUS:
        update.has_status = True
        update.status = str(happening.to)
        update.custom = happening.custom
    elif rank in _CHANGES:
        update.changes = (*update.changes, happening)


def _known(ticket: Ticket, created: int, now: int) -> list[tuple[int, Happening]]:
    """The happenings up to `now` in order, none before the creation."""
    dated = [(seconds_of(happening.at), happening) for happening in ticket.happenings]
    return _ranked([(max(at, created), happening) for at, happening in dated if at <= now])


def _ranked(known: list[tuple[int, Happening]]) -> list[tuple[int, Happening]]:
    """Comments first, then changes; content counts where two of a kind share a second."""
    ranked = [(at, _KIND_ORDER[happening.kind], happening) for at, happening in known]
    ranked.sort(key=itemgetter(0, 1))
    for index in range(1, len(ranked)):
        at, kind, _ = ranked[index]
        if kind and kind == ranked[index - 1][1] and at == ranked[index - 1][0]:
            return sorted(known, key=_place)
    return [(at, happening) for at, _, happening in ranked]


def _place(item: tuple[int, Happening]) -> tuple[int, int, int, str, str]:
    at, happening = item
    ident = happening.id or ""
    number = int(ident) if ident.isascii() and ident.isdigit() else 0
    return (at, _KIND_ORDER[happening.kind], number, happening.field or "", _content(happening))


def _content(happening: Happening) -> str:
    """Text by which equal-second happenings of one kind are ordered; the last one wins."""
    if happening.kind == "status":
        return f"{_STATUS_ORDER.get(str(happening.to), 0)}{happening.custom or ''}"
    if happening.kind == "organization":
        return repr(happening.organization)
    # Stipt's own writes come first: a person's change of the same second stands.
    return f"{happening.by != 'stipt'}{happening.to!r}{happening.by}"


def _exclusion(known: Iterable[tuple[int, Happening]]) -> Exclusion | None:
    found: Exclusion | None = None
    for at, happening in known:
        if happening.kind == "merged":
            found = found or Exclusion(at, "merged")
        elif happening.kind == "deleted":
            found = found or Exclusion(at, "deleted")
        elif happening.kind == "restored":
            found = None
    return found


def _made_private(known: Iterable[tuple[int, Happening]]) -> frozenset[int]:
    """Instants of comments that were made private: they count as private from their beginning."""
    return frozenset(
        seconds_of(happening.of)
        for _, happening in known
        if happening.kind == "comment_private" and happening.of is not None
    )


def _creation_made_private(
    created: int, known: Iterable[tuple[int, Happening]], private: frozenset[int]
) -> bool:
    """Whether the creation's own comment was the one made private, not another public one."""
    if created not in private:
        return False
    return not any(
        at == created and happening.kind == "comment" and happening.public
        for at, happening in known
    )
