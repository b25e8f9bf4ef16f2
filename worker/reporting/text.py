# SPDX-License-Identifier: GPL-3.0-or-later
"""A statement as lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.reporting import wording
from worker.reporting.language import ENGLISH

if TYPE_CHECKING:
    from rules.statements import Statement, StatementLine
    from worker.reporting.language import Language


def statement_lines(
    statement: Statement, sha256: str | None = None, language: Language = ENGLISH
) -> list[str]:
    """The statement from its head to its total, each credit step by step."""
    known = language.say("words.known_until", instant=wording.known(statement, language))
    lines = [
        f"{statement.ident}: {language.name('states', statement.state)}",
        wording.agreement(statement, language),
        f"{wording.span(statement, language)}; {known}",
    ]
    note = wording.excluded_note(statement, language)
    lines += [note] if note else []
    for line in statement.lines:
        lines += ["", *_line(line, statement.currency, language)]
    lines += ["", *_entries(statement, language), _total(statement, language)]
    if statement.corrections:
        balance = language.money(statement.balance, statement.currency)
        lines.append(language.say("text.balance", amount=balance))
    return [*lines, f"sha256: {sha256}"] if sha256 else lines


def _total(statement: Statement, language: Language) -> str:
    key = "text.total_capped" if statement.is_capped else "text.total"
    return language.say(key, amount=language.money(statement.total, statement.currency))


def _line(line: StatementLine, currency: str | None, language: Language) -> list[str]:
    found = ", ".join(f"{name} {language.number(n)}" for name, n in wording.counts(line, language))
    figure, result = wording.measured(line, language), language.name("results", line.result)
    credit = language.money(line.credit, currency)
    because = language.name("because", line.because)
    lines = [
        _promise(line, language),
        f"  {language.say('text.measured', figure=figure, result=result)}",
        f"  {found}",
        f"  {language.say('text.credit', amount=credit, because=because)}",
    ]
    if currency is not None:
        lines += [
            f"    {language.name('steps', one.name)}: {wording.step(one, currency, language)}"
            for one in line.steps
        ]
    return lines


def _promise(line: StatementLine, language: Language) -> str:
    told = language.say(
        "text.obligation",
        name=line.obligation,
        measure=language.name("measures", line.of),
        promised=wording.promised(line, language),
    )
    return told if line.of == "availability" else f"{told}, {language.name('units', line.unit)}"


def _entries(statement: Statement, language: Language) -> list[str]:
    return [
        language.say(
            "text.correction",
            statement=one.supersedes,
            obligation=one.obligation,
            before=wording.measured(one.before, language),
            after=wording.measured(one.after, language),
            amount=language.money(one.amount, statement.currency),
        )
        for one in statement.corrections
    ]
