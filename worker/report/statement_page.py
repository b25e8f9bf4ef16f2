# SPDX-License-Identifier: GPL-3.0-or-later
"""A customer's statement as a page; that of a closed one says nothing but what it holds."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from rules.calendar_zones import time_zone
from rules.facts import MEASURES
from worker.report.customer_pictures import MOST_CASES
from worker.report.page import Link, cards, heading, page, paragraph, table
from worker.reporting import wording
from worker.reporting.language import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rules.statements import Statement, StatementLine
    from worker.reporting.language import Language


def statement_page(  # noqa: PLR0913 -- what is shown, how it is led to, and in which language
    statement: Statement,
    pictures: Sequence[str] = (),
    sha256: str | None = None,
    language: Language = ENGLISH,
    *,
    top: Sequence[str] = (),
    case_link: Callable[[str], str] | None = None,
) -> str:
    """The whole page; the same statement and pictures give the same bytes.

    Args:
        statement: open, provisional or closed.
        pictures: what is shown beside it of the evidence, as HTML.
        sha256: the hash of a closed one.
        language: in which everything is said but what admins wrote.
        top: what stands above all, as HTML.
        case_link: where a case is shown, on the web.
    """
    title = language.say("page.title", ident=statement.ident)
    has_evidence = bool(pictures) and statement.state != "closed"
    parts = [
        *top,
        *_top(statement, title, language),
        *_obligations(statement, language),
        *pictures,
        *_cases(statement, language, case_link, others_only=has_evidence),
        *_exclusions(statement, language),
        *_credits(statement, language),
        *_corrections(statement, language),
        *_method(statement, sha256, language),
    ]
    return page(title, parts, language.code)


def _top(statement: Statement, title: str, language: Language) -> list[str]:
    whole = len(statement.lines)
    part = whole - sum(line.result == "missed" for line in statement.lines)
    kept = language.say("page.part", part=f"{part}", whole=f"{whole}")
    total = language.money(statement.total, statement.currency)
    numbers = [(kept, language.say("page.not_missed")), (total, language.say("page.credits"))]
    if statement.corrections:
        balance = language.money(statement.balance, statement.currency)
        numbers.append((balance, language.say("page.balance")))
    note = wording.excluded_note(statement, language)
    covers = ", ".join(statement.covers)
    return [
        f"<h1>{escape(title)}</h1>",
        paragraph(
            f"{wording.agreement(statement, language)}; {wording.span(statement, language)}", "soft"
        ),
        paragraph(f"{_state(statement, language)}{f'; {note}' if note else ''}."),
        cards(numbers),
        *([paragraph(language.say("page.covers", services=covers))] if covers else []),
    ]


def _state(statement: Statement, language: Language) -> str:
    known = wording.known(statement, language)
    if statement.closed_at is None:
        key = "page.open" if statement.state == "open" else "page.provisional"
        return language.say(key, known=known)
    closed = language.instant(statement.closed_at, time_zone(statement.zone))
    return language.say("page.closed", closed=closed, known=known)


def _obligations(statement: Statement, language: Language) -> list[str]:
    head, rows = wording.obligation_table(statement, language)
    caption = language.say("page.obligations")
    shown = table(caption, head, rows, stacks=True)
    parts = [heading(language.say("page.promised")), shown]
    cases = [line for line in statement.lines if line.of != "availability"]
    time = [line for line in statement.lines if line.of == "availability"]
    return [
        *parts,
        *_count_table(language.say("page.counted"), cases, language),
        *_count_table(language.say("page.counted_time"), time, language),
    ]


def _heads(keys: Sequence[str], language: Language) -> list[str]:
    """The heads of columns."""
    return [language.say(f"page.{key}_head") for key in keys]


def _count_table(caption: str, lines: Sequence[StatementLine], language: Language) -> list[str]:
    if not lines:
        return []
    found = [dict(wording.counts(line, language)) for line in lines]
    kinds = list(dict.fromkeys(name for counts in found for name in counts))
    rows = [
        [
            line.obligation,
            *(language.number(counts[kind]) if kind in counts else "" for kind in kinds),
        ]
        for line, counts in zip(lines, found, strict=True)
    ]
    return [table(caption, [*_heads(["obligation"], language), *kinds], rows)]


def _credits(statement: Statement, language: Language) -> list[str]:
    rule = paragraph(language.say("page.recompute"), "soft")
    parts = [heading(language.say("page.costs")), rule]
    for line in statement.lines:
        parts += _credit(line, statement.currency, language)
    if statement.is_capped:
        parts.append(paragraph(language.say("page.capped")))
    return parts


def _credit(line: StatementLine, currency: str | None, language: Language) -> list[str]:
    """The steps that lead to a credit, and the terms under which it is given."""
    told = language.say(
        "page.credit_of",
        name=line.obligation,
        amount=language.money(line.credit, currency),
        because=language.name("because", line.because),
    )
    terms = _terms(line, currency, language)
    notes = [] if terms is None else [paragraph(terms, "soft")]
    if not line.steps or currency is None:
        return [paragraph(f"{told}."), *notes]
    rows = [
        [language.name("steps", one.name), wording.step(one, currency, language)]
        for one in line.steps
    ]
    return [table(told, _heads(["step", "sum"], language), rows), *notes]


def _terms(line: StatementLine, currency: str | None, language: Language) -> str | None:
    """How a credit is given, and what is said of damages beyond it."""
    said = []
    if line.settled is not None:
        said.append(language.say(f"page.settled_{line.settled}"))
    if line.claim_days is not None:
        said.append(language.say("page.claimed", days=f"{line.claim_days}"))
    if line.beyond_credit is not None:
        amount = language.money(line.beyond_amount, currency)
        said.append(language.say(f"page.beyond_{line.beyond_credit}", amount=amount))
    return f"{line.obligation}: {'; '.join(said)}." if said else None


def _corrections(statement: Statement, language: Language) -> list[str]:
    if not statement.corrections:
        return []
    rows = [
        [
            one.supersedes,
            one.obligation,
            wording.measured(one.before, language),
            wording.measured(one.after, language),
            language.money(one.amount, statement.currency),
        ]
        for one in statement.corrections
    ]
    head = _heads(("statement", "obligation", "before", "now", "difference"), language)
    caption = language.say("page.corrections_caption")
    return [heading(language.say("page.corrections")), table(caption, head, rows)]


def _cases(
    statement: Statement,
    language: Language,
    case_link: Callable[[str], str] | None,
    *,
    others_only: bool,
) -> list[str]:
    """What was missed, by name; `others_only`: but cycles, which the evidence shows."""
    rows: list[list[str | Link]] = [
        [one if case_link is None else Link(one, case_link(one)), line.obligation]
        for line in statement.lines
        if not (others_only and line.of in MEASURES)
        for one in line.breached_cases
    ]
    if not rows:
        return []
    n, most = language.number(len(rows)), language.number(MOST_CASES)
    key = "page.missed_first" if len(rows) > MOST_CASES else "page.missed_cases"
    caption = language.say(key, n=n, most=most)
    head = _heads(["case", "obligation"], language)
    return [heading(language.say("page.missed")), table(caption, head, rows[:MOST_CASES])]


def _exclusions(statement: Statement, language: Language) -> list[str]:
    rows = [
        [
            one.case,
            line.obligation,
            language.name("reasons", one.reason),
            one.by or language.say("words.by_rule"),
            "" if one.approved_on is None else language.day(one.approved_on),
            one.because or "",
        ]
        for line in statement.lines
        for one in line.excluded
    ]
    if not rows:
        return []
    keys = ("case", "obligation", "reason", "approved_by", "approved_on", "because")
    caption = language.say("page.left_out_caption")
    return [
        heading(language.say("page.left_out")),
        table(caption, _heads(keys, language), rows, stacks=True),
    ]


def _method(statement: Statement, sha256: str | None, language: Language) -> list[str]:
    origin = statement.origin
    made = language.say(
        "page.made",
        rules=origin.policy,
        calendars=origin.calendars,
        zone_data=origin.zone_data,
        product=origin.product,
    )
    tables = "; ".join(f"{name} {each}" for name, each in sorted(origin.evidence.items()))
    said = [language.say("page.rules_of_counting"), made]
    said.append(language.say("page.tables", tables=tables))
    if sha256 is not None:
        said.append(language.say("page.sealed", hash=sha256, beginning=sha256[:12]))
    return [heading(language.say("page.method")), *(paragraph(one, "soft") for one in said)]
