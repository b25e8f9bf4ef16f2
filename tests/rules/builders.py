# SPDX-License-Identifier: GPL-3.0-or-later
"""Builders with defaults for policies, tickets and happenings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from rules.calendars import BusinessCalendar
from rules.evaluate import evaluate
from rules.facts import PRIORITIES, Happening, Organization, Ticket
from rules.policy import (
    EVERYTHING,
    Calendar,
    CalendarChooser,
    Condition,
    Contract,
    Policy,
    Settings,
    Span,
    Step,
    StepMoment,
    Target,
    Tier,
    Where,
)

if TYPE_CHECKING:
    from rules.verdict import CycleVerdict, Verdict

HERE = Where("rules.yaml", 1, 1)
WEEK = {day: [("09:00", "17:00")] for day in ("mon", "tue", "wed", "thu", "fri")}


def instant(text: str) -> datetime:
    """An instant written `2026-11-23 10:00` (UTC) or with an offset."""
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def span(text: str) -> Span:
    """`4h`, `30m`, `90s`, `3wd` (working days) or `30cd` (calendar days)."""
    for unit, kind, factor in (
        ("wd", "working_days", 1),
        ("cd", "calendar_days", 1),
        ("h", "seconds", 3600),
        ("m", "seconds", 60),
        ("s", "seconds", 1),
    ):
        if text.endswith(unit):
            return Span(kind, int(text.removesuffix(unit)) * factor)
    raise ValueError(text)


def a_calendar(name: str = "office", zone: str = "UTC", **more: Any) -> Calendar:
    cut_off = more.pop("cut_off", None)
    hours = more.pop("hours", WEEK)
    return Calendar(name, BusinessCalendar(zone, hours, **more), HERE, cut_off=cut_off)


def a_target(measure: str = "first_reply", within: Any = "4h", **more: Any) -> Target:
    if isinstance(within, dict):
        spans = {p: span(within.get(p) or within["otherwise"]) for p in PRIORITIES}
    else:
        spans = dict.fromkeys(PRIORITIES, span(within))
    more.setdefault("counted", "always")
    more.setdefault("where", HERE)
    return Target(measure=measure, within=spans, **more)


def a_tier(name: str = "standard", *targets: Target, match: Condition = EVERYTHING, **more: Any):
    more.setdefault("default_priority", "normal")
    return Tier(name=name, match=match, targets=targets, where=more.pop("where", HERE), **more)


def a_contract(name: str, match: Condition, tier: str, *targets: Target, **more: Any) -> Contract:
    return Contract(name=name, match=match, tier=tier, where=HERE, targets=targets, **more)


def a_step(label: str, **more: Any) -> Step:
    """A step at `50%`, `60m before`, `due` or `120m after` (minutes)."""
    if label.endswith("%"):
        moment = StepMoment("share", label, share=Fraction(int(label[:-1]), 100))
    elif label == "due":
        moment = StepMoment("due", label)
    else:
        amount, kind = label.split()
        moment = StepMoment(kind, label, seconds=int(amount[:-1]) * 60)
    return Step(at=moment, where=HERE, **{"tell": ("assignee",), **more})


def a_policy(*tiers: Tier, **more: Any) -> Policy:
    calendars = {"always": Calendar("always", BusinessCalendar.always_open("UTC"), HERE)}
    for calendar in more.pop("calendars", (a_calendar(),)):
        calendars[calendar.name] = calendar
    choosers = {c.name: c for c in more.pop("choosers", ())}
    settings = more.pop("settings", Settings(time_zone="UTC"))
    return Policy(
        hash="0" * 64,
        settings=settings,
        calendars=calendars,
        choosers=choosers,
        recipients=more.pop("recipients", {}),
        escalations=more.pop("escalations", {}),
        tiers=tiers,
        contracts=tuple(more.pop("contracts", ())),
        obligations={},
        **more,
    )


def a_chooser(name: str, path: str, cases: dict[str, str], default: str) -> CalendarChooser:
    return CalendarChooser(name, path, cases, default, HERE)


def a_ticket(created: str = "2026-11-23 10:00", *happenings: Happening, **more: Any) -> Ticket:
    more.setdefault("channel", "email")
    more.setdefault("organization", Organization("360001", "Acme BV"))
    return Ticket(id="4711", created_at=instant(created), happenings=happenings, **more)


def comment(at: str, by: str = "agent", **more: Any) -> Happening:
    return Happening(instant(at), "comment", by=by, **more)


def note(at: str, by: str = "agent", **more: Any) -> Happening:
    return Happening(instant(at), "comment", by=by, public=False, **more)


def status(at: str, to: str, by: str = "agent", **more: Any) -> Happening:
    return Happening(instant(at), "status", by=by, to=to, **more)


def change(at: str, path: str, to: Any, by: str = "agent") -> Happening:
    return Happening(instant(at), "field", by=by, field=path, to=to)


def cycle_of(verdict: Verdict, measure: str, number: int = 1) -> CycleVerdict:
    found = [row for row in verdict.cycles if (row.measure, row.cycle) == (measure, number)]
    assert len(found) == 1, [(row.measure, row.cycle) for row in verdict.cycles]
    return found[0]


def judged(ticket: Ticket, policy: Policy, now: str) -> Verdict:
    return evaluate(ticket, policy, instant(now))


def brief(row: CycleVerdict) -> tuple[Any, ...]:
    """State, due and elapsed minutes: what most tests look at."""
    due = None if row.due_at is None else row.due_at.strftime("%m-%d %H:%M")
    return (row.state, due, timedelta(seconds=row.elapsed_seconds) / timedelta(minutes=1))


def one_tier(*targets: Target, **more: Any) -> Policy:
    """A policy with these targets for everybody."""
    return a_policy(a_tier("standard", *targets), **more)


def row_of(
    ticket: Ticket, policy: Policy, now: str, measure: str = "first_reply", number: int = 1
) -> CycleVerdict:
    """One row of the ticket's verdict."""
    return cycle_of(judged(ticket, policy, now), measure, number)
