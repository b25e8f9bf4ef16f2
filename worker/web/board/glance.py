# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures at a glance on the board's first page: what is due, kept, and at risk."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from rules.attainment import percent_of
from rules.periods import start_of
from worker.reporting.language import ENGLISH
from worker.reporting.prospects import percent, sentence
from worker.view.speech import worked
from worker.web.board.markup import Html, e

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.records import PhoneQueue
    from rules.summaries import Percentile, Summary
    from rules.teamwork import GroupLine
    from worker.reporting.prospects import Prospect
    from worker.reporting.standing import Standing
    from worker.web.board.layout import Scene
    from worker.web.board.snapshot import Held

_MOST_FORECASTS: Final = 3
_MOST_TIERS: Final = 8
_FRESH: Final = timedelta(minutes=5)
"""Who waited on the phone earlier than that says nothing of now."""


def glance(
    scene: Scene,
    held: Held,
    known: tuple[Standing, datetime] | None,
    queue: tuple[PhoneQueue, datetime] | None = None,
) -> Html:
    """Numbers of all open tickets, of the phone, and of the running month as last counted."""
    overdue, today = _dues(scene, held)
    tiles = [_tile(f"{overdue:,}", "open overdue", "bad" if overdue else "ok")]
    tiles.append(_tile(f"{today:,}", "due today", None))
    if queue is not None and scene.now - queue[1] <= _FRESH:
        tiles.append(_phone(queue[0]))
    parts: list[Html | None] = []
    if known is not None:
        standing, counted_at = known
        tiles += [*_money(standing), *_first_contact(standing)]
        parts = [_forecasts(scene, standing), _month(scene, standing, counted_at)]
    return e("section", e("ul", *tiles, class_="figures"), *parts, class_="glance", id="glance")


def _tile(number: str, name: str, tone: str | None) -> Html:
    return e("li", e("b", number), e("span", name), data_tone=tone)


def _phone(queue: PhoneQueue) -> Html:
    told = "waiting on the phone"
    if queue.waiting:
        longest = queue.longest_wait_seconds
        told += f", the longest for {worked(longest) if longest >= 60 else f'{longest} s'}"
    return _tile(f"{queue.waiting:,}", told, "warn" if queue.waiting else "ok")


def _dues(scene: Scene, held: Held) -> tuple[int, int]:
    """Open tickets past a due, and those with one still to come today."""
    now, zone = scene.second, scene.say.zone
    day = scene.now.astimezone(zone).date() + timedelta(days=1)
    midnight = int(start_of(day, zone.key).timestamp())
    overdue = today = 0
    for ticket in held.tickets:
        dues = [one.due_at for one in ticket.cycles if one.state != "paused" and one.due_at]
        overdue += any(due < now for due in dues)
        today += any(now <= due < midnight for due in dues)
    return overdue, today


def _money(standing: Standing) -> list[Html]:
    tiles = []
    for one in standing.money:
        if one.owed:
            owed = ENGLISH.money(one.owed, one.currency)
            tiles.append(_tile(owed, "credits owed already", "bad"))
        at_risk = ENGLISH.money(one.at_risk, one.currency)
        told = "more credits at risk" if one.owed else "credits at risk"
        tiles.append(_tile(at_risk, told, "warn" if one.at_risk else "ok"))
    return tiles


def _first_contact(standing: Standing) -> list[Html]:
    n = sum(one.n_contacts for one in standing.solves)
    if not n:
        return []
    met = sum(one.n_first_contact for one in standing.solves)
    return [_tile(f"{percent_of(met, n)} %", f"resolved at first contact ({met:,} of {n:,})", None)]


def _forecasts(scene: Scene, standing: Standing) -> Html | None:
    """The promises that are closest to a miss."""
    close = [one for one in standing.prospects if one.outlook in ("lost", "at_risk")]
    if not close:
        return None
    items = [forecast_item(one) for one in close[:_MOST_FORECASTS]]
    more = len(close) - len(items)
    link = e("a", f"{more} more" if more else "All promises", href=scene.link("/reports"))
    return e("ul", *items, e("li", link), class_="forecasts", aria_label="Promises at risk")


