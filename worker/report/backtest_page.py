# SPDX-License-Identifier: GPL-3.0-or-later
"""A back-test as a page with pictures."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from connector.history.values import as_iso
from rules.backtest import OUTCOMES
from worker.backtest_cases import cases
from worker.backtest_summary import flips, of_all, of_customers, of_tiers, shifts, turns
from worker.backtest_words import (
    OUTCOME_WORDS,
    change_table,
    counted,
    findings,
    flip_table,
    n,
    share,
    shift_label,
    sides,
)
from worker.report.charts import Bar, Group, bars, flow
from worker.report.drawing import Picture
from worker.report.page import both_widths, cards, heading, page, paragraph, table

if TYPE_CHECKING:
    from rules.attainment import Attainment
    from worker.backtest import Backtest
    from worker.backtest_summary import Kept

_MOST_CUSTOMERS = 50


def backtest_page(found: Backtest) -> str:
    """The whole page; the same back-test gives the same bytes."""
    parts = [
        *_top(found),
        *_attainment(found),
        *_verdicts(found),
        *_targets(found),
        *_cases(found),
        *_method(found),
    ]
    return page("What a change of rules would have done", parts)


def _top(found: Backtest) -> list[str]:
    effects = found.effects
    turned = flips(effects)
    hashes = (found.before.hash, found.after.hash)
    now = "no instant" if found.now is None else as_iso(found.now)
    return [
        "<h1>What a change of rules would have done</h1>",
        paragraph(
            f"{found.history}: {counted(effects.n_tickets, 'ticket')} judged as of {now}; "
            f"{sides(found.names, hashes)}",
            "soft",
        ),
        cards(
            [
                (n(effects.tickets["affected"]), "tickets affected"),
                (n(effects.tickets["gained"]), "gain a target"),
                (n(effects.tickets["lost"]), "lose a target"),
                (n(effects.tickets["changed"]), "have a target changed"),
                (n(sum(one.met_to_breached for one in turned)), "cycles met, now breached"),
                (n(sum(one.breached_to_met for one in turned)), "cycles breached, now met"),
            ]
        ),
        *map(paragraph, findings(found)),
    ]


def _attainment(found: Backtest) -> list[str]:
    kept = of_tiers(found)
    if not kept:
        return []
    parts = [
        heading("Attainment per tier"),
        both_widths(lambda width, suffix: _tier_bars(kept, width, suffix)),
        _kept_table("Cycles per tier", "tier", [*kept, of_all(found.effects)]),
    ]
    customers = of_customers(found.effects)
    if customers:
        moved = [one for one in customers if one.before != one.after]
        parts += [heading("Attainment per customer with a contract")]
        parts += [_customers(moved, len(customers))]
    return parts


def _tier_bars(kept: list[Kept], width: int, suffix: str) -> str:
    groups = [
        Group(one.name, (_kept_bar("before", one.before), _kept_bar("after", one.after)))
        for one in kept
    ]
    said = [f"{one.name} {share(one.before)} before, {share(one.after)} after" for one in kept]
    picture = Picture(
        f"attainment{suffix}",
        "Share of promises kept per tier, before and after the change",
        "; ".join(said),
        width,
    )
    return bars(picture, groups)


def _kept_bar(kind: str, one: Attainment) -> Bar:
    return Bar(kind, None if one.share is None else float(one.share), share(one), kind)


def _customers(moved: list[Kept], n_customers: int) -> str:
    if not moved:
        return paragraph(f"Nothing changes for any of the {counted(n_customers, 'customer')}.")
    moved = sorted(moved, key=_by_change)
    caption = (
        f"{n(len(moved))} of {counted(n_customers, 'customer')} with other numbers than before"
    )
    if len(moved) > _MOST_CUSTOMERS:
        caption += f"; the {_MOST_CUSTOMERS} with the largest change"
    return _kept_table(caption, "customer", moved[:_MOST_CUSTOMERS])


def _by_change(one: Kept) -> tuple[float, str]:
    before, after = one.before.share, one.after.share
    change = 0 if before is None or after is None else after - before
    return -abs(float(change)), one.name


def _kept_table(caption: str, what: str, kept: list[Kept]) -> str:
    head = [what, "kept before", "kept after", "not due yet", "excluded", "cancelled"]
    rows = [
        [
            one.name or "all",
            share(one.before),
            share(one.after),
            *(
                _both(getattr(one.before, key), getattr(one.after, key))
                for key in ("not_due", "excluded", "cancelled")
            ),
        ]
        for one in kept
    ]
    return table(caption, head, rows)


def _both(before: int, after: int) -> str:
    return n(before) if before == after else f"{n(before)} \N{RIGHTWARDS ARROW} {n(after)}"


def _verdicts(found: Backtest) -> list[str]:
    turned = turns(found.effects)
    if not turned:
        return [heading("Verdicts"), paragraph("No verdict changes.")]
    finding = "; ".join(
        f"{counted(number, 'cycle')} from {OUTCOME_WORDS[before]} to {OUTCOME_WORDS[after]}"
        for (before, after), number in turned.items()
    )

    def draw(width: int, suffix: str) -> str:
        title = "Verdicts that change, from what they were to what they become"
        picture = Picture(f"verdicts{suffix}", title, finding, width)
        flows = {(str(one), str(other)): number for (one, other), number in turned.items()}
        return flow(picture, flows, OUTCOMES, {str(k): v for k, v in OUTCOME_WORDS.items()})

    head, rows = flip_table(found.effects)
    parts = [heading("Verdicts that change"), both_widths(draw)]
    return [*parts, table("Verdicts that flip, in cycles", head, rows)] if rows else parts


def _targets(found: Backtest) -> list[str]:
    head, rows = change_table(found.effects)
    if not rows:
        return []
    moved = shifts(found.effects)
    most = max((one.n for one in moved), default=0)
    parts = [
        heading("Targets that change"),
        table("Changes per measure, in cycles; one cycle may count in several", head, rows),
    ]
    if not most:
        return parts

    def draw(width: int, suffix: str) -> str:
        earlier = sum(one.n for one in moved if not one.is_later)
        later = sum(one.n for one in moved) - earlier
        finding = f"{counted(earlier, 'due')} move earlier, {n(later)} later"
        picture = Picture(f"shifts{suffix}", "By how much dues move", finding, width)
        shown = tuple(Bar(shift_label(one), one.n / most, n(one.n), "shift") for one in moved)
        return bars(picture, [Group("", shown)])

    return [*parts, heading("By how much dues move"), both_widths(draw)]


def _cases(found: Backtest) -> list[str]:
    told = cases(found)
    if not told:
        return []
    items = [
        f"<div>\n<dt>Ticket {escape(one.ticket_id)}, {escape(one.told())}</dt>\n"
        f"<dd><span>before:</span> {escape(one.before)}</dd>\n"
        f"<dd><span>after:</span> {escape(one.after)}</dd>\n</div>"
        for one in told
    ]
    return [
        heading("The most affected tickets"),
        '<dl class="cases">',
        *items,
        "</dl>",
    ]


def _method(found: Backtest) -> list[str]:
    reading = found.reading
    counting = (
        "A cycle is one run of a measure on one ticket. The share that was kept is met / "
        "(met + breached), where open cycles past their due count as breached; what is not due "
        "yet, excluded or cancelled has no part in it."
    )
    policies = (
        "Both rule folders judged the same facts at the same instant. Policies: "
        f"{found.before.hash} before, {found.after.hash} after."
    )
    read = (
        f"{counted(reading.n_lines, reading.unit)} read, {n(len(reading.bad))} of them unreadable; "
        f"{counted(found.effects.n_later, 'ticket')} created after the instant of judging left out."
    )
    return [
        heading("How this was counted"),
        *(paragraph(one, "soft") for one in (counting, policies, read)),
    ]
