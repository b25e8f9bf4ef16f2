# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes out as one message: a single one, or those of many tickets for one person.

Nobody reads sixty warnings of one minute. Messages to one person that are due
together go out as one digest; machines get each on its own. A recipient who
was told enough for this minute, or cannot be reached, is left alone until
later. All of that is decided with the claim, in its transaction, so that a
digest is the same at every try and processes keep to one limit together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from worker.outbox import NOTE, digest_key
from worker.store.messages import (
    claim_companions,
    claim_digest,
    claim_messages,
    name_digest,
    put_back,
)
from worker.store.recipient_states import Standing, next_minute, spend, standings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from worker.outbox import Claimed, Manner, Sender
    from worker.store.database import Books

DIGEST_FROM = 3
"""So many tickets make a digest; one or two are better read on their own."""

_AFTER_TRIAL = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Parcel:
    """Messages that go out together; `digest` is its key where it is a digest."""

    members: tuple[Claimed, ...]
    manner: Manner
    digest: str | None = None

    @property
    def recipient(self) -> str:
        """For whom it is, by the name of the rule file."""
        return self.members[0].message.recipient


@dataclass(frozen=True, slots=True)
class Batch:
    """What one claim came to.

    `put_back` counts messages that wait for their recipient; `troubled` are
    recipients who were not reached last time.
    """

    parcels: tuple[Parcel, ...] = ()
    put_back: int = 0
    troubled: frozenset[str] = frozenset()

    @property
    def claimed(self) -> list[Claimed]:
        """All messages of the parcels."""
        return [one for parcel in self.parcels for one in parcel.members]


def claim_parcels(books: Books, sender: Sender, now: datetime, limit: int, lease: int) -> Batch:
    """Claim messages that are due and put them together; internal notes are not among them.

    Args:
        books: a transaction that may write.
        sender: says how each recipient is told.
        now: the present instant.
        limit: so many messages, and besides what belongs into their digests.
        lease: seconds for which they are ours.
    """
    found = claim_messages(books, now, limit, lease)
    claimed = {one.message.id: one for one in found}
    seen: set[object] = set()
    for one in found:
        manner = sender.manner(one.message)
        group = _group(one, manner)
        if group is None or group in seen:
            continue
        seen.add(group)
        if isinstance(group, str):
            more = claim_digest(books, one, now, lease)
        else:
            more = claim_companions(books, one, manner.person, now, lease)
        claimed |= {other.message.id: other for other in more}
    parcels = _put_together(books, list(claimed.values()), sender)
    return _within_limits(books, parcels, now)


def _group(one: Claimed, manner: Manner) -> str | tuple[str, str | None] | None:
    """What a message may share a digest with: one tried before, or its recipient's others."""
    message = one.message
    if message.about is not None:
        return None  # no ticket's warning, and never one of many
    if message.may_be_repeat:
        return message.digest
    return manner.lane(message) if manner.gathers else None


def _put_together(books: Books, claimed: Sequence[Claimed], sender: Sender) -> list[Parcel]:
    manners = {one.message.id: sender.manner(one.message) for one in claimed}
    keyed = [(_group(one, manners[one.message.id]), one) for one in claimed]
    parcels: list[Parcel] = []
    alone = [one for group, one in keyed if group is None]
    shared = [(group, one) for group, one in keyed if group is not None]
    for group, pairs in groupby(sorted(shared, key=_by_group), key=lambda pair: pair[0]):
        members = tuple(sorted((one for _, one in pairs), key=_by_moment))
        manner = manners[members[0].message.id]
        if isinstance(group, str):
            parcels.append(Parcel(members, manner, group))
        elif len({one.message.ticket_id for one in members}) >= DIGEST_FROM:
            key = digest_key(members[0].message)
            name_digest(books, members, key)
            parcels.append(Parcel(members, manner, key))
        else:
            alone += members
    name_digest(books, [one for one in alone if one.message.digest is not None], None)
    parcels += [Parcel((one,), manners[one.message.id]) for one in alone]
    return sorted(parcels, key=lambda parcel: _by_moment(parcel.members[0]))


def _by_group(pair: tuple[object, Claimed]) -> str:
    return repr(pair[0])


def _by_moment(one: Claimed) -> tuple[datetime, int]:
    return one.message.at, one.message.id


def _within_limits(books: Books, parcels: Iterable[Parcel], now: datetime) -> Batch:
    """Those that may go out now; the others are put back for later."""
    by_recipient: dict[str, list[Parcel]] = {}
    for parcel in parcels:
        by_recipient.setdefault(parcel.recipient, []).append(parcel)
    known = standings(books, by_recipient.keys() - {NOTE}, now)
    kept: list[Parcel] = []
    n_put_back = 0
    for recipient, theirs in by_recipient.items():
        standing = known.get(recipient, Standing())
        allowed, later, why = _allowance(standing, theirs[0].manner, now)
        waiting = [one for parcel in theirs[allowed:] for one in parcel.members]
        put_back(books, waiting, later, why)
        n_put_back += len(waiting)
        if theirs[:allowed]:
            spend(books, recipient, len(theirs[:allowed]), now)
            kept += theirs[:allowed]
    troubled = frozenset(one for one, standing in known.items() if standing.is_troubled)
    return Batch(tuple(kept), n_put_back, troubled)


def _allowance(standing: Standing, manner: Manner, now: datetime) -> tuple[int, datetime, str]:
    """How many messages a recipient may get, when the next ones, and why not before."""
    if standing.blocked_until is not None and standing.blocked_until > now:
        return 0, standing.blocked_until, "waits: earlier messages to this recipient failed"
    if standing.is_on_trial:
        return 1, now + _AFTER_TRIAL, "waits: one message tries whether this recipient is back"
    left = max(0, manner.per_minute - standing.used)
    return left, next_minute(now), "waits: the recipient's limit for this minute is reached"
