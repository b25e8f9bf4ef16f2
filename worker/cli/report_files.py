# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that reports are written to, and the language in which they are."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.output import as_json, result
from worker.cli.written import written_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.statements import Statement
    from worker.reporting.customers import Account
    from worker.reporting.language import Language

Csv = Annotated[
    Path | None,
    typer.Option(help="A line for each obligation, for invoicing.", metavar="FILE"),
]
Html = Annotated[Path | None, typer.Option(help="The report as a page.", metavar="FILE")]
Pdf = Annotated[
    Path | None, typer.Option(help="The report on A4 sheets; needs the extra pdf.", metavar="FILE")
]
Tables = Annotated[
    Path | None,
    typer.Option(help="Folder for the tables of what was counted, as CSV.", metavar="DIR"),
]
LanguageCode = Annotated[
    str,
    typer.Option("--language", help="Of text and page: en, nl, de or fr.", metavar="CODE"),
]


def language_named(code: str) -> "Language":
    """The language that `--language` names.

    Raises:
        BadParameter: reports are not written in it.
    """
    from worker.reporting.language import UnknownLanguage, language

    try:
        return language(code)
    except UnknownLanguage as unknown:
        raise typer.BadParameter(str(unknown), param_hint="--language") from None


@dataclass(frozen=True)
class ReportFiles:
    """Where a report goes beside the terminal, and in which language it is said."""

    csv: Path | None
    html: Path | None
    pdf: Path | None
    language: "Language"

    def write(self, table: "Callable[[], str]", page: "Callable[[], str]") -> None:
        """Write the files that were asked for: a table as CSV, a page as HTML and as PDF.

        Raises:
            PdfUnavailable: PDF cannot be made here; then nothing is written.
        """
        shown = page() if self.html or self.pdf else ""
        sheets = b""
        if self.pdf is not None:
            from worker.report.pdf import pdf_of

            sheets = pdf_of(shown)  # first what may fail because it is not installed
        if self.csv is not None:
            _write(self.csv, table().encode())
        if self.html is not None:
            _write(self.html, shown.encode())
        if self.pdf is not None:
            _write(self.pdf, sheets)

    @property
    def takes_standard_output(self) -> bool:
        """Whether a file is written there."""
        return any(str(one) == "-" for one in (self.csv, self.html, self.pdf))


def _write(file: Path, content: bytes) -> None:
    with written_to(file) as write:
        write(content)


def write_report(found: "Account", files: ReportFiles) -> None:
    """The files of a report that is still open, with pictures of the evidence."""
    from worker.report.customer_pictures import pictures

    shown = pictures(found, files.language) if files.html or files.pdf else []
    write_statement(found.statement, None, files, shown)


def write_statement(
    statement: "Statement",
    sha256: str | None,
    files: ReportFiles,
    shown: "list[str] | None" = None,
) -> None:
    """The files of a statement; those of a closed one hold nothing but what it does."""
    from worker.report.statement_page import statement_page
    from worker.reporting.wording import invoice_csv

    files.write(
        lambda: invoice_csv(statement, sha256),
        lambda: statement_page(statement, shown or [], sha256, files.language),
    )


def show_statement(
    statement: "Statement", sha256: str | None, files: ReportFiles, *, json: bool
) -> None:
    """The statement on standard output, unless a file took its place."""
    from worker.reporting.text import statement_lines

    if json:
        as_json(_document(statement) | ({} if sha256 is None else {"sha256": sha256}))
    elif not files.takes_standard_output:
        for line in statement_lines(statement, sha256, files.language):
            result(line)


def write_tables(found: "Account", folder: Path) -> None:
    """What was counted, a file for each table."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in found.tables().items():
        _write(folder / f"{found.statement.ident}-{name}.csv", text.encode())


def _document(statement: "Statement") -> dict[str, object]:
    from json import loads

    from rules.canonical import canonical_json

    document: dict[str, object] = loads(canonical_json(statement))
    return document
