# SPDX-License-Identifier: GPL-3.0-or-later
"""Which helpdesk an account's rows were read from; another one under the same name is refused.

Ticket numbers say nothing of their helpdesk. Rows of one would be taken for
tickets of the other, which would then be written to by a history not theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.settings_values import Place
from worker.store.tables import accounts, cursors, tickets

if TYPE_CHECKING:
    from worker.store.database import Books


class OtherHelpdesk(Exception):
    """The settings name another helpdesk than the account's rows were read from (exit code 78)."""

    def __init__(self, account: str, database: str, before: Place, now: Place) -> None:
        told = _REFUSAL.format(
            account=account, database=database, before=before, now=now, host=now.host
        )
        self.problems = told.splitlines()
        super().__init__(self.problems[0])


_REFUSAL = """\
account {account}: the settings name {now}, and {database} holds tickets of {before}
the two are not mixed: tickets of one would be written to for what happened to those of the other
if {before} is meant: put its address back (stipt doctor --settings says where settings come from)
for another helpdesk: a database of its own (STIPT_DATABASE_URL), or an account of another name
if it is the same helpdesk, now reached as {host}: stipt db accept-helpdesk --account {account}"""


def keep_place(books: Books, present: Place) -> None:
    """Remember the helpdesk of the account's rows; one from before this was kept takes `present`.

    As long as nothing was read, what the settings name may still change.

    Raises:
        OtherHelpdesk: the rows were read from another.
    """
    is_open = sa.or_(
        accounts.c.helpdesk_host.is_(None),
        ~sa.or_(*(sa.exists().where(books.of(one)) for one in (tickets, cursors))),
    )
    books.tx.execute(
        sa.update(accounts)
        .where(books.of(accounts), is_open)
        .values(helpdesk=present.kind, helpdesk_host=present.host)
    )
    refuse_other_place(books, present)


def refuse_other_place(books: Books, present: Place) -> None:
    """Refuse to go on where the account's rows were read from another helpdesk than `present`.

    Raises:
        OtherHelpdesk: they were.
    """
    before = kept_place(books)
    if before not in (None, present):
        raise OtherHelpdesk(books.account, _name_of(books.database.url), before, present)


def kept_place(books: Books) -> Place | None:
    """The helpdesk that the account's rows were read from; None where that was not kept yet."""
    row = books.tx.execute(
        sa.select(accounts.c.helpdesk, accounts.c.helpdesk_host).where(
            books.of(accounts), accounts.c.helpdesk_host.is_not(None)
        )
    ).one_or_none()
    return None if row is None else Place(row.helpdesk, row.helpdesk_host)


def accept_place(books: Books, present: Place) -> None:
    """Keep the rows for the helpdesk that the settings name now: an operator says it is the same.

    Calls are counted and waits are kept as before.
    """
    books.tx.execute(
        sa.update(accounts)
        .where(books.of(accounts))
        .values(helpdesk=present.kind, helpdesk_host=present.host)
    )


def _name_of(url: sa.URL) -> str:
    """A database for people: its URL may hold a password, also behind a question mark."""
    is_file = url.get_backend_name() == "sqlite"
    return url.database or "memory" if is_file else f"{url.database} on {url.host}"
