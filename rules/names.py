# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that admins give: each one that is used has to be defined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.format.forms import LONGEST_LINE
from rules.format.messages import shown
from rules.nearest import did_you_mean
from rules.resolve_calendars import ALWAYS
from rules.trials import NO_CUSTOMER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.folder import Folder, Reference, Section
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
        name = reference.name.strip()
        if reference.section in folder.doubtful or not _can_be_read(name):
            continue  # what cannot be a name at all has been said where it was read
        if name not in _known(reference, folder):
            message = f'there is no {_KINDS[reference.section]} "{shown(name)}"'
            hint = _hint(reference, name, folder)
            folder.problem(reference.where, "STP101", reference.what, message, hint)
        elif name in choosers and not _may_depend(reference.what):
            message = f"{name} depends on the ticket"
            folder.problem(
                reference.where, "STP121", reference.what, message, "name one of its calendars"
            )
    if NO_CUSTOMER in folder.defined["customers"]:
        where = folder.defined["customers"][NO_CUSTOMER]
        hint = "tests write customer: none where no contract holds"
        message = f'"{NO_CUSTOMER}" cannot be the name of a customer'
        folder.problem(where, "STP029", f"customers.{NO_CUSTOMER}", message, hint)


def _can_be_read(name: str) -> bool:
    return bool(name) and name.isprintable() and len(name) <= LONGEST_LINE


def _known(reference: Reference, folder: Folder) -> list[str]:
    known = list(folder.defined[reference.section])
    if reference.section == "calendars":
        known.append(ALWAYS)
    if reference.section == "customers":  # only tests refer to customers
        known.append(NO_CUSTOMER)
    return known


def _hint(reference: Reference, name: str, folder: Folder) -> str:
    known = _known(reference, folder)
    if reference.section == "tiers" and name == NO_CUSTOMER:
        return "every ticket has a tier: the last one matches everything"
    if reference.section == "customers" and known == [NO_CUSTOMER]:
        return "define it in customers, or write none for no contract"
    return did_you_mean(name, known) if known else f"define it in {reference.section}"


def _may_depend(what: str) -> bool:
    """Whether a chooser may stand at this place: only where there is a ticket to look at."""
    return what.startswith(("tiers.", "customers."))
