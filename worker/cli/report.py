# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt report`: what obligations to a customer came to in a period, and what they cost."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.instants import instant
from worker.cli.options import AccountName, ConfigFile, rules_of
from worker.cli.output import JsonFlag, QuietFlag, as_json, result, say
from worker.cli.progress import progress
from worker.cli.sources import opened_history
from worker.cli.written import written_to

if TYPE_CHECKING:
    from rules.statements import Statement
    from worker.reporting.customers import Account

_Customer = Annotated[
    str,
    typer.Argument(
        help="A contract's name, or tier and organization: premium-360001.", metavar="CUSTOMER"
    ),
]
_Period = Annotated[
    str,
    typer.Option(help="2026-11, 2026-Q4, 2026-W48, or a contract month's date.", metavar="PERIOD"),
]
_Rules = Annotated[
    Path | None,
    typer.Option(help="Folder of rule files; else STIPT_RULES_PATH, else sla.", metavar="DIR"),
]
_Mapping = Annotated[
    Path | None, typer.Option(help="What the columns of a CSV file mean.", metavar="FILE")
]
_Now = Annotated[
    str | None,
    typer.Option(help="Judge as of this instant; else the latest in the file.", metavar="TIME"),
]
_Outages = Annotated[
    Path | None,
    typer.Option(help="Recorded outages; else the file the rules name.", metavar="FILE"),
]
_Csv = Annotated[
    Path | None,
    typer.Option(help="A line for each obligation, for invoicing.", metavar="FILE"),
]
_Html = Annotated[Path | None, typer.Option(help="The report as a page.", metavar="FILE")]
_Tables = Annotated[
    Path | None,
    typer.Option(help="Folder for the tables of what was counted, as CSV.", metavar="DIR"),
]


def customer(
    name: _Customer,
    *,
    period: _Period,
    rules: _Rules = None,
    history: Annotated[
        Path, typer.Option(help="Tickets as JSON Lines, or as CSV with --mapping.", metavar="FILE")
    ],
    mapping: _Mapping = None,
    now: _Now = None,
    outages: _Outages = None,
    csv: _Csv = None,
    html: _Html = None,
    tables: _Tables = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Show what the obligations to a customer came to in a period, and what they cost."""
    from worker.reporting.customers import account_of, agreement_named, period_of
    from worker.reporting.evidence import HistorySource, OutageFiles
    from worker.rule_folder import load_folder

    folder = rules or rules_of(config, account)
    agreement = agreement_named(name, load_folder(folder))
    wanted = period_of(agreement, period)
    judged_at = None if now is None else instant(now)
    with progress(quiet=quiet) as tell:
        files = OutageFiles(folder, outages)
        source = HistorySource.of(opened_history(history, mapping, tell), files, judged_at)
        found = account_of(agreement, wanted, source)
    _write_files(found, csv, html, tables)
    _show(found.statement, json=json, beside=(csv, html))
    if not quiet:
        for doubt in found.doubts:
            say(doubt)


def _write_files(
    found: "Account", csv: Path | None, html: Path | None, tables: Path | None
) -> None:
    from worker.report.customer_pictures import pictures

    _write_statement(found.statement, None, csv, html, pictures(found))
    if tables is not None:
        tables.mkdir(parents=True, exist_ok=True)
        for name, text in found.tables().items():
            with written_to(tables / f"{found.statement.ident}-{name}.csv") as write:
                write(text.encode())


def _write_statement(
    statement: "Statement",
    sha256: str | None,
    csv: Path | None,
    html: Path | None,
    shown: "list[str] | None" = None,
) -> None:
    from worker.report.statement_page import statement_page
    from worker.reporting.wording import invoice_csv

    if csv is not None:
        with written_to(csv) as write:
            write(invoice_csv(statement, sha256).encode())
    if html is not None:
        with written_to(html) as write:
            write(statement_page(statement, shown or [], sha256).encode())


def _show(statement: "Statement", *, json: bool, beside: tuple[Path | None, ...] = ()) -> None:
    """The statement on standard output, unless a file took its place."""
    from worker.reporting.text import statement_lines

    if json:
        as_json(_document(statement))
    elif not any(str(one) == "-" for one in beside):
        for line in statement_lines(statement):
            result(line)


def _document(statement: "Statement") -> dict[str, object]:
    from json import loads

    from rules.canonical import canonical_json

    document: dict[str, object] = loads(canonical_json(statement))
    return document
