# SPDX-License-Identifier: GPL-3.0-or-later
"""Creating our ticket fields and adding options to them, with zenpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.zendesk.names import FIELD_TITLES, FIELD_TYPES
from connector.zendesk.setup_client import SetupClient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.zendesk.session import Session
    from connector.zendesk.wire import OptionRow
    from rules.changes import OwnField


class FieldSetup:
    """Creates our ticket fields and adds options to them."""

    def __init__(self, session: Session) -> None:
        self._client = SetupClient(session)

    def create(self, own: OwnField, options: Sequence[tuple[str, str]]) -> str:
        """Create one of our fields; returns its id.

        Args:
            own: which one.
            options: name and tag of each option, for drop-downs.

        Raises:
            HelpdeskError: the field was not created.
        """
        from zenpy.lib.api_objects import TicketField  # noqa: PLC0415 - heavy, set-up only

        field = TicketField(
            type=FIELD_TYPES[own],
            title=FIELD_TITLES[own],
            description="Kept by Stipt. What is changed by hand is put back.",
            visible_in_portal=False,
            editable_in_portal=False,
            **_options([{"name": name, "value": tag} for name, tag in options]),
        )
        with self._client.opened() as client:
            return str(client.ticket_fields.create(field).id)

    def add_options(
        self, field_id: str, held: Sequence[OptionRow], missing: Sequence[tuple[str, str]]
    ) -> None:
        """Add options to a drop-down; those it holds are sent along, or they would be lost.

        Raises:
            HelpdeskError: nothing was added.
        """
        from zenpy.lib.api_objects import TicketField  # noqa: PLC0415 - heavy, set-up only

        rows: list[dict[str, object]] = [
            {"id": row.id, "name": row.name, "value": row.value} for row in held
        ]
        rows.extend({"name": name, "value": tag} for name, tag in missing)
        field = TicketField(id=int(field_id), **_options(rows))
        with self._client.opened() as client:
            client.ticket_fields.update(field)


def _options(rows: list[dict[str, object]]) -> dict[str, object]:
    return {"custom_field_options": rows} if rows else {}
