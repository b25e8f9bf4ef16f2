# SPDX-License-Identifier: GPL-3.0-or-later
"""A statement as lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.reporting import wording

if TYPE_CHECKING:
    from rules.statements import Statement, StatementLine


def statement_lines(statement: Statement, sha256: str | None = None) -> list[str]:
    """The statement from its head to its total, each credit step by step."""
    lines = [
        f"{statement.ident}: {statement.state}",
        f"{_agreement(statement)}",
        f"{wording.span(statement)}; known up to {wording.stamp(statement.origin.cut_off)}",
    ]
    note = wording.excluded_note(statement)
    lines += [note] if note else []
    for line in statement.lines:
        lines += ["", *_line(line, statement)]
    lines += ["", *_entries(statement)]
    currency = statement.currency
    capped = ", cut to the contract's cap" if statement.is_capped else ""
    lines.append(f"credits: {wording.money(statement.total, currency)}{capped}")
    if statement.corrections:
        lines.append(f"with corrections: {wording.money(statement.balance, currency)}")
    return [*lines, f"sha256: {sha256}"] if sha256 else lines


def _agreement(statement: Statement) -> str:
    parts = [statement.contract or "no contract of its own", f"tier {statement.tier}"]
    if statement.commitment is not None:
        parts.append(statement.commitment.replace("_", " "))
    return ", ".join(parts)


def _line(line: StatementLine, statement: Statement) -> list[str]:
    currency = statement.currency
    found = ", ".join(f"{name} {n:,}" for name, n in wording.counts(line))
    unit = "" if line.of == "availability" else f", by {line.unit}"
    lines = [
        f"{line.obligation}: {line.of}, {wording.promised(line)}{unit}",
        f"  measured {wording.measured(line)}: {wording.RESULTS[line.result]}",
        f"  {found}",
    ]
    credit = wording.money(line.credit, currency)
    lines.append(f"  credit {credit}: {wording.BECAUSE.get(line.because, line.because)}")
    if currency is not None:
        lines += [
            f"    {wording.STEPS[one.name]}: {wording.step(one, currency)}" for one in line.steps
        ]
    return lines


def _entries(statement: Statement) -> list[str]:
    return [
        f"correction of {one.supersedes}, {one.obligation}: {wording.measured(one.before)} before, "
        f"{wording.measured(one.after)} now; {wording.money(one.amount, statement.currency)}"
        for one in statement.corrections
    ]
