# SPDX-License-Identifier: GPL-3.0-or-later
"""Tickets that a report lacks because they are not judged: which, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.store.verdict_rows import unjudged

if TYPE_CHECKING:
    from worker.store.database import Books
    from worker.store.verdict_rows import Waiting


def waiting_tickets(books: Books) -> list[str]:
    """A sentence on tickets that wait to be judged, and one on those in quarantine."""
    coming, aside = unjudged(books)
    told = []
    if coming.number:
        wait = "ticket waits" if coming.number == 1 else "tickets wait"
        told.append(
            f"{coming.number} {wait} to be judged ({_named(coming)}): a running stipt run does so "
            "soon, stipt run --once does it now"
        )
    if aside.number:
        lie = "ticket lies" if aside.number == 1 else "tickets lie"
        told.append(
            f"{aside.number} {lie} in quarantine and is not judged ({_named(aside)}): "
            "stipt quarantine show says why, stipt quarantine release lets it be tried again"
        )
    return told


def _named(waiting: Waiting) -> str:
    more = waiting.number - len(waiting.first)
    shown = ", ".join(f"#{one}" for one in waiting.first)
    return f"{shown} and {more} more" if more else shown
