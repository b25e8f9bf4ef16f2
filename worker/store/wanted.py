# SPDX-License-Identifier: GPL-3.0-or-later
"""Field changes that are wanted: a row for each ticket and each state of its fields.

A state that is wanted again opens its old row again; a state that is no
longer wanted is superseded. What the helpdesk refused for good stays refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa

from worker.store.database import epoch, instant, instant_or_none, new_token
from worker.store.facts_json import changes_of, changes_text
from worker.store.tables import field_changes, tickets

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from rules.changes import FieldChange
    from worker.judging import Cause, Judgement
    from worker.store.database import Books

Setback = Literal["wait", "failure", "unknown"]
"""wait: the helpdesk asked for it. failure: certainly not done. unknown: perhaps done."""

WAITING = ("ready", "dry_run", "writing")
_REOPENED = ("written", "superseded")
_rows = field_changes.c


@dataclass(frozen=True, slots=True)
class Wanted:
    """A claimed row: what to write into one ticket.

    `tries` counts this one. `is_ambiguous` says that an earlier try may have
    been carried out, so that the ticket must be read before it is written.
    """

    id: int
    ticket_id: str
    changes: tuple[FieldChange, ...]
    cause: Cause
    tries: int
    is_ambiguous: bool
    seen_at: datetime | None
    created_at: datetime
    claim: str


def state_hash(changes: Sequence[FieldChange]) -> str:
    """A name for the state that the changes bring about."""
    parts = sorted(f"{one.field}\x1f{one.new!r}" for one in changes)
    return hashlib.blake2b("\x1e".join(parts).encode(), digest_size=16).hexdigest()


def store_wanted(
    books: Books, judgements: Sequence[Judgement], now: datetime, *, dry_run: bool
) -> int:
    """Bring the rows in line with what is wanted now; returns how many are new."""
    by_ticket = {one.verdict.ticket_id: one for one in judgements}
    hashes = {ident: state_hash(one.changes) for ident, one in by_ticket.items() if one.changes}
    choice = sa.select(
        *(_rows.id, _rows.ticket_id, _rows.wanted, _rows.state, _rows.cause, _rows.seen_at),
        _rows.ambiguous,
    ).where(
        books.of(field_changes),
        _rows.ticket_id.in_(list(by_ticket)),
        sa.or_(_rows.state.in_(WAITING), _rows.wanted.in_(list(hashes.values()))),
    )
    settled: set[str] = set()
    doubtful: set[str] = set()
    superseded, relabelled = [], []
    for row in books.rows(choice):
        ident = row["ticket_id"]
        if row["wanted"] != hashes.get(ident):
            superseded.append(row["id"])
            if row["ambiguous"] or row["state"] == "writing":
                doubtful.add(ident)
        elif row["state"] not in _REOPENED:
            settled.add(ident)
            relabelled += _relabelled(row, by_ticket[ident])
    _supersede(books, superseded, epoch(now))
    _relabel(books, relabelled)
    fresh = [by_ticket[ident] for ident in hashes if ident not in settled]
    state = "dry_run" if dry_run else "ready"
    if fresh:
        books.tx.execute(
            _open(books),
            [
                _row(books.account, one, hashes[one.verdict.ticket_id], epoch(now))
                # What is superseded amid its writing may be on the ticket already.
                | {"state": state, "ambiguous": int(one.verdict.ticket_id in doubtful)}
                for one in fresh
            ],
        )
    return len(fresh)


def _row(account: str, judgement: Judgement, wanted: str, now: int) -> dict[str, object]:
    return {
        "account": account,
        "ticket_id": judgement.verdict.ticket_id,
        "wanted": wanted,
        "changes": changes_text(judgement.changes),
        "cause": judgement.cause,
        "seen_at": epoch(judgement.ticket.updated_at),
        "due": now,
        "created_at": now,
    }


def _open(books: Books) -> sa.Executable:
    insert = books.insert(field_changes)
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["account", "ticket_id", "wanted"],
        set_={
            "state": new.state,
            "changes": new.changes,
            "cause": new.cause,
            "seen_at": new.seen_at,
            "due": new.due,
            "created_at": new.created_at,
            "tries": 0,
            "ambiguous": new.ambiguous,
            "claim": None,
            "lease_until": None,
            "detail": None,
            "ended_at": None,
        },
        where=sa.or_(*(_rows.state == state for state in _REOPENED)),
    )


def _supersede(books: Books, idents: Sequence[int], now: int) -> None:
    if idents:
        books.tx.execute(
            sa.update(field_changes)
            .where(_rows.id.in_(idents), _rows.state.in_(WAITING))
            .values(state="superseded", ended_at=now)
        )


def _relabelled(row: sa.RowMapping, judgement: Judgement) -> list[dict[str, object]]:
    """A row that is wanted still, by newer facts: they decide its cause and its safe update."""
    cause = judgement.cause if row["cause"] == "policy" else row["cause"]
    seen_at = epoch(judgement.ticket.updated_at)
    if (cause, seen_at) == (row["cause"], row["seen_at"]):
        return []
    return [{"of_id": row["id"], "cause": cause, "seen_at": seen_at}]


def _relabel(books: Books, rows: list[dict[str, object]]) -> None:
    if rows:
        books.tx.execute(
            sa.update(field_changes)
            .where(_rows.id == sa.bindparam("of_id"))
            .values(cause=sa.bindparam("cause"), seen_at=sa.bindparam("seen_at")),
            rows,
        )


def claim_wanted(
    books: Books, now: datetime, limit: int, lease: int, *, causes: Collection[Cause]
) -> list[Wanted]:
    """Claim rows that may be written now, oldest first.

    Left out: tickets that have had their share of writes, and tickets of
    which another row is being written at this moment.
    """
    at = epoch(now)
    database = books.database
    other = field_changes.alias("other")
    is_being_written = sa.exists().where(
        other.c.account == _rows.account,
        other.c.ticket_id == _rows.ticket_id,
        other.c.id != _rows.id,
        other.c.claim.is_not(None),
        other.c.lease_until >= database.lease_now(),
    )
    has_had_its_share = sa.exists().where(
        tickets.c.account == _rows.account,
        tickets.c.ticket_id == _rows.ticket_id,
        tickets.c.writable_from > at,
    )
    choice = (
        sa.select(_rows.id)
        .where(
            books.of(field_changes),
            _rows.state.in_(("ready", "writing")),
            _rows.due <= at,
            sa.or_(_rows.lease_until.is_(None), _rows.lease_until < database.lease_now()),
            _rows.cause.in_(list(causes)),
            ~is_being_written,
            ~has_had_its_share,
        )
        .order_by(_rows.due, _rows.id)
        .limit(limit)
    )
    token = new_token()
    claim = (
        sa.update(field_changes)
        .where(_rows.id.in_(sa.select(database.for_claim(choice).c.id)))
        .values(
            # Claimed once before and not finished: that try may have been carried out.
            ambiguous=sa.case((_rows.state == "writing", 1), else_=_rows.ambiguous),
            state="writing",
            claim=token,
            lease_until=database.lease_now() + lease,
            tries=_rows.tries + 1,
        )
        .returning(*_CLAIMED)
    )
    found = [_wanted(row, token) for row in books.tx.execute(claim).mappings()]
    return sorted(found, key=lambda one: one.id)


_CLAIMED = (
    _rows.id,
    _rows.ticket_id,
    _rows.changes,
    _rows.cause,
    _rows.tries,
    _rows.ambiguous,
    _rows.seen_at,
    _rows.created_at,
)


def _wanted(row: sa.RowMapping, token: str) -> Wanted:
    return Wanted(
        id=row["id"],
        ticket_id=row["ticket_id"],
        changes=changes_of(row["changes"]),
        cause=row["cause"],
        tries=row["tries"],
        is_ambiguous=bool(row["ambiguous"]),
        seen_at=instant_or_none(row["seen_at"]),
        created_at=instant(row["created_at"]),
        claim=token,
    )


def still_claimed(books: Books, claimed: Sequence[Wanted]) -> set[int]:
    """Which of the rows are still ours: the others have been superseded or taken over."""
    if not claimed:
        return set()
    choice = sa.select(_rows.id).where(
        _rows.id.in_([one.id for one in claimed]),
        _rows.claim == claimed[0].claim,
        _rows.state == "writing",
    )
    return set(books.tx.execute(choice).scalars())


def claims_held(books: Books, claimed: Sequence[Wanted]) -> int:
    """How many of the rows nobody else has claimed since, superseded ones among them."""
    choice = (
        sa.select(sa.func.count())
        .select_from(field_changes)
        .where(_rows.id.in_([one.id for one in claimed]), _rows.claim == claimed[0].claim)
    )
    return int(books.tx.execute(choice).scalar_one())


def finish_wanted(books: Books, one: Wanted, state: str, detail: str, now: datetime) -> bool:
    """Close a claimed row; False when it is no longer ours."""
    done = books.tx.execute(
        sa.update(field_changes)
        .where(_rows.id == one.id, _rows.claim == one.claim, _rows.state == "writing")
        .values(
            state=state,
            detail=detail or None,
            claim=None,
            lease_until=None,
            ambiguous=0,
            ended_at=epoch(now),
        )
    )
    if done.rowcount == 0:  # superseded while it was written: only the claim is ours to end
        books.tx.execute(
            sa.update(field_changes)
            .where(_rows.id == one.id, _rows.claim == one.claim)
            .values(claim=None, lease_until=None)
        )
    return done.rowcount == 1


def release_wanted(
    books: Books, claimed: Sequence[Wanted], due: datetime, detail: str, *, after: Setback
) -> None:
    """Put claimed rows back for a later time."""
    if not claimed:
        return
    books.tx.execute(
        sa.update(field_changes)
        .where(
            _rows.id.in_([one.id for one in claimed]),
            _rows.claim == claimed[0].claim,
        )
        .values(
            state=sa.case((_rows.state == "writing", "ready"), else_=_rows.state),
            claim=None,
            lease_until=None,
            due=epoch(due),
            detail=detail,
            # A certain failure says nothing about the tries before it.
            ambiguous=1 if after == "unknown" else _rows.ambiguous,
            tries=_rows.tries - 1 if after == "wait" else _rows.tries,
        )
    )


def put_off_policy_changes(books: Books, now: datetime, until: datetime) -> int:
    """Changes that only rules, settings or code have caused wait for the next budget."""
    change = (
        sa.update(field_changes)
        .where(
            books.of(field_changes),
            _rows.state == "ready",
            _rows.cause == "policy",
            _rows.due <= epoch(now),
        )
        .values(due=epoch(until), detail="waits for the write budget of the next hour")
    )
    return books.tx.execute(change).rowcount


def hold_back(books: Books, ticket_id: str, until: datetime) -> None:
    """What is wanted of this ticket was judged before a write of ours: let it be judged anew."""
    books.tx.execute(
        sa.update(field_changes)
        .where(
            books.of(field_changes),
            _rows.ticket_id == ticket_id,
            _rows.state == "ready",
            _rows.due < epoch(until),
        )
        .values(due=epoch(until))
    )


def start_writing(books: Books, now: datetime) -> int:
    """Writing has been switched on: what a dry run recorded is now to be written."""
    change = (
        sa.update(field_changes)
        .where(books.of(field_changes), _rows.state == "dry_run")
        .values(state="ready", cause="policy", due=epoch(now))
    )
    return books.tx.execute(change).rowcount


def stop_writing(books: Books) -> int:
    """Writing has been switched off: what waits is only recorded from now on."""
    change = (
        sa.update(field_changes)
        .where(books.of(field_changes), _rows.state == "ready")
        .values(state="dry_run")
    )
    return books.tx.execute(change).rowcount


def next_due(books: Books) -> int | None:
    """When the earliest waiting change may be written, in epoch seconds."""
    choice = sa.select(sa.func.min(_rows.due)).where(
        books.of(field_changes), _rows.state.in_(("ready", "writing"))
    )
    return books.tx.execute(choice).scalar()
