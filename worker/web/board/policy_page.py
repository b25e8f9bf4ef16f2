# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the rules in force: tiers, customers, calendars, and what every default comes to."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rules.lint import lint
from rules.outline import outline
from worker.calendar_page import calendar_page
from worker.view.speech import said
from worker.web.board.icons import icon
from worker.web.board.layout import page
from worker.web.board.markup import Html, e
from worker.web.board.week_grid import week_grid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from starlette.responses import HTMLResponse

    from rules.outline import Block
    from rules.policy import Calendar, Policy, Target
    from rules.problems import Problem
    from worker.web.board.layout import Scene

_AHEAD: Final = timedelta(days=365)
_SHOWN_DAYS: Final = 8
_UNSAID: Final = frozenset({"nothing", "none", "as the measure does", "no"})
"""Values that a card leaves out; the resolved defaults have them all."""

_TERMS: Final = (
    ("match", "Holds for"),
    ("tier", "Tier"),
    ("serves", "Serves"),
    ("priority.default", "Priority"),
    ("priority.floor", "Never below"),
    ("commitment", "Commitment"),
    ("obligations", "Obligations"),
    ("fee", "Fee"),
    ("because", "Because"),
    ("covers", "Covers"),
    ("without", "Without"),
    ("review_by", "Review by"),
)
_TARGET_TERMS: Final = (
    ("within", "Within"),
    ("counted", "Counted in"),
    ("pause_on", "Paused by"),
    ("escalate", "Escalates"),
)
_ALWAYS: Final = "always"


def policy_page(scene: Scene, policy: Policy) -> HTMLResponse:
    """Everything that the rules say, as it is understood."""
    blocks = outline(policy)
    today = scene.now.astimezone(scene.say.zone).date()
    return page(
        scene,
        "policy",
        "Policy",
        e("h1", "Policy", e("code", policy.hash[:12], class_="status")),
        _findings(lint(policy, today)),
        e("h2", "Tiers", class_="part"),
        e("p", "Tried in this order; the first that matches holds.", class_="soft under"),
        e(
            "div",
            *(
                _agreement(blocks, f"tier {one.name}", one.name, one.targets)
                for one in policy.tiers
            ),
            class_="cards",
        ),
        *_customers(policy, blocks, scene),
        e("h2", "Calendars", class_="part"),
        e(
            "div",
            *(_calendar(calendar, place, today) for place, calendar in enumerate(_drawn(policy))),
            class_="cards",
        ),
        e(
            "details",
            e("summary", "Everything, with all defaults resolved"),
            e("div", *(_resolved(block) for block in blocks.values()), class_="blocks"),
            class_="card",
        ),
    )


def _findings(found: Sequence[Problem]) -> Html:
    """What the rules leave vague, and contracts that are to be looked at again."""
    if not found:
        return e(
            "p",
            icon("check"),
            e("span", "Nothing to review: no findings."),
            class_="callout",
            data_tone="ok",
        )
    items = [
        e(
            "li",
            e("b", f"{one.code} {one.what}".strip()),
            " ",
            one.message,
            e("span", f" {one.hint}", class_="soft") if one.hint else None,
            " ",
            e("code", f"{one.file}:{one.line}"),
        )
        for one in found
    ]
    number = "1 finding" if len(found) == 1 else f"{len(found)} findings"
    return e(
        "section",
        e("h2", f"To review: {number}"),
        e("ul", *items, class_="plain"),
        class_="card",
        data_tone="warn",
    )


def _customers(policy: Policy, blocks: Mapping[str, Block], scene: Scene) -> list[Html]:
    if not policy.contracts:
        return []
    cards = [
        _agreement(
            blocks,
            f"customer {one.name}",
            one.name,
            one.targets,
            _dates(scene, one.from_at, one.until_at),
        )
        for one in policy.contracts
    ]
    return [
        e("h2", "Customers with a contract", class_="part"),
        e("p", "Their own targets come before those of the tier.", class_="soft under"),
        e("div", *cards, class_="cards"),
    ]


