# SPDX-License-Identifier: GPL-3.0-or-later
"""How the figures of a statement read, wherever they are shown."""

from __future__ import annotations

import csv
from fractions import Fraction
from io import StringIO
from typing import TYPE_CHECKING

from rules.attainment import percent_of
from rules.calendar_zones import time_zone
from rules.duration import format_share
from rules.money import rounded
from rules.statements import StatementLine
from worker.reporting.spreadsheet import safe_cells

if TYPE_CHECKING:
    from datetime import datetime

    from rules.credits import CreditStep
    from rules.statements import Figures, Statement
    from worker.reporting.language import Language


_OBLIGATIONS = ("obligation", "promised", "measured", "result", "credit")


def obligation_table(statement: Statement, language: Language) -> tuple[list[str], list[list[str]]]:
    """A head, and a row for each obligation: what was promised, and what came of it."""
    rows = [
        [
            f"{line.obligation} ({language.name('measures', line.of)})",
            promised(line, language),
            measured(line, language),
            language.name("results", line.result),
            language.money(line.credit, statement.currency),
        ]
        for line in statement.lines
    ]
    return [language.say(f"page.{key}_head") for key in _OBLIGATIONS], rows


def promised(line: StatementLine, language: Language) -> str:
    """`at least 95 %`."""
    if line.edge is None or line.level is None:
        return language.name("edges", None)
    share = language.percent(format_share(line.level).rstrip("% "))
    return language.say(f"edges.{line.edge}", share=share)


def measured(line: StatementLine | Figures, language: Language) -> str:
    """`90.7 % (39 of 43)`, or `n/a`."""
    if not line.n_decided:
        return language.say("words.not_available")
    part, whole = language.number(line.numerator), language.number(line.n_decided)
    level = line.level if isinstance(line, StatementLine) else None
    share = language.percent(share_against(line.numerator, line.n_decided, level))
    return language.say("words.share_of", share=share, part=part, whole=whole)


def share_against(numerator: int, n_decided: int, level: Fraction | None) -> str:
    """One decimal, or as many as a reader needs to see on which side of the level it lies."""
    exact = Fraction(numerator, n_decided)
    tenths = percent_of(numerator, n_decided)
    if level is None or exact == level or Fraction(tenths) / 100 != level:
        return tenths
    units = int(exact * 1_000_000)  # cut, so that it stays on its side
    return f"{units // 10_000}.{units % 10_000:04}"


def counts(line: StatementLine, language: Language) -> list[tuple[str, int]]:
    """What cases count as, each with its name; parts of others are named as such."""
    found = line.counts
    kinds = ["met", "breached", "not_due", "paused", "excluded", "cancelled"]
    kinds += ["left_out"] if found.get("left_out") else []
    shown = [(language.name("counts", kind), found.get(kind, 0)) for kind in kinds]
    if line.of == "availability":
        shown = [
            (language.say("counts.seconds_met"), found.get("met", 0)),
            (language.say("counts.seconds_breached"), found.get("breached", 0)),
            (language.say("counts.outages"), found.get("breaches", 0)),
        ]
    prefix = "of_which_"
    parts = [
        (language.name("parts", name.removeprefix(prefix)), n)
        for name, n in found.items()
        if name.startswith(prefix)
    ]
    return [*shown, *parts]


def step(one: CreditStep, currency: str, language: Language) -> str:
    """`1/20 * 32000/31 = 1600/31 (51.61)`; the sum itself is written for everybody alike."""
    value = f"{one.result}"
    if one.result.denominator != 1:
        value += f" ({language.number(rounded(one.result, currency))})"
    return f"{one.formula} = {value}"


def agreement(statement: Statement, language: Language) -> str:
    """The contract's text, the tier, and what kind of promise it is."""
    parts = [statement.contract or language.say("words.no_contract")]
    parts.append(language.say("words.tier", name=statement.tier))
    if statement.commitment is not None:
        parts.append(language.name("commitments", statement.commitment))
    return ", ".join(parts)


def span(statement: Statement, language: Language) -> str:
    """The first day of the period and the one behind its last, and their zone."""
    zone = time_zone(statement.zone)
    first, behind = (one.astimezone(zone) for one in (statement.from_at, statement.until_at))
    days = {"first": language.day(first.date()), "last": language.day(behind.date())}
    return language.say("words.span", **days, zone=statement.zone)


def known(statement: Statement, language: Language) -> str:
    """The instant up to which everything was known, in the zone of the periods."""
    return language.instant(statement.origin.cut_off, time_zone(statement.zone))


def stamp(at: datetime) -> str:
    """`2026-11-03T08:00:00Z`, for other programs."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def excluded_note(statement: Statement, language: Language) -> str | None:
    """A sentence where more than one case in twenty was taken out."""
    n_out = sum(len(line.excluded) for line in statement.lines)
    decided = sum(line.n_decided for line in statement.lines if line.of != "availability")
    if not n_out or Fraction(n_out, n_out + decided) <= Fraction(1, 20):
        return None
    share = language.percent(percent_of(n_out, n_out + decided))
    return language.say("words.excluded_share", share=share)


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
        writer.writerow(safe_cells([*head, *what, *amount, sha256]))
    for one in statement.corrections:
        after = one.after
        what = [one.obligation, None, after.numerator, after.n_decided, after.result]
        amount = [one.amount, statement.currency, "correction", one.supersedes]
        writer.writerow(safe_cells([*head, *what, *amount, sha256]))
    return written.getvalue()


_COLUMNS = (
    *("statement", "customer", "period", "from", "until", "time_zone", "state"),
    *("obligation", "of", "numerator", "denominator", "result"),
    *("amount", "currency", "because", "corrects", "sha256"),
)
