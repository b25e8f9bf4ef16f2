# SPDX-License-Identifier: GPL-3.0-or-later
"""What a connection must know of the rules when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.select import selector_of

if TYPE_CHECKING:
    from rules.policy import Policy


def reads_names(policy: Policy) -> bool:
    """Whether rules speak of groups or brands, whose names need rights of their own."""
    told = any(one.ticket == "group" for one in policy.recipients.values())
    assigned = any(step.assign_group for steps in policy.escalations.values() for step in steps)
    return told or assigned or bool(selector_of(policy).paths & {"group", "brand"})


def needs_restart(before: Policy, after: Policy) -> list[str]:
    """What of `after` a connection that was made under `before` does not know, a sentence each."""
    found = []
    if reads_names(after) and not reads_names(before):
        found.append("the rules speak of groups or brands, whose names we asked no right to read")
    return found
