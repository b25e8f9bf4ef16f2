# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of agents who have tickets: what the helpdesk shows of its staff, and nothing more.

Customers' people have no names here, and nobody has an address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from worker.store.columns import metadata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.base import TicketState
    from worker.store.database import Books

_NOTED_EVERY_S: Final = 86_400
_AT_ONCE: Final = 500

agents = sa.Table(
    "agents",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("agent_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),  # when a ticket was theirs, to a day
)


def note_agents(books: Books, states: Sequence[TicketState], now: int) -> None:
    """Keep the names that came with tickets; what is known already is not written again."""
    found = {
        one.assignee_id: one.assignee_name
        for one in states
        if one.assignee_id is not None and one.assignee_name
    }
    if not found:
        return
    known = _known(books, sorted(found))
    rows = [
        {"account": books.account, "agent_id": ident, "name": name, "seen_at": now}
        for ident, name in sorted(found.items())
        if known.get(ident, ("", 0))[0] != name or now - known[ident][1] >= _NOTED_EVERY_S
    ]
    if not rows:
        return
    insert = books.insert(agents)
    new = insert.excluded
    books.tx.execute(
        insert.on_conflict_do_update(
            index_elements=["account", "agent_id"], set_={"name": new.name, "seen_at": new.seen_at}
        ),
        rows,
    )


def agent_names(books: Books) -> dict[str, str]:
    """All names by id."""
    choice = sa.select(agents.c.agent_id, agents.c.name).where(books.of(agents))
    return {row.agent_id: row.name for row in books.tx.execute(choice)}


def _known(books: Books, idents: Sequence[str]) -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for start in range(0, len(idents), _AT_ONCE):
        choice = sa.select(agents.c.agent_id, agents.c.name, agents.c.seen_at).where(
            books.of(agents), agents.c.agent_id.in_(idents[start : start + _AT_ONCE])
        )
        for ident, name, seen_at in books.tx.execute(choice).all():
            found[ident] = (name, seen_at)
    return found
