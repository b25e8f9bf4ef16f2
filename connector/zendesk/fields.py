# SPDX-License-Identifier: GPL-3.0-or-later
"""Our ticket fields: which an account has, which are missing, and making them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from connector.base import FieldsReport, Refused
from connector.zendesk.names import (
    DROP_DOWNS,
    FIELD_TITLES,
    FIELD_TYPES,
    find_own_fields,
    option_tag,
)
from connector.zendesk.setup import FieldSetup
from rules.changes import OWN_FIELDS
from rules.facts import MEASURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.zendesk.directory import Directory
    from connector.zendesk.session import Session
    from connector.zendesk.wire import TicketFieldRow
    from rules.changes import OwnField

STATES: Final = ("on_track", "at_risk", "breached", "paused", "met", "missed", "none")
_TEXTS: Final = frozenset({"text", "regexp"})


def ensure_fields(
    session: Session, directory: Directory, *, tiers: Sequence[str], dry_run: bool
) -> FieldsReport:
    """Create the fields and options that are missing; nothing is ever removed.

    Raises:
        Refused: a field that is mapped by the settings has another type, or is not there.
        HelpdeskError: the account could not be read or written.
    """
    rows = {str(row.id): row for row in directory.ticket_fields()}
    by_field = {own: number for number, own in _own(rows, session).items()}
    setup = FieldSetup(session)
    ids, created, changed, present = dict(by_field), [], [], []
    for own in OWN_FIELDS:
        wanted = wanted_options(own, tiers)
        if own not in by_field:
            created.append(own)
            if not dry_run:
                ids[own] = setup.create(own, wanted)
            continue
        row = rows[by_field[own]]
        held = row.custom_field_options or []
        missing = missing_options(own, row, wanted)
        if missing:
            changed.append(own)
            if not dry_run:
                setup.add_options(by_field[own], held, missing)
        else:
            present.append(own)
    if not dry_run and (created or changed):
        directory.reload()
    return FieldsReport(
        ids={own: ids[own] for own in OWN_FIELDS if own in ids},
        created=tuple(created),
        changed=tuple(changed),
        present=tuple(present),
    )


def wanted_options(own: OwnField, tiers: Sequence[str]) -> list[tuple[str, str]]:
    """Name and tag of each option that one of our drop-downs needs."""
    if own not in DROP_DOWNS:
        return []
    words = {"sla_tier": tuple(tiers), "sla_state": STATES, "sla_target": MEASURES}[own]
    shown = {word: word if own == "sla_tier" else _shown(word) for word in words}
    return [(shown[word], option_tag(own, word)) for word in words]


def missing_options(
    own: OwnField, row: TicketFieldRow, wanted: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Options that a field lacks; one that is there under the same name or tag will do."""
    held = row.custom_field_options or []
    tags = {option.value for option in held}
    names = {option.name for option in held} if own == "sla_tier" else set()
    return [(name, tag) for name, tag in wanted if tag not in tags and name not in names]


def _own(rows: dict[str, TicketFieldRow], session: Session) -> dict[str, OwnField]:
    found = find_own_fields(rows.values(), dict(session.account.field_ids))
    for number, own in found.items():
        row = rows.get(number)
        if row is None:
            raise Refused(f"{own} is mapped to field {number}, which is not there")
        if row.type != FIELD_TYPES[own] and not {row.type, FIELD_TYPES[own]} <= _TEXTS:
            raise Refused(f"{own} is mapped to a field of type {row.type}, not {FIELD_TYPES[own]}")
    return found


def _shown(word: str) -> str:
    return word.replace("_", " ").capitalize()


def titles(keys: Sequence[OwnField]) -> str:
    """Titles of fields, for a person."""
    return ", ".join(FIELD_TITLES[key] for key in keys)
