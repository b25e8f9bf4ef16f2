# SPDX-License-Identifier: GPL-3.0-or-later
"""An account's own row, its notices to operators, its leases and its budgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.budget_tables import budgets
from worker.store.database import epoch, instant, instant_or_none
from worker.store.places import keep_place
from worker.store.tables import accounts, leases, notices, tickets

if TYPE_CHECKING:
    from datetime import datetime

    from worker.settings_values import Place
    from worker.store.database import Books

WRITES = "policy_writes"
"""The bucket of field changes that only new rules, settings or code have caused."""

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class AccountRow:
    """What is known of the account beside its tickets."""

    sync_from: datetime
    policy: str | None
    code_version: str | None
    write_mode: str | None
    paused_at: datetime | None
    paused_because: str | None
    not_before: datetime | None


def open_account(books: Books, sync_from: datetime, now: datetime, place: Place) -> AccountRow:
    """The account's row; made at the first start, which fixes where the first sync begins.

    Raises:
        OtherHelpdesk: its tickets were read from another helpdesk than `place`.
    """
    books.tx.execute(
        books.insert(accounts)
        .values(account=books.account, sync_from=epoch(sync_from), started_at=epoch(now))
        .on_conflict_do_nothing()
    )
    keep_place(books, place)
    return account_row(books)


def account_row(books: Books) -> AccountRow:
    """The account's row, which `open_account` has made."""
    row = books.tx.execute(sa.select(accounts).where(books.of(accounts))).mappings().one()
    return AccountRow(
        sync_from=instant(row["sync_from"]),
        policy=row["policy"],
        code_version=row["code_version"],
        write_mode=row["write_mode"],
        paused_at=instant_or_none(row["paused_at"]),
        paused_because=row["paused_because"],
        not_before=instant_or_none(row["not_before"]),
    )


def change_account(books: Books, **values: str | int | None) -> None:
    """Set columns of the account's row."""
    books.tx.execute(sa.update(accounts).where(books.of(accounts)).values(**values))


def pause(books: Books, because: str, now: datetime) -> bool:
    """Pause the connection; False when it was paused before, so that one notice is enough."""
    done = books.tx.execute(
        sa.update(accounts)
        .where(books.of(accounts), accounts.c.paused_at.is_(None))
        .values(paused_at=epoch(now), paused_because=because)
    )
    return done.rowcount == 1


def resume(books: Books, now: datetime) -> bool:
    """End the pause; False when there was none."""
    done = books.tx.execute(
        sa.update(accounts)
        .where(books.of(accounts), accounts.c.paused_at.is_not(None))
        .values(paused_at=None, paused_because=None)
    )
    end_notice(books, "connection_paused", now)
    return done.rowcount == 1


def raise_notice(books: Books, name: str, text: str, now: datetime) -> bool:
    """Tell operators something; False when the same stands there already."""
    standing = books.tx.execute(
        sa.select(notices.c.text).where(
            books.of(notices), notices.c.name == name, notices.c.ended_at.is_(None)
        )
    ).scalar()
    if standing == text:
        return False
    insert = books.insert(notices).values(
        account=books.account, name=name, text=text, raised_at=epoch(now)
    )
    new = insert.excluded
    books.tx.execute(
        insert.on_conflict_do_update(
            index_elements=["account", "name"],
            set_={"text": new.text, "raised_at": new.raised_at, "ended_at": None},
        )
    )
    return True


def end_notice(books: Books, name: str, now: datetime) -> None:
    """What the notice said no longer holds."""
    books.tx.execute(
        sa.update(notices)
        .where(books.of(notices), notices.c.name == name, notices.c.ended_at.is_(None))
        .values(ended_at=epoch(now))
    )


def standing_notices(books: Books) -> dict[str, str]:
    """Texts of the notices that hold now, by name."""
    choice = sa.select(notices.c.name, notices.c.text).where(
        books.of(notices), notices.c.ended_at.is_(None)
    )
    return {row[0]: row[1] for row in books.tx.execute(choice)}


def take_lease(books: Books, name: str, holder: str, seconds: int) -> bool:
    """Take or renew a lease; False while somebody else holds it."""
    now = books.database.lease_now()
    insert = books.insert(leases).values(
        account=books.account, name=name, holder=holder, until=now + seconds
    )
    taken = books.tx.execute(
        insert.on_conflict_do_update(
            index_elements=["account", "name"],
            set_={"holder": holder, "until": now + seconds},
            where=sa.or_(leases.c.holder == holder, leases.c.until < now),
        ).returning(leases.c.holder)
    )
    return taken.first() is not None


def drop_lease(books: Books, name: str, holder: str) -> None:
    """Give a lease back before it runs out."""
    books.tx.execute(
        sa.delete(leases).where(books.of(leases), leases.c.name == name, leases.c.holder == holder)
    )


def write_budget_left(books: Books, setting: int, now: datetime) -> int:
    """How many more tickets may change this hour because of rules, settings or code.

    The larger of `setting` and a tenth of the open tickets is the whole budget.
    """
    open_tickets = books.tx.execute(
        sa.select(sa.func.count()).where(
            books.of(tickets),
            tickets.c.status.not_in(("solved", "closed")),
            tickets.c.life == "present",
        )
    ).scalar_one()
    row = books.tx.execute(
        sa.select(budgets.c.used, budgets.c.lifted_at).where(*_window(books, now))
    ).one_or_none()
    whole = max(setting, int(open_tickets) // 10)
    if row is None:
        return whole
    return _UNBOUNDED if row.lifted_at is not None else max(0, whole - int(row.used))


_UNBOUNDED = 1_000_000


def spend_write_budget(books: Books, tickets_changed: int, now: datetime) -> None:
    """Charge changes to the budget of this hour."""
    if tickets_changed:
        _add(books, now, used=tickets_changed, lifted_at=None)


def lift_write_budget(books: Books, now: datetime) -> None:
    """Let everything through for the rest of this hour."""
    _add(books, now, used=0, lifted_at=epoch(now))


def next_budget_at(now: datetime) -> datetime:
    """When the next hour's budget begins."""
    return instant(_hour(now) + _HOUR)


def _add(books: Books, now: datetime, *, used: int, lifted_at: int | None) -> None:
    insert = books.insert(budgets).values(
        account=books.account,
        bucket=WRITES,
        window_at=_hour(now),
        used=used,
        lifted_at=lifted_at,
    )
    books.tx.execute(
        insert.on_conflict_do_update(
            index_elements=["account", "bucket", "window_at"],
            set_={
                "used": budgets.c.used + insert.excluded.used,
                "lifted_at": sa.func.coalesce(budgets.c.lifted_at, insert.excluded.lifted_at),
            },
        )
    )


def _window(books: Books, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        books.of(budgets),
        budgets.c.bucket == WRITES,
        budgets.c.window_at == _hour(now),
    )


def _hour(now: datetime) -> int:
    return epoch(now) // _HOUR * _HOUR