def _dates(scene: Scene, start: datetime | None, end: datetime | None) -> list[tuple[str, str]]:
    """The first day, and the last one."""
    zone = scene.say.zone
    found = [] if start is None else [("From", str(start.astimezone(zone).date()))]
    if end is not None:
        found.append(("Until", str((end - timedelta(seconds=1)).astimezone(zone).date())))
    return found


def _agreement(
    blocks: Mapping[str, Block],
    block_title: str,
    name: str,
    targets: Sequence[Target],
    dates: Sequence[tuple[str, str]] = (),
) -> Html:
    block = blocks[block_title]
    terms = [
        (word, block.values[key])
        for key, word in _TERMS
        if block.values.get(key, "nothing") not in _UNSAID
    ]
    rows = [one for title, one in blocks.items() if title.startswith(f"{block_title}, ")]
    return e(
        "section",
        e("header", e("h3", name), e("code", block.place, class_="soft")),
        _pairs([*terms[:1], *dates, *terms[1:]]),
        _targets(name, rows, targets),
        class_="card agreement",
    )


def _targets(name: str, rows: Sequence[Block], targets: Sequence[Target]) -> Html | None:
    if not rows:
        return None
    used = [
        (key, word)
        for key, word in _TARGET_TERMS
        if any(row.values[key] not in _UNSAID for row in rows)
    ]
    heads = ("Measure", *(word for _, word in used))
    body = [
        e(
            "tr",
            e(
                "th",
                said("measure", target.measure),
                e("span", _when(row.title), class_="soft"),
                scope="row",
            ),
            *(e("td", _said(row.values[key])) for key, _ in used),
        )
        for row, target in zip(rows, targets, strict=True)
    ]
    table = e(
        "table",
        e("thead", e("tr", *(e("th", one, scope="col") for one in heads))),
        e("tbody", *body),
    )
    return e(
        "div", table, class_="scroll", role="region", tabindex="0", aria_label=f"Targets of {name}"
    )


def _when(block_title: str) -> str:
    _, _, when = block_title.partition(" when ")
    return f" when {when}" if when else ""


def _said(value: str) -> str:
    return "" if value in _UNSAID else value


def _drawn(policy: Policy) -> list[Calendar]:
    """The calendars of the rule files; the one that never closes only where there is no other."""
    own = [one for name, one in policy.calendars.items() if name != _ALWAYS]
    return own or list(policy.calendars.values())


def _calendar(calendar: Calendar, place: int, today: date) -> Html:
    found = calendar_page(calendar, today, today + _AHEAD)
    terms = [("Time zone", found.time_zone)]
    if found.cut_off:
        terms.append(
            ("Cut-off", f"{found.cut_off}: what comes later counts from the next open day")
        )
    days = sorted([*_holidays(found.holidays), *found.other_hours.items()])
    return e(
        "section",
        e("header", e("h3", calendar.name), e("code", str(calendar.where), class_="soft")),
        week_grid(calendar, place),
        _pairs(terms),
        *_days(days),
        class_="card",
    )


def _holidays(found: Mapping[date, str]) -> list[tuple[date, str]]:
    return [(day, name or "holiday") for day, name in found.items()]


def _days(days: Sequence[tuple[date, str]]) -> list[Html]:
    """Holidays and days with other hours: the next ones at once, the rest of a year folded."""
    if not days:
        return []
    listed = [
        e("div", e("dt", f"{day:%a} {day.day} {day:%b} {day.year}"), e("dd", name))
        for day, name in days
    ]
    rest = listed[_SHOWN_DAYS:]
    folded = e("details", e("summary", f"{len(rest)} more within a year"), e("dl", *rest))
    return [
        e("h4", "Holidays and other hours"),
        e("dl", *listed[:_SHOWN_DAYS]),
        *([folded] if rest else []),
    ]


def _pairs(terms: Sequence[tuple[str, str]]) -> Html:
    return e("dl", *(e("div", e("dt", name), e("dd", value)) for name, value in terms))


def _resolved(block: Block) -> Html:
    place = e("code", block.place, class_="soft") if block.place else None
    return e("details", e("summary", block.title, " ", place), _pairs(list(block.values.items())))
