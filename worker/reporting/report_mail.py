# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as a mail: the figures in its text, the whole report attached."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from worker.notify.mail import Attachment, Document
from worker.report.pdf import PdfUnavailable, pdf_of
from worker.report.statement_page import statement_page
from worker.reporting import wording
from worker.reporting.text import statement_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from rules.statements import Statement
    from worker.reporting.language import Language

LATE_WORTH_SAYING_S = 3600


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a report shows: a statement, pictures of the evidence, the hash of a closed one."""

    statement: Statement
    pictures: Sequence[str] = ()
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a mail says of itself. `key` is the same for every try."""

    key: str
    late: timedelta
    may_be_repeat: bool = False


def mail_of(sheet: Sheet, language: Language, circumstances: Circumstances) -> Document:
    """The mail with the page attached, and the sheets where they can be made."""
    statement = sheet.statement
    page = statement_page(statement, sheet.pictures, sheet.sha256, language)
    files = [Attachment(f"{statement.ident}.html", "text/html", page.encode())]
    with suppress(PdfUnavailable):  # the page says the same, and prints from a browser
        files.insert(0, Attachment(f"{statement.ident}.pdf", "application/pdf", pdf_of(page)))
    running = statement.state == "open"
    subject = "mail.subject_running" if running else "mail.subject_final"
    before, after = _before(statement, language, circumstances), [language.say("mail.attached")]
    figures = statement_lines(statement, sheet.sha256, language)
    return Document(
        circumstances.key,
        language.say(subject, ident=statement.ident),
        "\n".join([*before, "", *figures, "", *after]) + "\n",
        _html(statement, language, before, after),
        tuple(files),
    )


def _before(statement: Statement, language: Language, circumstances: Circumstances) -> list[str]:
    """The sentences that stand before the figures."""
    state = {"open": "mail.open", "provisional": "mail.provisional", "closed": "mail.closed"}
    said = [
        language.say("mail.greeting", customer=statement.party.name),
        language.say(state[statement.state]),
    ]
    seconds = int(circumstances.late.total_seconds())
    if seconds >= LATE_WORTH_SAYING_S:
        said.append(language.say("mail.late", late=language.hours(seconds)))
    if circumstances.may_be_repeat:
        said.append(language.say("mail.repeat"))
    return said


def _html(
    statement: Statement, language: Language, before: Sequence[str], after: Sequence[str]
) -> str:
    """The same for mail programs: a table, no style sheet, nothing from elsewhere."""
    head, rows = wording.obligation_table(statement, language)
    key = "text.total_capped" if statement.is_capped else "text.total"
    total = language.say(key, amount=language.money(statement.total, statement.currency))
    sums = [total]
    if statement.corrections:
        balance = language.money(statement.balance, statement.currency)
        sums.append(language.say("text.balance", amount=balance))
    return "\n".join(
        [
            f'<!doctype html>\n<html lang="{language.code}"><head><meta charset="utf-8">',
            f"<title>{escape(statement.ident)}</title></head><body>",
            *(f"<p>{escape(one)}</p>" for one in [*before, wording.span(statement, language)]),
            '<table border="1" cellpadding="6" style="border-collapse: collapse">',
            f"<tr>{_cells('th', head)}</tr>",
            *(f"<tr>{_cells('td', row)}</tr>" for row in rows),
            "</table>",
            *(f"<p>{escape(one)}</p>" for one in [*sums, *after]),
            "</body></html>\n",
        ]
    )


def _cells(kind: str, texts: Sequence[str]) -> str:
    return "".join(f'<{kind} align="left">{escape(one)}</{kind}>' for one in texts)
