# SPDX-License-Identifier: GPL-3.0-or-later
"""Search queries such as `type:ticket status<solved created>2026-11-01 printer`."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.sandbox.ticket_rules import PRIORITIES, STATUSES
from connector.sandbox.wire import epoch, iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.account import Account
    from connector.sandbox.records import Organization, Ticket, User

TERM = re.compile(r"(-?)(\w+)(:|>=|<=|>|<)(.*)")
TIMES = {
    "created": "created",
    "created_at": "created",
    "updated": "updated",
    "updated_at": "updated",
}
ORDERED = {"status": STATUSES, "priority": PRIORITIES}


@dataclass(frozen=True, slots=True)
class Term:
    """One `key:value` of a query, or a bare word with an empty key."""

    key: str
    operator: str
    value: str
    negated: bool = False


def parse(query: str) -> list[Term]:
    """The terms of a query; quotes keep words together."""
    try:
        words = shlex.split(query)
    except ValueError:
        words = query.split()
    terms = []
    for word in words:
        found = TERM.fullmatch(word)
        if found:
            terms.append(Term(found[2], found[3], found[4], bool(found[1])))
        else:
            terms.append(Term("", ":", word.lower()))
    return terms


def search(account: Account, query: str, kind: str | None) -> list[tuple[str, object]]:
    """Records with the name of their kind that fit all terms, newest first."""
    terms = parse(query)
    wanted = kind or next((term.value for term in terms if term.key == "type"), None)
    rest = [term for term in terms if term.key != "type"]
    found: list[tuple[int, str, object]] = []
    if wanted in {None, "ticket"}:
        tickets = (row for row in account.tickets.values() if not row.is_deleted)
        found += [(row.created, "ticket", row) for row in tickets if _fits_ticket(row, rest)]
    if wanted in {None, "user"}:
        found += [
            (row.created, "user", row) for row in account.users.values() if _fits_user(row, rest)
        ]
    if wanted in {None, "organization"}:
        customers = account.organizations.values()
        found += [(row.created, "organization", row) for row in customers if _fits_name(row, rest)]
    found.sort(key=lambda row: row[0], reverse=True)
    return [(name, row) for _, name, row in found]


def _fits_ticket(ticket: Ticket, terms: list[Term]) -> bool:
    return all(_ticket_term(ticket, term) != term.negated for term in terms)


def _ticket_term(ticket: Ticket, term: Term) -> bool:
    if term.key == "":
        return term.value in ticket.subject.lower() or term.value in ticket.description.lower()
    if term.key in TIMES:
        return _compare_time(getattr(ticket, TIMES[term.key]), term)
    if term.key in ORDERED:
        return _compare_word(getattr(ticket, term.key), term)
    if term.key == "tags":
        return term.value in ticket.tags
    if term.key.startswith("custom_field_"):
        ident = int(term.key.removeprefix("custom_field_") or 0)
        return str(ticket.values.get(ident, "")) == term.value
    check = _TICKET_VALUES.get(term.key)
    return check is not None and str(check(ticket)) == term.value


_TICKET_VALUES: dict[str, Callable[[Ticket], object]] = {
    "ticket_type": lambda ticket: ticket.type,
    "requester": lambda ticket: ticket.requester_id,
    "assignee": lambda ticket: ticket.assignee_id,
    "group": lambda ticket: ticket.group_id,
    "organization": lambda ticket: ticket.organization_id,
    "external_id": lambda ticket: ticket.external_id,
    "via": lambda ticket: ticket.channel,
    "subject": lambda ticket: ticket.subject,
}


def _fits_user(user: User, terms: list[Term]) -> bool:
    for term in terms:
        if term.key == "":
            good = term.value in user.name.lower() or term.value in (user.email or "").lower()
        elif term.key in TIMES:
            good = _compare_time(getattr(user, TIMES[term.key]), term)
        else:
            good = str(getattr(user, term.key, "")) == term.value
        if good == term.negated:
            return False
    return True


def _fits_name(organization: Organization, terms: list[Term]) -> bool:
    for term in terms:
        if term.key in {"", "name"}:
            good = term.value.lower() in organization.name.lower()
        elif term.key in TIMES:
            good = _compare_time(getattr(organization, TIMES[term.key]), term)
        elif term.key == "tags":
            good = term.value in organization.tags
        else:
            good = str(organization.fields.get(term.key, "")) == term.value
        if good == term.negated:
            return False
    return True


def _compare_time(at: int, term: Term) -> bool:
    if term.operator == ":":
        return iso(at).startswith(term.value)
    wanted = epoch(term.value)
    return wanted is not None and _ordered(at, wanted, term.operator)


def _compare_word(value: str | None, term: Term) -> bool:
    if term.operator == ":" or value is None:
        return (value or "none") == term.value
    words = ORDERED[term.key]
    if term.value not in words or value not in words:
        return False
    return _ordered(words.index(value), words.index(term.value), term.operator)


def _ordered(mine: int, theirs: int, operator: str) -> bool:
    return {
        ">": mine > theirs,
        ">=": mine >= theirs,
        "<": mine < theirs,
        "<=": mine <= theirs,
    }[operator]
