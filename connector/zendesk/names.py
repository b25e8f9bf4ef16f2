# SPDX-License-Identifier: GPL-3.0-or-later
"""Who and what the numbers on the wire stand for.

`Names` is filled from sideloads and a few lists and only read by the
normalisers, so that these stay free of network and clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from connector.zendesk.wire import text_id, utc
from connector.zendesk.words import field_value, language_of, slug
from rules.changes import OWN_FIELDS
from rules.facts import Organization, Requester

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from connector.zendesk.wire import (
        CustomStatusRow,
        NamedRow,
        OrganizationRow,
        TicketFieldRow,
        UserRow,
    )
    from rules.changes import OwnField
    from rules.facts import Author

SYSTEM_IDS: Final = frozenset({"-1", "0"})
_STAFF: Final = frozenset({"agent", "admin", "light_agent"})
_LIGHT_ROLE_TYPES: Final = frozenset({1, 3})
DROP_DOWNS: Final[tuple[OwnField, ...]] = ("sla_tier", "sla_state", "sla_target")

FIELD_TITLES: Final[dict[OwnField, str]] = {
    "sla_tier": "SLA tier",
    "sla_state": "SLA state",
    "sla_due_at": "SLA due at",
    "sla_due_date": "SLA due date",
    "sla_target": "SLA target",
    "sla_detail": "SLA detail",
}
FIELD_TYPES: Final[dict[OwnField, str]] = {
    "sla_tier": "tagger",
    "sla_state": "tagger",
    "sla_due_at": "text",
    "sla_due_date": "date",
    "sla_target": "tagger",
    "sla_detail": "textarea",
}


@dataclass(frozen=True, slots=True)
class CustomStatus:
    """A custom status; `name` is None for the one that is the category itself."""

    category: str
    name: str | None


@dataclass(slots=True)
class Names:
    """The account's people, customers and words, by id as text."""

    me: str | None = None
    bots: Callable[[], frozenset[str]] = frozenset
    people: dict[str, Requester] = field(default_factory=dict)
    agents: dict[str, str] = field(default_factory=dict)
    organizations: dict[str, Organization] = field(default_factory=dict)
    organizations_at: dict[str, datetime] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    brands: dict[str, str] = field(default_factory=dict)
    forms: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, CustomStatus] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    own_fields: dict[str, OwnField] = field(default_factory=dict)
    own_options: dict[str, tuple[OwnField, str]] = field(default_factory=dict)
    requesters: dict[str, str] = field(default_factory=dict)

    def author(self, person_id: str | None, requester_id: str | None) -> Author:
        """The word for who did something to a ticket whose requester is `requester_id`."""
        if person_id is None or person_id in SYSTEM_IDS:
            return "system"
        if person_id == self.me:
            return "stipt"
        if person_id in self.bots():
            return "system"
        if person_id == requester_id:
            return "requester"
        role = self.people[person_id].role if person_id in self.people else "end_user"
        if role == "light_agent":
            return "light_agent"
        return "agent" if role in {"agent", "admin"} else "end_user"

    def is_known(self, person_id: str | None) -> bool:
        """Whether `author` needs no look-up for this person."""
        return (
            person_id is None
            or person_id in SYSTEM_IDS
            or person_id == self.me
            or person_id in self.bots()
            or person_id in self.people
        )

    def named(self, attribute: str, number: str | None) -> str | None:
        """The name of a group, brand or form (`group_id` ...); the number where none is known."""
        if number is None:
            return None
        known = {"group_id": self.groups, "brand_id": self.brands, "ticket_form_id": self.forms}
        return known.get(attribute, {}).get(number, number)

    def organization(self, organization_id: str | None) -> Organization | None:
        """The customer's facts, or its bare id when nothing else is known."""
        if organization_id is None:
            return None
        return self.organizations.get(organization_id) or Organization(id=organization_id)

    def field_name(self, field_id: str) -> str:
        """What rule files call a custom field: its key, else its title, else its number."""
        return self.fields.get(field_id, field_id)

    def is_own_tag(self, tag: str) -> bool:
        """Whether a tag belongs to one of our own drop-downs."""
        if self.own_options:
            return tag in self.own_options
        return tag.startswith(("sla_state_", "sla_target_"))

    def learn_people(self, rows: Iterable[UserRow]) -> None:
        """Remember people with the role they have now, and agents by name too."""
        for row in rows:
            if row.id is None:
                continue
            found = person(row)
            self.people[str(row.id)] = found
            if row.name and found.role in _STAFF:
                self.agents[str(row.id)] = row.name

    def learn_organizations(self, rows: Iterable[OrganizationRow]) -> list[Organization]:
        """Remember customers; returns their facts."""
        met = [organization(row) for row in rows]
        for row, facts in zip(rows, met, strict=True):
            self.organizations[str(row.id)] = facts
            if row.updated_at is not None:
                self.organizations_at[str(row.id)] = utc(row.updated_at)
        return met

    def learn_groups(self, rows: Iterable[NamedRow]) -> None:
        """Remember the names of groups."""
        self.groups.update(_named(rows))

    def learn_brands(self, rows: Iterable[NamedRow]) -> None:
        """Remember the names of brands."""
        self.brands.update(_named(rows))

    def learn_forms(self, rows: Iterable[NamedRow]) -> None:
        """Remember the names of ticket forms."""
        self.forms.update(_named(rows))

    def learn_statuses(self, rows: Iterable[CustomStatusRow]) -> None:
        """Remember custom statuses; the defaults have no name of their own."""
        for row in rows:
            name = None if row.default else row.agent_label
            self.statuses[str(row.id)] = CustomStatus(row.status_category, name)

    def learn_fields(self, rows: Iterable[TicketFieldRow], mapped: dict[str, str]) -> None:
        """Remember the account's fields and find our own: as mapped, else by title and type."""
        rows = list(rows)
        self.own_fields = find_own_fields(rows, mapped)
        self.own_options = {}
        taken: dict[str, str] = {}
        for row in rows:
            own = self.own_fields.get(str(row.id))
            if own is not None:
                self._learn_options(own, row)
            else:
                self.fields[str(row.id)] = _free_name(row, taken)

    def _learn_options(self, own: OwnField, row: TicketFieldRow) -> None:
        for option in row.custom_field_options or []:
            word = option.value.removeprefix(f"{own}_")
            if own == "sla_tier" or word == option.value:
                word = option.name or word  # tiers keep the admin's spelling as their name
            self.own_options[option.value] = (own, word)


