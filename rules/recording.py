# SPDX-License-Identifier: GPL-3.0-or-later
"""A real ticket as a test: nothing of it but its times and what the rules look at.

Ids, names, texts, people and every value that no rule names are left out; a
value that a rule names stands in the rule files already. Groups that matter
only by changing become `group 1`, `group 2`. Times are kept.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.facts import Organization
from rules.policy import Not, PathIs
from rules.rehearsal import rehearse
from rules.select import condition_paths, pauses_of, selector_of
from rules.timeline import instant_of, seconds_of, timeline
from rules.trial_steps import local_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from rules.facts import Happening, Ticket, Value
    from rules.policy import Condition, Policy, Target
    from rules.rehearsal import Rehearsed
    from rules.timeline import Update
    from rules.verdict import CycleVerdict

Flow = str | list["Flow"] | dict[str, "Flow"]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./%-]*( [A-Za-z0-9_./%-]+)*")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]+([+-][0-9:]+)?( [A-Za-z_/+-]+)?")
_OFFSET = re.compile(r"[+-][0-9]{2}:[0-9]{2}$")
_WORDS_OF_YAML = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_ROLES = ("agent", "light_agent", "admin")
_OTHER_TICKET = "another ticket"


def record(ticket: Ticket, policy: Policy, now: datetime) -> str:
    """A file with one test that says what these rules make of the ticket.

    Args:
        ticket: a real ticket.
        policy: the rules whose verdicts become the expectations.
        now: where the test's clock stops, while a cycle of the ticket is open;
            else it stops at the ticket's last happening.

    Raises:
        ValueError: an instant lies in a year that no calendar counts.
    """
    until = _end(ticket, policy, now)
    rehearsed = rehearse(ticket, policy, until)
    zone = _zone(ticket, policy, rehearsed)
    mask = _Mask(policy, zone)
    lines = [
        "version: 1",
        "tests:",
        f"  - name: {flow(_name(ticket, rehearsed, zone))}",
        f"    ticket: {flow(mask.ticket(ticket))}",
    ]
    happenings = list(mask.happenings(ticket, seconds_of(until)))
    if happenings:
        lines += ["    happenings:", *(f"      - {flow(one)}" for one in happenings)]
    lines += [f"    until: {flow(local_text(until, zone))}", "    expect:"]
    lines += [f"      {key}: {flow(value)}" for key, value in _expectations(rehearsed, zone)]
    return "\n".join(lines) + "\n"


def _end(ticket: Ticket, policy: Policy, now: datetime) -> datetime:
    known = [seconds_of(one.at) for one in ticket.happenings if one.at <= now]
    last = instant_of(max([seconds_of(ticket.created_at), *known]))
    is_open = any(row.is_open for row in rehearse(ticket, policy, last).verdict.cycles)
    return max(now, last) if is_open else last


def _zone(ticket: Ticket, policy: Policy, rehearsed: Rehearsed) -> str:
    """The zone of the first calendar; the settings' where the creation's hour came twice."""
    rows = rehearsed.verdict.cycles
    zone = rows[0].time_zone if rows else policy.settings.time_zone
    return policy.settings.time_zone if _has_offset(ticket, zone) else zone


def _has_offset(ticket: Ticket, zone: str) -> bool:
    return _OFFSET.search(local_text(ticket.created_at, zone)) is not None


def _name(ticket: Ticket, rehearsed: Rehearsed, zone: str) -> str:
    choice = rehearsed.verdict.choice
    whose = choice.customer or choice.tier or "no tier"
    return f"recorded {whose} ticket by {ticket.channel}, {local_text(ticket.created_at, zone)}"


def _expectations(rehearsed: Rehearsed, zone: str) -> Iterator[tuple[str, Flow]]:
    choice = rehearsed.verdict.choice
    if choice.tier is not None:
        yield "tier", choice.tier
    if choice.customer is not None:
        yield "customer", choice.customer
    last: dict[str, CycleVerdict] = {row.measure: row for row in rehearsed.verdict.cycles}
    if not last:
        yield "first_reply", {"state": "none"}
    for measure, row in last.items():
        instants = (
            ("due", row.due_at),
            ("breached", row.breached_at),
            ("fulfilled", row.fulfilled_at),
        )
        told = {key: local_text(at, zone) for key, at in instants if at is not None}
        yield measure, {"state": row.state, **told}
    yield "steps", [one.written(zone) for one in rehearsed.fired]


@dataclass
class _Mask:
    """Lets through what the policy looks at; `known` is what was told, so that only news follow."""

    policy: Policy
    zone: str
    named: Mapping[str, frozenset[str]] = field(init=False)
    known: dict[str, Flow] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.named = _named_values(self.policy)
        self.targets = list(_targets(self.policy))
        self.pauses = {pauses_of(target) for target in self.targets}
        self.owns_groups = any(target.measure == "group_ownership" for target in self.targets)

    def ticket(self, ticket: Ticket) -> dict[str, Flow]:
        """The ticket as it was created."""
        plain = {
            "priority": ticket.priority,
            "type": ticket.type,
            "brand": ticket.brand,
            "group": ticket.group,
            "form": ticket.form,
            "tags": ticket.tags,
        }
        told: dict[str, Flow] = {"organization": self._organization(ticket.organization)}
        told["channel"] = ticket.channel
        told |= {key: _as_flow(self._value(key, value)) for key, value in plain.items()}
        told["fields"] = fields = self._fields("ticket.fields.", ticket.fields)
        self.known |= told | {f"ticket.fields.{key}": value for key, value in fields.items()}
        told = {key: value for key, value in told.items() if value}
        told |= self._people(ticket)
        self.known["status"] = status = self._status(ticket.status, ticket.custom_status)
        if status != "new":
            told["status"] = status
        has_offset = _has_offset(ticket, self.zone)
        created = local_text(ticket.created_at, self.zone)
        told["created"] = created if has_offset else f"{created} {self.zone}"
        return told

    def _people(self, ticket: Ticket) -> dict[str, Flow]:
        """What kind of people asked and created; not who."""
        requester: dict[str, Flow] = {}
        if ticket.requester.role in _ROLES:
            requester["role"] = ticket.requester.role
        language = self._value("language", ticket.requester.language)
        tags = self._value("requester.tags", ticket.requester.tags)
        requester |= {
            key: _as_flow(value) for key, value in (("language", language), ("tags", tags)) if value
        }
        told: dict[str, Flow] = {"requester": requester} if requester else {}
        if ticket.created_by != "end_user":
            told["created_by"] = ticket.created_by
        if not ticket.created_public:
            told["created_public"] = "false"
        return told

    def happenings(self, ticket: Ticket, until: int) -> Iterator[dict[str, Flow]]:
        """What happened to the ticket up to second `until`; `ticket` must have been told before."""
        created = seconds_of(ticket.created_at)
        others: dict[int, list[Happening]] = {}
        for one in sorted(ticket.happenings, key=lambda one: one.at):
            if one.kind not in ("status", "field", "organization"):
                others.setdefault(max(seconds_of(one.at), created), []).append(one)
        updates = {update.at: update for update in timeline(ticket, until).updates}
        for second in sorted(at for at in {*others, *updates} if at <= until):
            at: dict[str, Flow] = {"at": local_text(instant_of(second), self.zone)}
            comments = [self._other(one) for one in others.get(second, [])]
            changes = list(self._changes(updates[second])) if second in updates else []
            yield from ({**at, **told} for told in (*comments, *changes) if told)

    def _other(self, happening: Happening) -> dict[str, Flow]:
        """A comment, or an ending; a note that no person wrote moves no clock."""
        if happening.kind == "comment":
            if not happening.public and happening.by in ("system", "stipt"):
                return {}
            told: dict[str, Flow] = {"comment" if happening.public else "note": happening.by}
            if happening.via == "side_conversation":
                told["via"] = happening.via
            return told
        if happening.kind == "comment_private":
            return {"private": local_text(happening.of, self.zone)} if happening.of else {}
        if happening.kind == "merged":
            return {"merged": _OTHER_TICKET}
        return {happening.kind: "true"}

    def _changes(self, update: Update) -> Iterator[dict[str, Flow]]:
        """What changed in one second, the last value of each; the clock does not ask by whom."""
        changed: dict[str, Flow] = {}
        for change in update.changes:
            if change.kind == "organization":
                changed["organization"] = self._organization(change.organization)
            elif change.field is not None and self._matters(change):
                changed[change.field] = _as_flow(self._value(change.field, change.to))
        news = {path: value for path, value in changed.items() if self._is_news(path, value)}
        if news:
            yield {"set": news}
        if update.has_status:
            status = self._status(update.status, update.custom)
            if status != self.known.get("status"):
                self.known["status"] = status
                yield {"status": status}

    def _matters(self, change: Happening) -> bool:
        path = change.field
        if path == "group" and self.owns_groups:
            return True
        if path == "priority" and change.by == "stipt":
            return False  # a raise never chooses a target, and the test's own steps raise again
        return path in selector_of(self.policy).paths

    def _is_news(self, path: str, value: Flow) -> bool:
        before = self.known.get(path) or ""
        self.known[path] = value
        return before != (value or "")

    def _organization(self, organization: Organization | None) -> dict[str, Flow]:
        found = organization or Organization()
        plain = {"id": found.id, "name": found.name, "tags": found.tags}
        told = {
            key: _as_flow(self._value(f"organization.{key}", value)) for key, value in plain.items()
        }
        told["fields"] = self._fields("organization.fields.", found.fields)
        return {key: value for key, value in told.items() if value}

    def _fields(self, prefix: str, fields: Mapping[str, Value]) -> dict[str, Flow]:
        let = {key: _as_flow(self._value(prefix + key, value)) for key, value in fields.items()}
        return {key: value for key, value in let.items() if value}

    def _value(self, path: str, value: Value) -> Value:
        """The value as far as a rule names it: what no rule names matches no rule."""
        if path == "priority":
            return value
        named = self.named.get(path, frozenset())
        if isinstance(value, tuple):
            return tuple(one for one in value if one in named)
        if value is None or value in named:
            return value
        if path == "group" and self.owns_groups:
            return self.groups.setdefault(value, f"group {len(self.groups) + 1}")
        return None

    def _status(self, status: str, custom: str | None) -> str:
        """The word that pauses the same clocks: the category, or the custom status's name."""
        with_custom = [not each.isdisjoint((status, custom)) for each in self.pauses]
        alone = [status in each for each in self.pauses]
        return status if custom is None or with_custom == alone else custom


