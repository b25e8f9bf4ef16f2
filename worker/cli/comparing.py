# SPDX-License-Identifier: GPL-3.0-or-later
"""A back-test as lines for a terminal."""

from typing import TYPE_CHECKING

from connector.history.values import as_iso
from worker.backtest_cases import cases
from worker.backtest_summary import of_all, of_customers, of_tiers
from worker.backtest_words import change_table, counted, findings, flip_table, n, share, sides
from worker.cli.output import table
from worker.cli.replaying import bad_lines

if TYPE_CHECKING:
    from worker.backtest import Backtest
    from worker.backtest_summary import Kept

_MOST_CUSTOMERS = 20


def comparison_lines(found: "Backtest") -> list[str]:
    """What a person should know of the change, the gist first."""
    now = "no instant" if found.now is None else as_iso(found.now)
    effects, reading = found.effects, found.reading
    lines = [
        f"{found.history}: {counted(effects.n_tickets, 'ticket')} judged as of {now}",
        sides(found.names, (found.before.hash, found.after.hash)),
        f"{n(len(reading.bad))} of {counted(reading.n_lines, reading.unit)} could not be read",
        *bad_lines(reading.bad),
    ]
    if effects.n_later:
        lines.append(f"{counted(effects.n_later, 'ticket')} created later left out")
    lines += ["", *findings(found)]
    for title, (head, rows) in (
        ("Targets that change, in cycles", change_table(effects)),
        ("Verdicts that flip, in cycles", flip_table(effects)),
    ):
        if rows:
            lines += ["", title, *table([head, *rows])]
    lines += ["", "Attainment", *table(_kept_rows(found))]
    return [*lines, *_case_lines(found)]


def _kept_rows(found: "Backtest") -> list[list[str]]:
    customers = [one for one in of_customers(found.effects) if one.before != one.after]
    rows = [["tier", "before", "after", "not due yet", "excluded", "cancelled"]]
    rows += [_kept_row(one.name, one) for one in of_tiers(found)]
    rows += [_kept_row(f"customer {one.name}", one) for one in customers[:_MOST_CUSTOMERS]]
    if len(customers) > _MOST_CUSTOMERS:
        more = len(customers) - _MOST_CUSTOMERS
        rows.append([f"and {counted(more, 'customer')} more", "", "", "", "", ""])
    return [*rows, _kept_row("all", of_all(found.effects))]


def _kept_row(name: str, one: "Kept") -> list[str]:
    pairs = [
        (one.before.not_due, one.after.not_due),
        (one.before.excluded, one.after.excluded),
        (one.before.cancelled, one.after.cancelled),
    ]
    return [
        name,
        share(one.before),
        share(one.after),
        *(n(first) if first == second else f"{n(first)} -> {n(second)}" for first, second in pairs),
    ]


def _case_lines(found: "Backtest") -> list[str]:
    told = cases(found)
    if not told:
        return []
    lines = ["", "The most affected tickets"]
    for one in told:
        lines += [
            f"#{one.ticket_id} {one.told()}",
            f"  before: {one.before}",
            f"  after:  {one.after}",
        ]
    return lines