def option_tag(own: OwnField, word: str) -> str:
    """The tag of an option of our own drop-downs: `sla_state_at_risk`."""
    return f"{own}_{slug(word)}"


def person(row: UserRow) -> Requester:
    """A person as facts hold them."""
    role = (row.role or "end_user").replace("-", "_")
    if role == "agent" and row.role_type in _LIGHT_ROLE_TYPES:
        role = "light_agent"
    return Requester(
        id=text_id(row.id),
        role=role,
        language=language_of(row.locale),
        tags=tuple(row.tags or ()),
    )


def organization(row: OrganizationRow) -> Organization:
    """A customer as facts hold it; empty fields are left out."""
    values = {key: field_value(raw) for key, raw in (row.organization_fields or {}).items()}
    return Organization(
        id=str(row.id),
        name=row.name,
        fields={key: value for key, value in values.items() if value is not None},
        tags=tuple(row.tags or ()),
    )


def find_own_fields(rows: Iterable[TicketFieldRow], mapped: dict[str, str]) -> dict[str, OwnField]:
    """Our own fields by id: the mapped ones, the rest by their title and type."""
    by_id: dict[str, OwnField] = {
        mapped[own]: own for own in OWN_FIELDS if mapped.get(own) is not None
    }
    missing = {own for own in OWN_FIELDS if own not in by_id.values()}
    for row in rows:
        for own in sorted(missing):
            if row.title == FIELD_TITLES[own] and row.type == FIELD_TYPES[own]:
                by_id.setdefault(str(row.id), own)
                missing.discard(own)
    return by_id


def _named(rows: Iterable[NamedRow]) -> dict[str, str]:
    return {str(row.id): row.name for row in rows if row.name}


def _free_name(row: TicketFieldRow, taken: dict[str, str]) -> str:
    """A name no other field has; the second of two equal titles goes by its number."""
    name = row.key or slug(row.title) or str(row.id)
    if name in taken:
        return str(row.id)
    taken[name] = str(row.id)
    return name
