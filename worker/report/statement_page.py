# SPDX-License-Identifier: GPL-3.0-or-later
"""A customer's statement as a page; that of a closed one says nothing but what it holds."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from worker.report.drawing import count
from worker.report.page import cards, heading, page, paragraph, table
from worker.reporting import wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.statements import Statement, StatementLine

_MOST_CASES = 200


def statement_page(
    statement: Statement, pictures: Sequence[str] = (), sha256: str | None = None
) -> str:
    """The whole page; the same statement and pictures give the same bytes.

    Args:
        statement: open, provisional or closed.
        pictures: what is shown beside it of the evidence, as HTML.
        sha256: the hash of a closed one.
    """
    title = f"Statement {statement.ident}"
    parts = [
        *_top(statement),
        *_obligations(statement),
        *_credits(statement),
        *_corrections(statement),
        *pictures,
        *_cases(statement),
        *_exclusions(statement),
        *_method(statement, sha256),
    ]
    return page(title, parts)


def _top(statement: Statement) -> list[str]:
    missed = sum(line.result == "missed" for line in statement.lines)
    numbers = [
        (f"{len(statement.lines) - missed} of {len(statement.lines)}", "obligations not missed"),
        (wording.money(statement.total, statement.currency), "credits of this period"),
    ]
    if statement.corrections:
        balance = wording.money(statement.balance, statement.currency)
        numbers.append((balance, "with corrections of earlier periods"))
    agreed = [statement.contract or "no contract of its own", f"tier {statement.tier}"]
    if statement.commitment is not None:
        agreed.append(statement.commitment.replace("_", " "))
    note = wording.excluded_note(statement)
    return [
        f"<h1>Statement {escape(statement.ident)}</h1>",
        paragraph(f"{', '.join(agreed)}; {wording.span(statement)}", "soft"),
        paragraph(f"{_state(statement)}{f'; {note}' if note else ''}."),
        cards(numbers),
        *([paragraph(f"Covers: {', '.join(statement.covers)}.")] if statement.covers else []),
    ]


def _state(statement: Statement) -> str:
    known = wording.stamp(statement.origin.cut_off)
    if statement.closed_at is not None:
        return f"Closed at {wording.stamp(statement.closed_at)}, with what was known up to {known}"
    if statement.state == "open":
        return f"The period is not over: this is what was known up to {known}"
    return f"Not closed yet: this is what was known up to {known}"


def _obligations(statement: Statement) -> list[str]:
    rows = [
        [
            f"{line.obligation} ({line.of})",
            wording.promised(line),
            wording.measured(line),
            wording.RESULTS[line.result],
            wording.money(line.credit, statement.currency),
        ]
        for line in statement.lines
    ]
    head = ["obligation", "promised", "measured", "result", "credit"]
    parts = [heading("What was promised"), table("Obligations of the period", head, rows)]
    cases = [line for line in statement.lines if line.of != "availability"]
    time = [line for line in statement.lines if line.of == "availability"]
    counted = "What the cases count as; only met and breached are in the share"
    return [*parts, *_count_table(counted, cases), *_count_table("Agreed time in seconds", time)]


def _count_table(caption: str, lines: Sequence[StatementLine]) -> list[str]:
    if not lines:
        return []
    kinds = list(dict.fromkeys(name for line in lines for name, _ in wording.counts(line)))
    rows = [[line.obligation, *_numbers(line, kinds)] for line in lines]
    return [table(caption, ["obligation", *kinds], rows)]


def _numbers(line: StatementLine, kinds: Sequence[str]) -> list[str]:
    found = dict(wording.counts(line))
    return ["" if kind not in found else count(found[kind]) for kind in kinds]


def _credits(statement: Statement) -> list[str]:
    rule = "Each step can be computed again; round() rounds half up."
    parts = [heading("What a miss costs"), paragraph(rule, "soft")]
    for line in statement.lines:
        parts += _credit(line, statement)
    if statement.is_capped:
        parts.append(paragraph("The credits together are cut to the contract's cap."))
    return parts


def _credit(line: StatementLine, statement: Statement) -> list[str]:
    """The steps that lead to a credit, and the terms under which it is given."""
    why = wording.BECAUSE.get(line.because, line.because)
    told = f"{line.obligation}: {wording.money(line.credit, statement.currency)}, {why}"
    terms = _terms(line)
    notes = [] if terms is None else [paragraph(terms, "soft")]
    if not line.steps or statement.currency is None:
        return [paragraph(f"{told}."), *notes]
    rows = [[wording.STEPS[one.name], wording.step(one, statement.currency)] for one in line.steps]
    return [table(told, ["step", "sum"], rows), *notes]


def _terms(line: StatementLine) -> str | None:
    """How a credit is given, and what is said of damages beyond it."""
    said = []
    if line.settled is not None:
        said.append(f"a credit is given on the {line.settled.replace('_', ' ')}")
    if line.claim_days is not None:
        said.append(f"it is claimed within {line.claim_days} days after closing")
    if line.beyond_credit is not None:
        amount = "" if line.beyond_amount is None else f" at {line.beyond_amount}"
        words = {"excluded": "are excluded", "as_law": "are as the law has them"}
        beyond = words.get(line.beyond_credit, f"are {line.beyond_credit}{amount}")
        said.append(f"damages beyond the credit {beyond}")
    return f"{line.obligation}: {'; '.join(said)}." if said else None


def _corrections(statement: Statement) -> list[str]:
    if not statement.corrections:
        return []
    rows = [
        [
            one.supersedes,
            one.obligation,
            wording.measured(one.before),
            wording.measured(one.after),
            wording.money(one.amount, statement.currency),
        ]
        for one in statement.corrections
    ]
    head = ["statement", "obligation", "before", "now", "difference"]
    return [
        heading("Corrections"),
        table("What later facts changed in closed statements", head, rows),
    ]


def _cases(statement: Statement) -> list[str]:
    rows = [[one, line.obligation] for line in statement.lines for one in line.breached_cases]
    if not rows:
        return []
    caption = f"{count(len(rows))} missed cases as ticket/measure/cycle"
    if len(rows) > _MOST_CASES:
        caption += f"; the first {_MOST_CASES}"
    return [
        heading("What was missed"),
        table(caption, ["case", "obligation"], rows[:_MOST_CASES]),
    ]


def _exclusions(statement: Statement) -> list[str]:
    rows = [
        [
            one.case,
            line.obligation,
            one.reason.replace("_", " "),
            one.by or "by rule",
            "" if one.approved_on is None else f"{one.approved_on}",
            one.because or "",
        ]
        for line in statement.lines
        for one in line.excluded
    ]
    if not rows:
        return []
    head = ["case", "obligation", "reason", "approved by", "on", "because"]
    return [heading("What was left out"), table("Excluded cases", head, rows)]


def _method(statement: Statement, sha256: str | None) -> list[str]:
    origin = statement.origin
    rules = (
        "A case belongs to the period in which its due falls. The share is met / (met + breached); "
        "an open case past its due is breached. What is not due yet, paused, excluded or cancelled "
        "is in neither. Shares are compared exactly and rounded for reading only. Nothing counted "
        "is n/a, never 100 %."
    )
    made = (
        f"Rules {origin.policy}, calendars {origin.calendars}, time zone data {origin.zone_data}, "
        f"Stipt {origin.product}."
    )
    tables = "; ".join(f"{name} {each}" for name, each in sorted(origin.evidence.items()))
    said = [rules, made, f"Tables that were counted, by SHA-256: {tables}."]
    if sha256 is not None:
        said.append(f"SHA-256 {sha256}; stipt report show {sha256[:12]} gives the same statement.")
    return [heading("How this was counted"), *(paragraph(one, "soft") for one in said)]
