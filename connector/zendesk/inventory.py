# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what an account has of what rules may speak of: customers, their fields, statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct

from connector.base import Gone, Inventory
from connector.zendesk.calls import Call
from connector.zendesk.directory import Meta
from connector.zendesk.errors import Forbidden
from connector.zendesk.names import organization
from connector.zendesk.wire import CustomStatusRow, OrganizationRow

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from connector.zendesk.session import Session

T = TypeVar("T")

_PAGE: Final = 100


class _Field(Struct):
    key: str | None = None
    active: bool | None = True


class _Fields(Struct):
    organization_fields: list[_Field]


class _Statuses(Struct):
    custom_statuses: list[CustomStatusRow]


class _Organizations(Struct):
    organizations: list[OrganizationRow]
    meta: Meta = Meta()


class _Count(Struct):
    count: int


def read_inventory(session: Session, *, most_organizations: int) -> Inventory:
    """What the account has, in a call a hundred customers and two more.

    Raises:
        HelpdeskError: it cannot be read; what a plan lacks, or we may not read, is None.
    """
    rows: list[OrganizationRow] = []
    is_whole = _optional(lambda: _read_organizations(session, rows, most_organizations))
    return Inventory(
        organization_fields=_optional(lambda: _fields(session)),
        statuses=_optional(lambda: _statuses(session)),
        organizations=None if is_whole is None else tuple(map(organization, rows)),
        has_all_organizations=bool(is_whole),
    )


def count_changed(session: Session, since: datetime) -> int:
    """How many tickets have changed since that day, as the account's search counts them.

    Raises:
        HelpdeskError: it cannot be asked.
    """
    query = f"type:ticket updated>={since:%Y-%m-%d}"
    call = Call("GET", "/api/v2/search/count", "/search/count", params={"query": query})
    return session.get(call, _Count).count


def _optional(read: Callable[[], T]) -> T | None:
    """What a read gives; None where the plan lacks it or we may not read it."""
    try:
        return read()
    except (Forbidden, Gone):
        return None


def _fields(session: Session) -> frozenset[str]:
    call = Call("GET", "/api/v2/organization_fields", "/organization_fields")
    rows = session.get(call, _Fields).organization_fields
    return frozenset(row.key for row in rows if row.key and row.active)


def _statuses(session: Session) -> frozenset[str]:
    call = Call("GET", "/api/v2/custom_statuses", "/custom_statuses")
    rows = session.get(call, _Statuses).custom_statuses
    return frozenset(row.agent_label for row in rows if row.agent_label)


def _read_organizations(session: Session, rows: list[OrganizationRow], most: int) -> bool:
    """Add the customers to `rows`; False where there are more than `most`."""
    after: str | None = None
    while len(rows) < most:
        params = {"page[size]": str(min(_PAGE, most - len(rows)))}
        if after is not None:
            params["page[after]"] = after
        call = Call("GET", "/api/v2/organizations", "/organizations", params=params)
        page = session.get(call, _Organizations)
        rows += page.organizations
        after = page.meta.after_cursor if page.meta.has_more else None
        if after is None:
            return True
    return False
