# SPDX-License-Identifier: GPL-3.0-or-later
"""An explanation as plain lines: facts, choice, then each cycle with its clock and its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.calendar_zones import time_zone
from rules.detail import stamp
from rules.duration import format_running
from rules.in_words import attributes, value_text
from rules.ticket_facts import happening_text, ticket_values

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from rules.explain import Explanation, Told
    from rules.ledger import ClockSegment
    from rules.policy import Policy, Target
    from rules.promises import Obligation
    from rules.steps import StepInstant
    from rules.verdict import CycleVerdict

_MOST_REJECTED = 10
_MOST_HAPPENINGS = 40
_NOTHING = {
    "no_organization": "the ticket has no organization",
    "no_tier": "no tier matches",
    "no_target": "the tier has no target that fits",
    "excluded": "the ticket is excluded",
}


def explanation_text(found: Explanation) -> str:
    """Plain lines for a terminal; instants in the calendar's zone with offset, and in UTC."""
    verdict = found.verdict
    judged_at, revision = stamp(verdict.judged_at), verdict.policy[:7]
    lines = [f"Ticket {verdict.ticket_id}, judged at {judged_at} by policy {revision}"]
    lines += ["", *_facts(found), "", *_choice(found)]
    if verdict.nothing:
        lines.append(f"No target: {_NOTHING[verdict.nothing]} ({verdict.nothing})")
    for number, row in enumerate(verdict.cycles):
        lines += ["", *_cycle(found, row, number)]
    if found.without_target:
        lines += ["", *(one.text() for one in found.without_target)]
    for one in found.kept:
        due = "" if one.due_at is None else f", due {stamp(one.due_at)}"
        kept = f"{one.measure}, cycle {one.cycle} stays on record as {one.state}{due}"
        reason = f"policy {one.policy[:7]} judged it by {one.rule}"
        lines += ["", f"{kept}: {reason}, and later rules do not change that"]
    return "\n".join(lines) + "\n"


def _facts(found: Explanation) -> list[str]:
    ticket, zone = found.ticket, time_zone(found.policy.settings.time_zone)
    lines = [
        "Facts",
        f"  created {_local(ticket.created_at, zone)} by {ticket.created_by} on {ticket.channel}",
    ]
    lines += [f"  {path}: {_named(path, value)}" for path, value in ticket_values(ticket).items()]
    past = [one for one in ticket.happenings if one.at <= found.verdict.judged_at]
    shown = past[-_MOST_HAPPENINGS:]
    if len(shown) < len(past):
        lines.append(f"  {len(past) - len(shown)} earlier happenings; --json lists them")
    for one in shown:
        event = f" (event {one.id})" if one.id else ""
        at = one.at.astimezone(zone)
        lines.append(f"  {at:%a %Y-%m-%d %H:%M:%S%z} {happening_text(one)} by {one.by}{event}")
    return lines


def _named(path: str, value: str) -> str:
    """A value as it is; a bare number where the helpdesk has a name is said to be one."""
    is_bare = path in ("brand", "group", "form") and value.isdigit()
    return f"number {value} (its name is read once a rule speaks of one)" if is_bare else value


def _choice(found: Explanation) -> list[str]:
    choice = found.verdict.choice
    customer = f", customer {choice.customer}" if choice.customer else ""
    lines = [
        f"Tier {choice.tier or 'none'}{customer}, priority {choice.priority or 'none'}",
        f"  because {found.because}",
    ]
    lines += [f"  not {reason}" for reason in found.rejected[:_MOST_REJECTED]]
    left = len(found.rejected) - _MOST_REJECTED
    if left > 0:
        lines.append(f"  nor {left} more; --json says why for each")
    if len(found.in_force) > 1:
        lines += [
            f"  since {stamp(item.since)}: tier {item.tier or 'none'}, "
            f"priority {item.priority or 'none'}"
            for item in found.in_force
        ]
    return lines


