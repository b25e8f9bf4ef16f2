# SPDX-License-Identifier: GPL-3.0-or-later
"""What two policies mean differently, in words; how they are written plays no part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from rules.in_words import NOTHING
from rules.outline import outline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rules.outline import Block
    from rules.policy import Policy

Kind = Literal["added", "removed", "changed"]

_SIGNS: dict[Kind, str] = {"added": "+", "removed": "-", "changed": "~"}
_MOST_DATES = 12
_LOOK_AHEAD_YEARS = 2


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: a block, or a key of it. `old` and `new` are in words."""

    kind: Kind
    block: str
    key: str | None = None
    old: str | None = None
    new: str | None = None

    def text(self) -> str:
        """Such as "~ tier premium, first_reply: within 4h -> 2h"."""
        head = f"{_SIGNS[self.kind]} {self.block}"
        if self.key is None:
            shown = self.new if self.kind == "added" else self.old
            return f"{head}: {shown}" if shown else head
        moved = " -> ".join(value for value in (self.old, self.new) if value is not None)
        return f"{head}: {self.key} {moved}"

    def to_json(self) -> dict[str, str | None]:
        """One object with stable keys."""
        return {
            "kind": self.kind,
            "block": self.block,
            "key": self.key,
            "old": self.old,
            "new": self.new,
        }


def differences(before: Policy, after: Policy, since: date) -> tuple[Difference, ...]:
    """What `after` means differently; empty exactly when both have one hash.

    Args:
        before: the policy before.
        after: the policy after.
        since: holidays are listed from this day on, earlier ones only counted.
    """
    old, new = outline(before), outline(after)
    found: list[Difference] = []
    for title in [*old, *(title for title in new if title not in old)]:
        found += _of_block(title, old.get(title), new.get(title), since)
    for name, one, other in _orders(before, after):
        if one != other:
            found.append(Difference("changed", name, "order", ", ".join(one), ", ".join(other)))
    return tuple(found)


def _of_block(
    title: str, before: Block | None, after: Block | None, since: date
) -> Iterator[Difference]:
    if before is None and after is not None:
        yield Difference("added", title, new=_summary(after.values))
    elif after is None and before is not None:
        yield Difference("removed", title, old=_summary(before.values))
    elif before is not None and after is not None:
        yield from _of_values(title, before.values, after.values)
        yield from _of_holidays(title, before.holidays, after.holidays, since)


def _summary(values: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items() if value != NOTHING)


def _of_values(
    title: str, before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[Difference]:
    for key in [*before, *(key for key in after if key not in before)]:
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if old is None or new is None:
            yield Difference("added" if old is None else "removed", title, key, old, new)
        else:
            yield Difference("changed", title, key, old, new)


def _of_holidays(
    title: str, before: Mapping[date, str], after: Mapping[date, str], since: date
) -> Iterator[Difference]:
    gone = _dates(sorted(before.keys() - after.keys()), before, since)
    come = _dates(sorted(after.keys() - before.keys()), after, since)
    if gone:
        yield Difference("removed", title, "holidays", old=gone)
    if come:
        yield Difference("added", title, "holidays", new=come)


def _dates(days: Sequence[date], names: Mapping[date, str], since: date) -> str:
    """The next dates by name, the others as a number."""
    until = date(min(since.year + _LOOK_AHEAD_YEARS, 9999), since.month, min(since.day, 28))
    near = [day for day in days if since <= day < until][:_MOST_DATES]
    shown = [f"{day} {names[day]}".rstrip() for day in near]
    others = len(days) - len(near)
    if others:
        shown.append(f"{others} {'more' if near else 'other'} dates, {days[0]} to {days[-1]}")
    return ", ".join(shown)


def _orders(before: Policy, after: Policy) -> Iterator[tuple[str, list[str], list[str]]]:
    """Where order matters: the tiers, and the targets of each agreement."""
    yield (
        "tiers",
        *_common([tier.name for tier in before.tiers], [tier.name for tier in after.tiers]),
    )
    old, new = list(outline(before)), list(outline(after))
    owners = [title for title in old if title in new and title.startswith(("tier ", "customer "))]
    for owner in owners:
        if ", " not in owner:
            inside = f"{owner}, "
            yield (
                f"{owner}, targets",
                *_common(
                    [title.removeprefix(inside) for title in old if title.startswith(inside)],
                    [title.removeprefix(inside) for title in new if title.startswith(inside)],
                ),
            )


def _common(before: list[str], after: list[str]) -> tuple[list[str], list[str]]:
    shared = set(before) & set(after)
    return [one for one in before if one in shared], [one for one in after if one in shared]
