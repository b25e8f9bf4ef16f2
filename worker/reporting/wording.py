# SPDX-License-Identifier: GPL-3.0-or-later
"""How the figures of a statement read, wherever they are shown."""

from __future__ import annotations

import csv
from fractions import Fraction
from io import StringIO
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rules.attainment import percent_of
from rules.duration import format_share
from rules.money import rounded
from rules.statements import StatementLine

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from rules.credits import CreditStep
    from rules.statements import Figures, Statement

RESULTS = {
    "kept": "kept",
    "missed": "missed",
    "too_few": "too few to judge",
    "nothing": "nothing counted",
    None: "no level promised",
}

BECAUSE = {
    "owed": "owed",
    "kept": "the level is kept",
    "no_breach": "nothing was missed",
    "too_few": "too few cases to judge",
    "nothing_counted": "nothing was counted",
    "no_level": "no level is promised",
    "no_consequence": "a miss has no consequence",
    "best_effort": "a best effort owes no credits",
    "no_fee": "no fee is agreed",
    "no_fee_in_period": "this period has no fee",
}

STEPS = {
    "fee": "fee of the period",
    "band": "share of the fee",
    "per_breach": "price of the breaches",
    "cap": "capped by the obligation",
    "contract_cap": "cut to the contract's cap",
    "rounded": "rounded",
}

_PARTS = {
    "of_which_without_reply": "of which met without a reply",
    "of_which_open_overdue": "of which open and overdue",
    "of_which_planned_seconds": "seconds planned, outside both",
}


def promised(line: StatementLine) -> str:
    """`at least 95 %`."""
    if line.edge is None or line.level is None:
        return "no level"
    return f"{line.edge.replace('_', ' ')} {_percent(line.level)}"


def measured(line: StatementLine | Figures) -> str:
    """`90.7 % (39 of 43)`, or `n/a`."""
    if not line.n_decided:
        return "n/a"
    return f"{_share(line)} % ({line.numerator:,} of {line.n_decided:,})"


def _share(line: StatementLine | Figures) -> str:
    """One decimal, or as many as a reader needs to see on which side of the level it lies."""
    exact = Fraction(line.numerator, line.n_decided)
    level = line.level if isinstance(line, StatementLine) else None
    tenths = percent_of(line.numerator, line.n_decided)
    if level is None or exact == level or Fraction(tenths) / 100 != level:
        return tenths
    units = int(exact * 1_000_000)  # cut, so that it stays on its side
    return f"{units // 10_000}.{units % 10_000:04}"


def counts(line: StatementLine) -> list[tuple[str, int]]:
    """What cases count as, each with its name; parts of others are named as such."""
    unit = "seconds " if line.of == "availability" else ""
    found = line.counts
    shown = [
        (f"{unit}met", found.get("met", 0)),
        (f"{unit}breached", found.get("breached", 0)),
        ("not due yet", found.get("not_due", 0)),
        ("paused", found.get("paused", 0)),
        ("excluded", found.get("excluded", 0)),
        ("cancelled", found.get("cancelled", 0)),
    ]
    if found.get("left_out"):
        shown.append(("left out", found["left_out"]))
    if line.of == "availability":
        shown = [*shown[:2], ("outages", found.get("breaches", 0))]
    parts = [
        (_PARTS.get(name, name.replace("_", " ")), n)
        for name, n in found.items()
        if name.startswith("of_which_")
    ]
    return [*shown, *parts]


def step(one: CreditStep, currency: str) -> str:
    """`1/20 * 32000/31 = 1600/31 (51.61)`."""
    value = f"{one.result}"
    if one.result.denominator != 1:
        value += f" ({rounded(one.result, currency)})"
    return f"{one.formula} = {value}"


def money(amount: Decimal | None, currency: str | None) -> str:
    """`51.61 EUR`; without a fee no currency is known, and so no amount."""
    return "n/a" if amount is None or currency is None else f"{amount:,} {currency}"


def span(statement: Statement) -> str:
    """The first and the last day of the period, and their zone."""
    zone = ZoneInfo(statement.zone)
    first, behind = (one.astimezone(zone) for one in (statement.from_at, statement.until_at))
    return f"from {first:%Y-%m-%d} until {behind:%Y-%m-%d} 00:00, {statement.zone}"


def stamp(at: datetime) -> str:
    """`2026-11-03T08:00:00Z`."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def excluded_note(statement: Statement) -> str | None:
    """A sentence where more than one case in twenty was taken out."""
    n_out = sum(len(line.excluded) for line in statement.lines)
    decided = sum(line.n_decided for line in statement.lines if line.of != "availability")
    if not n_out or Fraction(n_out, n_out + decided) <= Fraction(1, 20):
        return None
    return f"{percent_of(n_out, n_out + decided)} % of the cases were excluded"


def invoice_csv(statement: Statement, sha256: str | None = None) -> str:
    """A line for each obligation and each correction, with its amount.

    Amounts have a decimal point, shares are exact as numerator and denominator.
    """
    written = StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(_COLUMNS)
    head = [
        *(statement.ident, statement.party.name, statement.label),
        *(stamp(statement.from_at), stamp(statement.until_at), statement.zone, statement.state),
    ]
    for line in statement.lines:
        what = [line.obligation, line.of, line.numerator, line.n_decided, line.result]
        amount = [line.credit, statement.currency, line.because, None]
        writer.writerow(_safe([*head, *what, *amount, sha256]))
    for one in statement.corrections:
        after = one.after
        what = [one.obligation, None, after.numerator, after.n_decided, after.result]
        amount = [one.amount, statement.currency, "correction", one.supersedes]
        writer.writerow(_safe([*head, *what, *amount, sha256]))
    return written.getvalue()


_COLUMNS = (
    *("statement", "customer", "period", "from", "until", "time_zone", "state"),
    *("obligation", "of", "numerator", "denominator", "result"),
    *("amount", "currency", "because", "corrects", "sha256"),
)


def _safe(cells: list[object]) -> list[object]:
    """Cells that no spreadsheet takes for a formula; numbers stay as they are."""
    return [
        f"'{one}" if isinstance(one, str) and one.startswith(("=", "+", "-", "@")) else one
        for one in cells
    ]


def _percent(share: Fraction) -> str:
    return format_share(share).replace("%", " %")
