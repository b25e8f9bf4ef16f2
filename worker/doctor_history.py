# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the bulk events of a few tickets with their own audits: both must tell the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.doctor_finding import Finding
from worker.store.accounts import account_row
from worker.store.facts import load_tickets
from worker.store.facts_json import happenings_of
from worker.store.sync_progress import newest_tickets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from connector.base import Helpdesk
    from rules.facts import Happening
    from worker.settings import AccountSettings
    from worker.store.database import Database
    from worker.store.facts import StoredTicket

_COMPARED = 3
_CANDIDATES = 100
"""One call tells whether they have changed since they were stored."""
_ADVICE = "STIPT_ZENDESK_HISTORY=audits reads each changed ticket's own audits instead"


def look_at_history(
    database: Database, account: AccountSettings, helpdesk: Helpdesk
) -> Iterator[Finding]:
    """What the store has of some tickets by the bulk events, beside their audits, read now.

    Raises:
        HelpdeskError: the audits cannot be read.
    """
    if account.history == "audits":
        yield Finding("history", "comparison", "ok", "histories are read from the audits")
        return
    chosen = _chosen(database, account.name, helpdesk)
    for stored in chosen:
        told = differences(happenings_of(stored.history), helpdesk.ticket(stored.id).happenings)
        if told:
            seen = f"#{stored.id}: {', '.join(told)}"
            yield Finding("history", "comparison", "warn", seen, _ADVICE)
    if chosen:
        idents = ", ".join(f"#{one.id}" for one in chosen)
        seen = f"events and audits compared of {idents}"
        yield Finding("history", "compared", "ok", seen)
    else:
        seen = "no stored ticket to compare events and audits of yet"
        yield Finding("history", "compared", "ok", seen, "look again after a pass of stipt run")


def _chosen(database: Database, account: str, helpdesk: Helpdesk) -> list[StoredTicket]:
    """The latest tickets of which the events can have told all, as they stand now."""
    with database.read(account) as books:
        idents = newest_tickets(books, account_row(books).sync_from, _CANDIDATES)
    present = {one.facts.id: one.updated_at for one in helpdesk.tickets(idents)}
    with database.read(account) as books:
        stored = {one.id: one for one in load_tickets(books, idents)}
    settled = [
        stored[ident]
        for ident in idents
        if ident in stored and present.get(ident) == stored[ident].updated_at
    ]
    return settled[:_COMPARED]


def differences(events: Iterable[Happening], audits: Iterable[Happening]) -> list[str]:
    """In what two tellings of one history differ, in a few words each; empty for nothing."""
    first, second = ({one.id: _told(one) for one in told} for told in (events, audits))
    missing = [ident for ident in second if ident not in first]
    extra = [ident for ident in first if ident not in second]
    other = [ident for ident in first if ident in second and first[ident] != second[ident]]
    return [
        f"{len(found)} {words}"
        for found, words in (
            (missing, "happenings only in the audits"),
            (extra, "only in the events"),
            (other, "told differently"),
        )
        if found
    ]


def _told(one: Happening) -> tuple[object, ...]:
    """What a clock could depend on."""
    return one.at, one.kind, one.by, one.public, one.to, one.custom, one.field, one.into, one.of
