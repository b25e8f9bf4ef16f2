# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that admins give: each one that is used has to be defined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.format.messages import shown
from rules.nearest import did_you_mean
from rules.resolve_calendars import ALWAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.folder import Folder, Section
    from rules.policy import CalendarChooser

_KINDS: Mapping[Section, str] = {
    "calendars": "calendar",
    "recipients": "recipient",
    "escalations": "escalation",
    "tiers": "tier",
    "customers": "customer",
    "obligations": "obligation",
}


def check_names(folder: Folder, choosers: Mapping[str, CalendarChooser]) -> None:
    """Report names that nothing defines, and choosers where one calendar is needed.

    Nothing is said about a section that could not be read as a whole.
    """
    for reference in folder.references:
        if reference.section in folder.doubtful or not reference.name.isprintable():
            continue  # what cannot be a name at all has been said where it was read
        known = list(folder.defined[reference.section])
        if reference.section == "calendars":
            known.append(ALWAYS)
        if reference.name not in known:
            kind = _KINDS[reference.section]
            message = f'there is no {kind} "{shown(reference.name)}"'
            hint = (
                did_you_mean(reference.name, known)
                if known
                else f"define it in {reference.section}"
            )
            folder.problem(reference.where, "STP101", reference.what, message, hint)
        elif reference.name in choosers and not _may_depend(reference.what):
            message = f"{reference.name} depends on the ticket"
            folder.problem(
                reference.where, "STP121", reference.what, message, "name one of its calendars"
            )


def _may_depend(what: str) -> bool:
    """Whether a chooser may stand at this place: only where there is a ticket to look at."""
    return what.startswith(("tiers.", "customers."))
