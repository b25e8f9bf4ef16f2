# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiers from an account's SLA policies, or where it has none, from a field that looks like one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.duration import format_running
from rules.facts import PRIORITIES
from worker.yaml_text import flow, mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from connector.existing import (
        Existing,
        ExistingCondition,
        ExistingField,
        ExistingPolicy,
        ExistingTarget,
    )
    from rules.facts import Measure, Priority

_FOUR = len(PRIORITIES)
_TIER_LIKE = re.compile(r"tier|sla|plan|level|support|package|contract|service", re.IGNORECASE)


@dataclass(slots=True)
class Draft:
    """A tier as lines of a rule file, without its name's line.

    `reason` says why it stands there as a comment only. `values` are those
    that its match names, by path.
    """

    name: str
    title: str
    origin: str
    description: str
    lines: list[str]
    remarks: list[str] = field(default_factory=list)
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_for_everything: bool = False
    reason: str | None = None


def drafts(existing: Existing, office: str | None, reserved: Iterable[str]) -> list[Draft]:
    """A draft for each SLA policy, in their order; without any, for each value of a tier field.

    Args:
        existing: what the account says.
        office: the calendar for targets in business hours; None: the account has none.
        reserved: names that are taken.
    """
    names = set(reserved)
    if existing.policies:
        return [_of_policy(one, existing, office, names) for one in existing.policies]
    for one in existing.fields:
        if looks_like_a_tier(one):
            return [_of_option(one, option, names) for option in one.options]
    return []


def looks_like_a_tier(one: ExistingField) -> bool:
    """Whether a field's key or title sounds as if it held a level of service."""
    return bool(_TIER_LIKE.search(one.key) or _TIER_LIKE.search(one.title))


def name_of(title: str, kind: str, taken: set[str]) -> str:
    """A name of its own: small letters, digits, underscores, beginning with a letter."""
    plain = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:60]
    first = plain if plain[:1].isalpha() else f"{kind}_{plain}".rstrip("_")
    name, number = first, 1
    while name in taken:
        number += 1
        name = f"{first}_{number}"
    taken.add(name)
    return name


def _of_option(one: ExistingField, option: str, names: set[str]) -> Draft:
    path = f"organization.fields.{one.key}"
    return Draft(
        name=name_of(option, "tier", names),
        title=option,
        origin=f"The value of {path}",
        description="",
        lines=[
            f"    match: {mapping([(path, flow([option]))])}",
            "    targets: []",
            "    #  - {measure: first_reply, within: 4h, counted: always}",
        ],
        values={path: (option,)},
    )


def _of_policy(
    policy: ExistingPolicy, existing: Existing, office: str | None, names: set[str]
) -> Draft:
    conditions = (*policy.all_of, *policy.any_of)
    draft = Draft(
        name=name_of(policy.title, "tier", names),
        title=policy.title,
        origin="The SLA policy",
        description=policy.description,
        lines=[f"    match: {_match(policy)}", *_targets(policy.targets, office)],
        remarks=[*policy.remarks, *_remarks(policy, existing, office)],
        values=_values(conditions),
        is_for_everything=not conditions,
    )
    unsaid = [one.told for one in conditions if one.path is None]
    if unsaid:
        draft.reason = f"rule files have no words for: {'; '.join(unsaid)}"
    return draft


def _values(conditions: Iterable[ExistingCondition]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for one in conditions:
        if one.path is not None:
            found[one.path] = (*found.get(one.path, ()), *one.values)
    return found


def _remarks(policy: ExistingPolicy, existing: Existing, office: str | None) -> list[str]:
    texts = []
    if any(one.in_business_hours for one in policy.targets):
        if office is None:
            texts.append(
                "Its targets run in business hours, but the account has no schedule, and Zendesk "
                "then counts round the clock."
            )
        elif len(existing.calendars or ()) > 1:
            texts.append(
                f"Its targets run in business hours; {office} is the account's first schedule, "
                "triggers may set another."
            )
    if [one.path for one in (*policy.all_of, *policy.any_of)] == ["organization.id"]:
        texts.append("It holds for one customer alone: perhaps it belongs under customers.")
    return texts


def _match(policy: ExistingPolicy) -> str:
    parts = [_part(one) for one in policy.all_of]
    some = [_part(one) for one in policy.any_of]
    if len(some) == 1:
        parts += some
    elif some:
        parts.append(("any", f"[{', '.join(mapping([part]) for part in some)}]"))
    if not parts:
        return "everything"
    if len({key for key, _ in parts}) == len(parts):
        return mapping(parts)
    return mapping([("all", f"[{', '.join(mapping([part]) for part in parts)}]")])


def _part(one: ExistingCondition) -> tuple[str, str]:
    if one.path is None:
        return "#", one.told
    said = (one.path, flow(one.values))
    return ("not", mapping([said])) if one.is_negated else said


def _targets(targets: Sequence[ExistingTarget], office: str | None) -> list[str]:
    if not targets:
        return ["    targets: []"]
    together: dict[tuple[Measure, bool], dict[Priority, int]] = {}
    for one in targets:
        within = together.setdefault((one.measure, one.in_business_hours), {})
        within[one.priority] = one.seconds
    lines = ["    targets:"]
    for (measure, in_business_hours), within in together.items():
        counted = office if in_business_hours and office else "always"
        pairs = [("measure", str(measure)), *_within(within), ("counted", counted)]
        lines.append(f"      - {mapping(pairs)}")
    return lines


def _within(within: Mapping[Priority, int]) -> list[tuple[str, str]]:
    """`within` for all priorities; for some of them also the `when` that names them."""
    ordered = [one for one in reversed(PRIORITIES) if one in within]
    texts = [(str(one), format_running(within[one])) for one in ordered]
    pairs = [] if len(ordered) == _FOUR else [("when", mapping([("priority", flow(ordered))]))]
    if len(set(within.values())) == 1:
        return [*pairs, ("within", texts[0][1])]
    if len(ordered) < _FOUR:
        texts.append(("otherwise", format_running(max(within.values()))))
    return [*pairs, ("within", mapping(texts))]