def _as_flow(value: Value) -> Flow:
    if isinstance(value, tuple):
        return list(value)
    return value or ""


def _targets(policy: Policy) -> Iterator[Target]:
    for tier in policy.tiers:
        yield from tier.targets
    for contract in policy.contracts:
        yield from contract.targets


def _named_values(policy: Policy) -> dict[str, frozenset[str]]:
    """The values that rules name, by path."""
    named: dict[str, set[str]] = {}
    conditions = [one.match for one in policy.tiers]
    conditions += [one.match for one in policy.contracts]
    conditions += [target.when for target in _targets(policy)]
    for condition in conditions:
        for path in condition_paths(condition):
            named.setdefault(path, set()).update(_values_at(condition, path))
    for chooser in policy.choosers.values():
        named.setdefault(chooser.path, set()).update(chooser.cases)
    steps = [step for each in policy.escalations.values() for step in each]
    named.setdefault("group", set()).update(one.assign_group for one in steps if one.assign_group)
    return {path: frozenset(values) for path, values in named.items()}


def _values_at(condition: Condition, path: str) -> Iterable[str]:
    if isinstance(condition, PathIs):
        return condition.values if condition.path == path else ()
    if isinstance(condition, Not):
        return _values_at(condition.part, path)
    return [value for part in condition.parts for value in _values_at(part, path)]


def flow(value: Flow) -> str:
    """A value in YAML's flow style, on one line; quoted wherever it could be misread."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    if _TIME.fullmatch(value) or value in ("true", "false"):
        return value
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS_OF_YAML:
        return value
    return json.dumps(value, ensure_ascii=not value.isprintable())
