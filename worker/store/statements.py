# SPDX-License-Identifier: GPL-3.0-or-later
"""Closed statements: kept once, never changed, found by their hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from rules.statements import CannotClose, unseal
from worker.store.database import epoch
from worker.store.report_tables import statements

if TYPE_CHECKING:
    from rules.statements import Sealed
    from worker.store.database import Books


def keep_statement(books: Books, written: bytes) -> Sealed:
    """Keep the sealed bytes of a closed statement.

    Raises:
        CannotClose: the customer's period is closed already.
        StatementAltered: the bytes are not what was closed.
    """
    sealed = unseal(written)
    statement = sealed.statement
    closed_at = statement.closed_at or statement.origin.cut_off
    done = books.tx.execute(
        books.insert(statements)
        .values(
            account=books.account,
            ident=statement.ident,
            sha256=sealed.sha256,
            customer=statement.party.name,
            period=statement.period,
            from_at=epoch(statement.from_at),
            until_at=epoch(statement.until_at),
            cut_off=epoch(statement.origin.cut_off),
            closed_at=epoch(closed_at),
            body=written.decode(),
        )
        .on_conflict_do_nothing()
        .returning(statements.c.ident)  # on PostgreSQL rowcount says nothing of an INSERT
    )
    if done.first() is None:
        raise CannotClose(f"{statement.ident} is closed; later facts become corrections")
    return sealed


def statement_bytes(books: Books, beginning: str) -> list[bytes]:
    """The sealed bytes of statements whose hash begins so."""
    choice = sa.select(statements.c.body).where(
        books.of(statements), statements.c.sha256.startswith(beginning, autoescape=True)
    )
    return [body.encode() for body in books.tx.execute(choice).scalars()]


def statement_texts(books: Books) -> list[tuple[str, bytes]]:
    """Every closed statement by its id, as the bytes that were kept, whatever they hold."""
    choice = (
        sa.select(statements.c.ident, statements.c.body)
        .where(books.of(statements))
        .order_by(statements.c.ident)
    )
    return [(row.ident, row.body.encode()) for row in books.tx.execute(choice)]


def closed_statement(books: Books, ident: str) -> str | None:
    """The hash of the closed statement with this id, if there is one."""
    choice = sa.select(statements.c.sha256).where(books.of(statements), statements.c.ident == ident)
    return books.tx.execute(choice).scalar()


def all_statements(books: Books) -> list[Sealed]:
    """The closed statements of all customers, the latest closed first.

    Raises:
        StatementAltered: one of them is not what was closed.
    """
    choice = (
        sa.select(statements.c.body)
        .where(books.of(statements))
        .order_by(statements.c.closed_at.desc(), statements.c.ident)
    )
    return [unseal(body.encode()) for body in books.tx.execute(choice).scalars()]


def statements_of(books: Books, customer: str) -> list[Sealed]:
    """The closed statements of a customer, the oldest period first.

    Raises:
        StatementAltered: one of them is not what was closed.
    """
    choice = (
        sa.select(statements.c.body)
        .where(books.of(statements), statements.c.customer == customer)
        .order_by(statements.c.until_at, statements.c.ident)
    )
    return [unseal(body.encode()) for body in books.tx.execute(choice).scalars()]