def forecast_item(one: Prospect) -> Html:
    """A sentence about a promise."""
    tone = "bad" if one.outlook == "lost" else "warn"
    return e("li", f"{sentence(one, ENGLISH)}.", data_tone=tone)


def _month(scene: Scene, standing: Standing, counted_at: datetime) -> Html | None:
    """Attainment by tier against what is promised, and durations by measure."""
    lines = sorted(standing.tiers, key=lambda one: -one.summary.n_decided)[:_MOST_TIERS]
    if not lines:
        return None
    rows = [_tier_row(scene, standing, one) for one in lines if one.name is not None]
    heads = ["Tier", "Measure", "In time", "Promised", "Median", "9 of 10 within"]
    total = [_measure_row(one) for one in standing.measures]
    table = e(
        "table",
        e("thead", e("tr", *[e("th", name, scope="col") for name in heads])),
        e("tbody", *rows),
        e("tbody", *total),
    )
    at = int(counted_at.timestamp())
    title = f"This month so far, {standing.month}"
    return e(
        "details",
        e("summary", title, *_against_promises(standing, lines)),
        e("div", table, class_="scroll", role="region", tabindex="0", aria_label=title),
        e("p", f"Due up to now and decided; counted at {scene.say.at(at)}.", class_="soft"),
        class_="card",
    )


def _against_promises(standing: Standing, lines: Sequence[GroupLine]) -> list[Html]:
    """What tiers came to of what was promised: the tickets come first, the table when wanted."""
    told = []
    for one in lines:
        level = _promised(standing.prospects, one)
        if one.name is None or level is None:
            continue
        words = f"{one.name} {ENGLISH.name('measures', one.measure)} {_share(one.summary)}"
        tone = "bad" if _is_low(one.summary, level) else "ok"
        promised = f"{words}, promised {percent(level, ENGLISH)}"
        told.append(e("span", promised, class_="share", data_tone=tone))
    return told


def _is_low(found: Summary, level: Fraction | None) -> bool:
    share = Fraction(found.met, found.n_decided) if found.n_decided else None
    return level is not None and share is not None and share < level


def _tier_row(scene: Scene, standing: Standing, one: GroupLine) -> Html:
    level = _promised(standing.prospects, one)
    found = one.summary
    is_low = _is_low(found, level)
    name = e("a", one.name or "", href=scene.link("/", f"tier={one.name}"))
    return e(
        "tr",
        e("th", name, scope="row"),
        e("td", ENGLISH.name("measures", one.measure)),
        e("td", _share(found), data_tone="bad" if is_low else None, class_="share"),
        e("td", "" if level is None else percent(level, ENGLISH)),
        *_durations(found),
    )


def _measure_row(one: GroupLine) -> Html:
    return e(
        "tr",
        e("th", "All tiers", scope="row"),
        e("td", ENGLISH.name("measures", one.measure)),
        e("td", _share(one.summary), class_="share"),
        e("td", ""),
        *_durations(one.summary),
    )


def _durations(found: Summary) -> list[Html]:
    return [e("td", _duration(found.median)), e("td", _duration(found.p90))]


def _promised(prospects: Sequence[Prospect], line: GroupLine) -> Fraction | None:
    """The highest level that an obligation of the tier promises for the measure."""
    levels = [
        one.level
        for one in prospects
        if one.tier == line.name and one.of == line.measure and one.edge == "at_least"
    ]
    return max((one for one in levels if one is not None), default=None)


def _share(found: Summary) -> str:
    if not found.n_decided:
        return "n/a"
    return f"{found.percent} % ({found.met:,} of {found.n_decided:,})"


def _duration(one: Percentile | None) -> str:
    if one is None:
        return "n/a"
    return f"{'at least ' if one.is_at_least else ''}{worked(one.seconds)}"
