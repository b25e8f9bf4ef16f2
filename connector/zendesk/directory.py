# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps `Names` filled: short lists at the start, sideloads on the way, look-ups for the rest."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from connector.base import CredentialsRejected, Gone
from connector.zendesk.calls import Call
from connector.zendesk.errors import Forbidden
from connector.zendesk.names import Names
from connector.zendesk.wire import (
    CustomStatusRow,
    NamedRow,
    OrganizationRow,
    TicketFieldRow,
    TicketRow,
    UserRow,
    text_id,
)
from rules.facts import Organization, Requester

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from connector.zendesk.session import Session

MOST_IDS: Final = 100
_STALE_AFTER: Final = timedelta(minutes=10)
_MOST_REQUESTERS: Final = 200_000


class Meta(Struct, frozen=True):
    """Where a list goes on."""

    has_more: bool = False
    after_cursor: str | None = None


class _Me(Struct):
    user: UserRow


class _Users(Struct):
    users: list[UserRow]
    meta: Meta = Meta()


class _Organizations(Struct):
    organizations: list[OrganizationRow]


class _Tickets(Struct):
    tickets: list[TicketRow]
    users: list[UserRow] = []


class _Fields(Struct):
    ticket_fields: list[TicketFieldRow]
    meta: Meta = Meta()


class _Statuses(Struct):
    custom_statuses: list[CustomStatusRow]


class _Groups(Struct):
    groups: list[NamedRow]
    meta: Meta = Meta()


class _Membership(Struct):
    user_id: int


class _Memberships(Struct):
    group_memberships: list[_Membership]


class _Brands(Struct):
    brands: list[NamedRow]
    meta: Meta = Meta()


class _Forms(Struct):
    ticket_forms: list[NamedRow]


