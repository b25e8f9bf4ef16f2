# SPDX-License-Identifier: GPL-3.0-or-later
"""People who sign in, their sessions, and how often somebody tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast

import sqlalchemy as sa

from worker.store.database import epoch, instant
from worker.store.people_tables import people, sessions, sign_in_tries

if TYPE_CHECKING:
    from datetime import datetime

    from worker.store.database import Books

Role = Literal["viewer", "operator"]
"""A viewer looks; an operator may change things too."""

EVERYBODY: Final = ""
"""In place of an account: people belong to the whole installation."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in."""

    name: str
    role: Role
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Guest:
    """What a provider's word makes of somebody without an account of ours."""

    issuer: str
    role: Role


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has signed in; `issuer` is the provider who let a guest in."""

    name: str
    role: Role
    created_at: datetime
    seen_at: datetime
    issuer: str | None = None


def add_person(books: Books, name: str, role: Role, password: str, now: datetime) -> bool:
    """Store somebody with the hash of a password; False where the name is taken."""
    done = books.tx.execute(
        books.insert(people)
        .values(
            account=books.account,
            name=name,
            role=role,
            password=password,
            created_at=epoch(now),
            changed_at=epoch(now),
        )
        .on_conflict_do_nothing()
        .returning(people.c.name)
    )
    return done.scalar() is not None


def everybody(books: Books) -> list[Person]:
    """All people by name."""
    return [
        Person(
            row["name"],
            cast("Role", row["role"]),
            instant(row["created_at"]),
            instant(row["changed_at"]),
        )
        for row in books.rows(sa.select(people).where(books.of(people)).order_by(people.c.name))
    ]


def password_of(books: Books, name: str) -> str | None:
    """The hash of somebody's password; None for nobody."""
    choice = sa.select(people.c.password).where(books.of(people), people.c.name == name)
    found: str | None = books.tx.execute(choice).scalar()
    return found


def change_password(books: Books, name: str, password: str, now: datetime) -> bool:
    """Store the hash of a new password and end all sessions; False for nobody."""
    done = books.tx.execute(
        sa.update(people)
        .where(books.of(people), people.c.name == name)
        .values(password=password, changed_at=epoch(now))
    )
    _end_all(books, name)
    return done.rowcount == 1


def remove_person(books: Books, name: str) -> bool:
    """Forget somebody and end all sessions; False for nobody."""
    done = books.tx.execute(sa.delete(people).where(books.of(people), people.c.name == name))
    _end_all(books, name)
    return done.rowcount == 1


def begin_session(
    books: Books, token: str, name: str, now: datetime, guest: Guest | None = None
) -> None:
    """Store a session under the hash of its token."""
    books.tx.execute(
        sa.insert(sessions).values(
            account=books.account,
            token=token,
            name=name,
            created_at=epoch(now),
            seen_at=epoch(now),
            issuer=None if guest is None else guest.issuer,
            role=None if guest is None else guest.role,
        )
    )


def session_of(books: Books, token: str) -> Session | None:
    """The session with that hash: of a person, with the role that they have now, or of a guest."""
    ours = sa.and_(people.c.account == sessions.c.account, people.c.name == sessions.c.name)
    is_of_guest = sessions.c.issuer.is_not(None)
    role = sa.case((is_of_guest, sessions.c.role), else_=people.c.role).label("held_role")
    choice = (
        sa.select(sessions, role)
        .outerjoin(people, ours)
        .where(books.of(sessions), sessions.c.token == token)
    )
    row = next(books.rows(choice), None)
    if row is None or row["held_role"] is None:
        return None
    return Session(
        row["name"],
        cast("Role", row["held_role"]),
        instant(row["created_at"]),
        instant(row["seen_at"]),
        row["issuer"],
    )


def saw_session(books: Books, token: str, now: datetime) -> None:
    """Note that a session is used."""
    books.tx.execute(
        sa.update(sessions)
        .where(books.of(sessions), sessions.c.token == token)
        .values(seen_at=epoch(now))
    )


def end_session(books: Books, token: str) -> None:
    """Forget a session."""
    books.tx.execute(sa.delete(sessions).where(books.of(sessions), sessions.c.token == token))


def forget_old(
    books: Books, *, created_before: datetime, seen_before: datetime, window: int
) -> None:
    """Forget sessions that have ended, and tries of windows before this one."""
    ended = sa.or_(
        sessions.c.created_at <= epoch(created_before), sessions.c.seen_at <= epoch(seen_before)
    )
    books.tx.execute(sa.delete(sessions).where(books.of(sessions), ended))
    books.tx.execute(
        sa.delete(sign_in_tries).where(books.of(sign_in_tries), sign_in_tries.c.window_at < window)
    )


def count_try(books: Books, key: str, window: int) -> int:
    """Count a try; how many there are in that window with this one."""
    insert = books.insert(sign_in_tries).values(
        account=books.account, key=key, window_at=window, count=1
    )
    held = sign_in_tries.c
    same = sa.case((held.window_at == window, held.count + 1), else_=1)
    done = books.tx.execute(
        insert.on_conflict_do_update(
            index_elements=["account", "key"], set_={"count": same, "window_at": window}
        ).returning(held.count)
    )
    return int(done.scalar_one())


def take_back_try(books: Books, key: str) -> None:
    """A try that was counted turned out right."""
    books.tx.execute(
        sa.update(sign_in_tries)
        .where(books.of(sign_in_tries), sign_in_tries.c.key == key, sign_in_tries.c.count > 0)
        .values(count=sign_in_tries.c.count - 1)
    )


def forget_tries(books: Books, key: str) -> None:
    """Begin to count afresh."""
    books.tx.execute(
        sa.delete(sign_in_tries).where(books.of(sign_in_tries), sign_in_tries.c.key == key)
    )


def _end_all(books: Books, name: str) -> None:
    books.tx.execute(sa.delete(sessions).where(books.of(sessions), sessions.c.name == name))
