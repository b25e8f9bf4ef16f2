# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies by hash: their texts, and when each came into force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.database import epoch, instant
from worker.store.facts_json import files_of, files_text
from worker.store.tables import accounts, policies, policy_loads, verdicts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from worker.store.database import Books


@dataclass(frozen=True, slots=True)
class PolicyLoad:
    """A policy coming into force. `verdicts` counts the rows that it has judged."""

    hash: str
    loaded_at: datetime
    files: tuple[str, ...]
    verdicts: int
    is_in_force: bool


def store_policy(books: Books, name: str, files: Mapping[str, bytes], now: datetime) -> None:
    """Keep the text of a policy under its hash; the first text of a meaning stays."""
    books.tx.execute(
        books.insert(policies)
        .values(account=books.account, hash=name, files=files_text(files), loaded_at=epoch(now))
        .on_conflict_do_nothing()
    )


def policy_files(books: Books, name: str) -> dict[str, bytes] | None:
    """The text of the policy with that hash, if it has ever been loaded."""
    text = books.tx.execute(
        sa.select(policies.c.files).where(books.of(policies), policies.c.hash == name)
    ).scalar()
    return None if text is None else files_of(text)


def put_in_force(books: Books, name: str, now: datetime) -> bool:
    """Note that a policy came into force; False where it was before."""
    changed = books.tx.execute(
        sa.update(accounts)
        .where(books.of(accounts), accounts.c.policy.is_distinct_from(name))
        .values(policy=name)
    )
    if changed.rowcount == 0:
        return False
    books.tx.execute(
        sa.insert(policy_loads).values(account=books.account, hash=name, loaded_at=epoch(now))
    )
    return True


def policy_loads_of(books: Books) -> list[PolicyLoad]:
    """Every time a policy came into force, the latest first."""
    counts = sa.select(verdicts.c.policy, sa.func.count()).where(books.of(verdicts))
    judged = {row[0]: row[1] for row in books.tx.execute(counts.group_by(verdicts.c.policy))}
    texts = sa.select(policies.c.hash, policies.c.files).where(books.of(policies))
    files = {row[0]: tuple(sorted(files_of(row[1]))) for row in books.tx.execute(texts)}
    choice = (
        sa.select(policy_loads.c.hash, policy_loads.c.loaded_at)
        .where(books.of(policy_loads))
        .order_by(policy_loads.c.id.desc())
    )
    rows = books.tx.execute(choice).all()
    return [
        PolicyLoad(
            hash=row[0],
            loaded_at=instant(row[1]),
            files=files.get(row[0], ()),
            verdicts=int(judged.get(row[0], 0)),
            is_in_force=number == 0,
        )
        for number, row in enumerate(rows)
    ]


def hashes_like(books: Books, beginning: str) -> list[str]:
    """The hashes of stored policies that begin so."""
    choice = sa.select(policies.c.hash).where(
        books.of(policies), policies.c.hash.startswith(beginning, autoescape=True)
    )
    return sorted(books.tx.execute(choice).scalars())