class Directory:
    """The account's names, and how to learn more of them."""

    def __init__(self, session: Session) -> None:
        account = session.account
        self.names = Names(bots=account.bots)
        self._session = session
        self._mapped = dict(account.field_ids)
        self._loaded_at: datetime | None = None

    def ready(self) -> Names:
        """The names, with the account's short lists loaded once.

        Raises:
            CredentialsRejected: we are nobody to this account.
        """
        if self._loaded_at is None:
            self.reload()
        return self.names

    def reload(self) -> None:
        """Read the short lists again: our own user, fields, statuses, groups, brands, forms."""
        self.names.me = self.me().id
        self.names.learn_fields(self.ticket_fields(), self._mapped)
        self._optional(self._learn_statuses)
        self._optional(self._learn_groups)
        self._optional(self._learn_brands)
        self._optional(self._learn_forms)
        self._loaded_at = self._session.now()

    def me(self) -> Requester:
        """Our own user.

        Raises:
            CredentialsRejected: the answer is the anonymous user: wrong or no credentials.
        """
        row = self._session.get(Call("GET", "/api/v2/users/me", "/users/me"), _Me).user
        if row.id is None:
            raise CredentialsRejected("GET /users/me: nobody (anonymous user)")
        self.names.learn_people([row])
        return self.names.people[str(row.id)]

    def ticket_fields(self) -> list[TicketFieldRow]:
        """All ticket fields of the account."""
        rows: list[TicketFieldRow] = []
        after: str | None = None
        while True:
            page = self._session.get(_listing("ticket_fields", after), _Fields)
            rows.extend(page.ticket_fields)
            after = page.meta.after_cursor if page.meta.has_more else None
            if after is None:
                return rows

    def member_ids(self, group_id: str) -> list[str]:
        """The members of a group, at most 100."""
        call = Call(
            "GET",
            f"/api/v2/groups/{int(group_id)}/memberships",
            "/groups/{id}/memberships",
            params={"page[size]": "100"},
        )
        rows = self._session.get(call, _Memberships).group_memberships
        return [str(row.user_id) for row in rows]

    def users(self, ids: Sequence[str]) -> list[UserRow]:
        """People, at most 100; those who are not there are left out."""
        return self._session.get(_show_many("users", ids), _Users).users

    def refresh_for(self, rows: Iterable[TicketRow]) -> None:
        """Read the short lists again when rows name what is not in them, now and then."""
        if self._loaded_at is None or self._session.now() - self._loaded_at < _STALE_AFTER:
            return
        if any(self._names_something_new(row) for row in rows):
            self.reload()

    def learn_requesters(self, rows: Iterable[TicketRow]) -> None:
        """Remember whose tickets these are."""
        held = self.names.requesters
        for row in rows:
            requester_id = text_id(row.requester_id)
            if requester_id is not None:
                held[str(row.id)] = requester_id
        while len(held) > _MOST_REQUESTERS:
            del held[next(iter(held))]

    def look_up_people(self, ids: Iterable[str]) -> None:
        """Learn people that are not known yet; who cannot be found counts as an end user."""
        wanted = sorted({ident for ident in ids if not self.names.is_known(ident)})
        for some in _batches([ident for ident in wanted if ident.isdigit()]):
            self.names.learn_people(self.users(some))
            for ident in some:
                self.names.people.setdefault(ident, Requester(id=ident))

    def look_up_organizations(self, ids: Iterable[str]) -> list[Organization]:
        """Learn customers that are not known yet; returns those."""
        wanted = sorted({ident for ident in ids if ident not in self.names.organizations})
        met: list[Organization] = []
        for some in _batches([ident for ident in wanted if ident.isdigit()]):
            call = _show_many("organizations", some)
            met.extend(
                self.names.learn_organizations(
                    self._session.get(call, _Organizations).organizations
                )
            )
            for ident in some:
                self.names.organizations.setdefault(ident, Organization(id=ident))
        return met

    def look_up_requesters(self, ticket_ids: Iterable[str]) -> None:
        """Learn whose tickets these are, where that is not known."""
        wanted = sorted({ident for ident in ticket_ids if ident not in self.names.requesters})
        for some in _batches(wanted):
            page = self._session.get(_show_many("tickets", some, include="users"), _Tickets)
            self.learn_requesters(page.tickets)
            self.names.learn_people(page.users)

    def _names_something_new(self, row: TicketRow) -> bool:
        names = self.names
        seen = (
            (row.brand_id, names.brands),
            (row.ticket_form_id, names.forms),
            (row.custom_status_id, names.statuses),
        )
        if any(known and (text_id(raw) or "") not in known for raw, known in seen if raw):
            return True
        known_fields = names.fields.keys() | names.own_fields.keys()
        return any(str(item.id) not in known_fields for item in row.custom_fields)

    def _optional(self, learn: Callable[[], None]) -> None:
        """Names that a plan or a scope withholds stay numbers."""
        try:
            learn()
        except (Forbidden, Gone):
            return

    def _learn_statuses(self) -> None:
        call = Call("GET", "/api/v2/custom_statuses", "/custom_statuses")
        self.names.learn_statuses(self._session.get(call, _Statuses).custom_statuses)

    def _learn_groups(self) -> None:
        after: str | None = None
        while True:
            page = self._session.get(_listing("groups", after), _Groups)
            self.names.learn_groups(page.groups)
            after = page.meta.after_cursor if page.meta.has_more else None
            if after is None:
                return

    def _learn_brands(self) -> None:
        self.names.learn_brands(self._session.get(_listing("brands", None), _Brands).brands)

    def _learn_forms(self) -> None:
        call = Call("GET", "/api/v2/ticket_forms", "/ticket_forms")
        self.names.learn_forms(self._session.get(call, _Forms).ticket_forms)


def _listing(resource: str, after: str | None) -> Call:
    params = {"page[size]": "100"}
    if after is not None:
        params["page[after]"] = after
    return Call("GET", f"/api/v2/{resource}", f"/{resource}", params=params)


def _show_many(resource: str, ids: Sequence[str], **more: str) -> Call:
    return Call(
        "GET",
        f"/api/v2/{resource}/show_many",
        f"/{resource}/show_many",
        params={"ids": ",".join(ids), **more},
    )


def _batches(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    for start in range(0, len(ids), MOST_IDS):
        yield ids[start : start + MOST_IDS]
