# SPDX-License-Identifier: GPL-3.0-or-later
"""What a connection must know of the rules when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.select import selector_of

if TYPE_CHECKING:
    from connector.records import Stream
    from rules.policy import Policy
    from worker.settings import Reading

_CALLS: frozenset[Stream] = frozenset({"calls", "legs"})
_RATINGS: frozenset[Stream] = frozenset({"ratings"})
_NAMES: dict[Stream, str] = {"calls": "phone calls", "ratings": "ratings"}


def wanted_records(policy: Policy, reading: Reading) -> frozenset[Stream]:
    """What is read beside tickets: what obligations are counted from, all, or nothing."""
    if reading != "auto":
        return _CALLS | _RATINGS if reading == "on" else frozenset()
    promised = {one.of for one in policy.obligations.values()}
    calls = _CALLS if promised & {"phone_answer", "phone_abandoned"} else frozenset()
    return calls | (_RATINGS if "satisfaction" in promised else frozenset())


def reads_names(policy: Policy) -> bool:
    """Whether rules speak of groups or brands, whose names need rights of their own."""
    told = any(one.ticket == "group" for one in policy.recipients.values())
    assigned = any(step.assign_group for steps in policy.escalations.values() for step in steps)
    return told or assigned or bool(selector_of(policy).paths & {"group", "brand"})


def needs_restart(before: Policy, after: Policy, reading: Reading) -> list[str]:
    """What of `after` a connection that was made under `before` does not know, a sentence each.

    Where `reading` forbids what an obligation is counted from, a restart with
    the same settings would change nothing: then it says so.
    """
    found = []
    if reads_names(after) and not reads_names(before):
        found.append("the rules speak of groups or brands, whose names we asked no right to read")
    if "ratings" in wanted_records(after, reading) - wanted_records(before, reading):
        found.append("an obligation counts ratings, which we asked no right to read")
    if reading == "off" and (unread := wanted_records(after, "auto")):
        what = " and ".join(name for stream, name in _NAMES.items() if stream in unread)
        found.append(f"with STIPT_RECORDS=auto, as an obligation counts {what}, which nobody reads")
    return found