def _cycle(found: Explanation, row: CycleVerdict, number: int) -> list[str]:
    zone = time_zone(row.time_zone)
    title = f"{row.measure}, cycle {row.cycle}: {row.state}"
    if row.reason:
        title += f" ({row.reason})"
    used, of = format_running(row.elapsed_seconds), format_running(row.target_seconds)
    counted = f"counted {row.calendar} ({row.time_zone})"
    lines = [
        title,
        f"  rule {row.rule}: {_promise(row.target, row)}, priority {row.priority}, {counted}",
        *_chosen_calendar(found.calendars[number]),
        f"  used {used} of {of}, paused {format_running(row.paused_seconds)}",
        f"  started {_local(row.started_at, zone)}",
    ]
    for word, at in (
        ("due", row.due_at),
        ("ended", row.fulfilled_at),
        ("breached", row.breached_at),
        ("paused since", row.since),
    ):
        if at is not None:
            lines.append(f"  {word} {_local(at, zone)}")
    if row.ended_by is not None:
        lines.append(f"  ended by {row.ended_by}")
    lines += _clock(found.ledgers[number], zone)
    lines += _steps(found, row, zone)
    return lines + _consequences(found.policy, found.counts[number])


def _chosen_calendar(because: str | None) -> list[str]:
    return [] if because is None else [f"  calendar {because}"]


def _promise(target: Target, row: CycleVerdict) -> str:
    """The promise as it is written: "within 4h", "within 3 working days by closing"."""
    by_closing = " by closing" if target.by_closing else ""
    return f"within {value_text(target.within[row.priority])}{by_closing}"


def _clock(segments: Sequence[ClockSegment], zone: ZoneInfo) -> list[str]:
    return ["  clock:", *(_segment(one, zone) for one in segments)] if segments else []


def _segment(segment: ClockSegment, zone: ZoneInfo) -> str:
    start, end = segment.start.astimezone(zone), segment.end.astimezone(zone)
    span = f"{start:%a %Y-%m-%d %H:%M:%S} - {end:%a %Y-%m-%d %H:%M:%S}"
    line = f"    {span}  {segment.kind:7}"
    if segment.kind == "closed":
        named = segment.reason.removeprefix("closed").strip()
        return f"{line}           {named}".rstrip()
    seconds = format_running(segment.seconds)
    return f"{line} {seconds:>9}" + (f" {segment.reason}" if segment.kind == "paused" else "")


def _steps(found: Explanation, row: CycleVerdict, zone: ZoneInfo) -> list[str]:
    shown = [step for step in row.steps if step.at is not None or row.is_open]
    lines = []
    for step in shown:
        when = "not known yet" if step.at is None else _local(step.at, zone)
        mark = _mark(found, row, step)
        tell = f", tells {', '.join(step.step.tell)}" if step.step.tell else ""
        lines.append(f"    {step.key}: {when}, {mark}{tell} ({step.step.where})")
    return ["  steps:", *lines] if lines else []


def _mark(found: Explanation, row: CycleVerdict, step: StepInstant) -> str:
    """What became of a step: carried out and who was told of it, still to come, or passed."""
    key = (row.measure, row.cycle, step.key)
    if found.fired is not None and key in found.fired:
        return "sent" if found.told is None else _fates(found.fates(key))
    if step.at is None or step.at > found.verdict.judged_at:
        return "to come"
    return "passed" if found.fired is None else "due, not sent"


def _fates(told: Sequence[Told]) -> str:
    """Sent, when everybody was told; else what became of it and for whom."""
    if not told:
        return "done"  # a step that changes the ticket and tells nobody
    if all(one.fate == "sent" for one in told):
        return "sent"
    alike: dict[str, list[str]] = {}
    for one in told:
        said = _FATES[one.fate] + (f" ({one.detail})" if one.detail else "")
        alike.setdefault(said, []).append(one.recipient)
    return "; ".join(f"{said} for {', '.join(names)}" for said, names in alike.items())


_FATES = {
    "sent": "sent",
    "waiting": "waiting",
    "failed": "failed",
    "not sent": "not sent",
    "nobody": "nobody to tell",
}


def _consequences(policy: Policy, names: Sequence[str]) -> list[str]:
    return [f"  a miss counts in {_obligation(policy.obligations[name])}" for name in names]


def _obligation(obligation: Obligation) -> str:
    said = attributes(obligation)
    level = [f"{key} {said[key]}" for key in ("at_least", "at_most", "per") if key in said]
    credit = said.get("otherwise.credit", "none")
    known = [text for text in level if not text.endswith(" nothing")]
    costs = "" if credit in {"none", "nothing"} else f"; credit {credit}"
    return f"obligation {obligation.name} ({', '.join(known)}{costs})"


def _local(at: datetime, zone: ZoneInfo) -> str:
    """Wall time with offset, and UTC."""
    return f"{at.astimezone(zone).strftime('%a %Y-%m-%d %H:%M:%S%z')} ({stamp(at)})"
