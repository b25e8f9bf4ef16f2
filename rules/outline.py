# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy as flat blocks of keys and values, with every default resolved.

This is what is compared when two policies differ, and what is shown when
somebody asks what the rules come to.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from rules.in_words import EMPTY, NOTHING, attributes, condition_text, key_of, value_text
from rules.policy import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from rules.policy import Calendar, Contract, Policy, Step, Target, Tier


_HOURS = "hours."


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a policy: its values by key in words, its holidays by date.

    `title` names it within the policy: "tier premium", "tier premium,
    first_reply when channel is phone". `place` is its file:line.
    """

    title: str
    place: str
    values: Mapping[str, str]
    holidays: Mapping[date, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The values as people read them, `key: value`.

        Weekdays with the same hours share a line, and at the end so do all
        keys of which nothing was said, and all lists that are empty.
        """
        told = {key: text for key, text in self.values.items() if text not in (NOTHING, EMPTY)}
        found = [
            f"{_joined([key for key, _ in run])}: {text}"
            for (_, text), run in groupby(told.items(), key=_same_hours)
        ]
        for unsaid in (EMPTY, NOTHING):
            keys = [key for key, text in self.values.items() if text == unsaid]
            found += [f"{', '.join(keys)}: {unsaid}"] if keys else []
        return found


def _same_hours(entry: tuple[str, str]) -> tuple[str, str]:
    """Entries in one line: those of hours with the same text; others stand alone by their key."""
    key, text = entry
    return (_HOURS if key.startswith(_HOURS) else key), text


def _joined(keys: list[str]) -> str:
    """`hours.mon-fri` of the keys of several days in a row."""
    if len(keys) == 1:
        return keys[0]
    return f"{keys[0]}-{keys[-1].removeprefix(_HOURS)}"


def outline(policy: Policy) -> dict[str, Block]:
    """The blocks of a policy by title, in the order of a rule folder."""
    return {block.title: block for block in _blocks(policy)}


def _blocks(policy: Policy) -> Iterator[Block]:
    yield Block("settings", "", attributes(policy.settings))
    for calendar in policy.calendars.values():
        yield _calendar(calendar)
    for chooser in policy.choosers.values():
        yield Block(f"calendar {chooser.name}", str(chooser.where), attributes(chooser))
    for recipient in policy.recipients.values():
        yield Block(f"recipient {recipient.name}", str(recipient.where), attributes(recipient))
    for name, steps in policy.escalations.items():
        yield from _escalation(name, steps)
    for tier in policy.tiers:
        yield from _agreement(f"tier {tier.name}", tier)
    for contract in policy.contracts:
        yield from _agreement(f"customer {contract.name}", contract)
    for obligation in policy.obligations.values():
        place = str(obligation.where)
        yield Block(f"obligation {obligation.name}", place, attributes(obligation))
    yield from _numbered(
        [
            Block(f"exclusion {_told(attributes(one))}", str(one.where), attributes(one))
            for one in policy.exclusions
        ]
    )


def _told(values: Mapping[str, str]) -> str:
    """What names an exclusion: its tickets or its window, and the reason."""
    what = values["tickets"]
    if what == EMPTY:
        what = f"{values['from']} to {values['until']}"
    return f"of {what} ({values['reason']})"


def _calendar(calendar: Calendar) -> Block:
    business = calendar.business
    values = {
        "time_zone": business.time_zone,
        "at_closing": business.at_closing,
        "cut_off": value_text(calendar.cut_off, "cut_off"),
        **{f"{_HOURS}{day}": _hours(pairs) for day, pairs in calendar.week.items()},
        **{f"extra_hours {day}": _hours(pairs) for day, pairs in calendar.extra_hours.items()},
        **{f"breaks {day}": _hours(pairs) for day, pairs in calendar.breaks.items()},
    }
    holidays = {day: calendar.holiday_names.get(day, "") for day in sorted(business.holidays)}
    return Block(f"calendar {calendar.name}", str(calendar.where), values, holidays)


def _hours(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{start}-{end}" for start, end in sorted(pairs)) or "closed"


def _escalation(name: str, steps: Sequence[Step]) -> Iterator[Block]:
    blocks = [
        Block(
            f"escalation {name}, step {step.at.label}",
            str(step.where),
            attributes(step, without=frozenset({"at"})),
        )
        for step in steps
    ]
    yield from _numbered(blocks)


def _agreement(title: str, agreement: Tier | Contract) -> Iterator[Block]:
    values = attributes(agreement, without=frozenset({"targets"}))
    yield Block(title, str(agreement.where), values)
    yield from _numbered([_target(title, target) for target in agreement.targets])


def _target(title: str, target: Target) -> Block:
    when = "" if target.when == EVERYTHING else f" when {condition_text(target.when)}"
    values = attributes(target, without=frozenset({"measure", "when", "by_closing"}))
    if target.pause_on is None:
        values[key_of("pause_on")] = "as the measure does"
    values["by"] = "closing" if target.by_closing else NOTHING
    return Block(f"{title}, {target.measure}{when}", str(target.where), values)


def _numbered(blocks: Sequence[Block]) -> Iterator[Block]:
    """The blocks, those that share a title told apart by their number."""
    seen: Counter[str] = Counter()
    for block in blocks:
        seen[block.title] += 1
        number = seen[block.title]
        title = block.title if number == 1 else f"{block.title} (number {number})"
        yield Block(title, block.place, block.values, block.holidays)
