# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt report`: what obligations to a customer came to in a period, and what they cost."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.options import (
    AccountName,
    ConfigFile,
    HistoryFile,
    HistoryNow,
    MappingFile,
    RulesFolder,
    Yes,
    rules_of,
)
from worker.cli.output import JsonFlag, QuietFlag, say
from worker.cli.progress import progress
from worker.cli.report_files import (
    Csv,
    Html,
    LanguageCode,
    Pdf,
    ReportFiles,
    Tables,
    language_named,
    show_statement,
    write_report,
    write_statement,
    write_tables,
)
from worker.cli.sources import Store, judged_at, opened_history, opened_store
from worker.cli.verifying import signing_key, verdict_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.policy import Policy
    from rules.statements import Sealed, Statement
    from worker.histories import History
    from worker.reporting.customers import Account, Kept
    from worker.reporting.evidence import OutageFiles, Source
    from worker.reporting.language import Language

_HASH = re.compile(r"[0-9A-Fa-f]{8,64}")

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
_Outages = Annotated[
    Path | None,
    typer.Option(help="Recorded outages; else the file the rules name.", metavar="FILE"),
]


def customer(
    name: _Customer,
    *,
    period: _Period,
    rules: RulesFolder = None,
    history: HistoryFile = None,
    mapping: MappingFile = None,
    now: HistoryNow = None,
    outages: _Outages = None,
    csv: Csv = None,
    html: Html = None,
    pdf: Pdf = None,
    tables: Tables = None,
    language: LanguageCode = "en",
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Show what the obligations to a customer came to in a period, and what they cost."""
    files = ReportFiles(csv, html, pdf, language_named(language))
    folder = rules or rules_of(config, account)
    question = _Question(name, _readable(period), folder, outages, judged_at(now, history))
    with progress(quiet=quiet) as tell:
        if history is not None:
            found = _from_history(question, opened_history(history, mapping, tell))
        else:
            with opened_store(config, account) as store:
                found = _from_store(question, store)
    write_report(found, files)
    if tables is not None:
        write_tables(found, tables)
    show_statement(found.statement, None, files, json=json)
    for doubt in () if quiet else found.doubts:
        say(doubt)


def close(
    name: _Customer,
    *,
    period: _Period,
    rules: RulesFolder = None,
    history: HistoryFile = None,
    mapping: MappingFile = None,
    now: HistoryNow = None,
    outages: _Outages = None,
    csv: Csv = None,
    html: Html = None,
    pdf: Pdf = None,
    tables: Tables = None,
    language: LanguageCode = "en",
    yes: Yes = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Close the statement of a period for good; later facts become entries in the next one."""
    files = ReportFiles(csv, html, pdf, language_named(language))
    folder = rules or rules_of(config, account)
    question = _Question(name, _readable(period), folder, outages, judged_at(now, history))
    with opened_store(config, account) as store, progress(quiet=quiet) as tell:
        if history is None:
            found = _from_store(question, store)
        else:
            source = opened_history(history, mapping, tell)
            found = _from_history(question, source, _kept(store, name))
        closed = _closed(found, store, question.now or store.now())
        if not yes:
            _ask(closed, files.language)
        sealed = _keep(closed, store, folder)
    if tables is not None:
        write_tables(found, tables)
    write_statement(closed, sealed.sha256, files)
    show_statement(closed, sealed.sha256, files, json=json)


def show(
    beginning: Annotated[
        str, typer.Argument(help="The beginning of a hash, at least eight digits.", metavar="HASH")
    ],
    *,
    csv: Csv = None,
    html: Html = None,
    pdf: Pdf = None,
    language: LanguageCode = "en",
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Show a closed statement again; --json prints the very bytes that were kept."""
    from rules.statements import unseal
    from worker.store.statements import statement_bytes

    if not _HASH.fullmatch(beginning):
        raise typer.BadParameter(
            f'"{beginning}" is no beginning of a hash: at least eight digits of 0-9 and a-f; '
            "stipt report verify names the statements of the store with theirs",
            param_hint="HASH",
        )
    files = ReportFiles(csv, html, pdf, language_named(language))
    with (
        opened_store(config, account) as store,
        store.database.read(store.account.name) as books,
    ):
        found = statement_bytes(books, beginning.lower())
    if not found:
        raise CommandFailed(
            f"no closed statement has a hash that begins with {beginning}; stipt report verify "
            "names those of the store"
        )
    if len(found) > 1:
        raise CommandFailed(
            f"{len(found)} closed statements have a hash that begins so: add digits"
        )
    sealed = unseal(found[0])
    if not quiet:
        say(verdict_on(sealed, store.settings))
    write_statement(sealed.statement, sealed.sha256, files)
    if json:
        typer.echo(found[0], nl=False)
    elif not (quiet and (csv or html or pdf)):
        show_statement(sealed.statement, sealed.sha256, files, json=False)


def _readable(period: str) -> str:
    """A label that names a period of some kind, promised or not."""
    from worker.reporting.customers import is_period

    if not is_period(period):
        raise typer.BadParameter(
            f'"{period}" is no period; say 2026-11, 2026-Q4, 2026-W48, or a date of a contract '
            "month",
            param_hint="--period",
        )
    return period


@dataclass(frozen=True)
class _Question:
    """Which statement is wanted, by which rules, as of when (None: all that is known)."""

    name: str
    period: str
    folder: Path
    outages: Path | None
    now: datetime | None

    def answered(self, source_of: "Callable[[Policy], Source]", kept: "Kept | None") -> "Account":
        """The customer's period, counted from a source."""
        from worker.reporting.customers import account_of, agreement_named, period_of
        from worker.rule_folder import load_folder

        policy = load_folder(self.folder)
        agreement = agreement_named(self.name, policy)
        period = period_of(agreement, self.period)
        return account_of(agreement, period, source_of(policy), kept)

    @property
    def outage_files(self) -> "OutageFiles":
        """Where outages are recorded."""
        from worker.reporting.evidence import OutageFiles

        return OutageFiles(self.folder, self.outages)


def _from_history(question: _Question, history: "History", kept: "Kept | None" = None) -> "Account":
    from worker.reporting.evidence import HistorySource

    source = HistorySource.of(history, question.outage_files, question.now)
    return question.answered(lambda _: source, kept)


def _from_store(question: _Question, store: Store) -> "Account":
    from worker.reporting.stored import StoredSource

    def source(policy: "Policy") -> "Source":
        name = store.account.name
        return StoredSource.of(store.database, name, policy, question.outage_files)

    return question.answered(source, _kept(store, question.name))


def _kept(store: Store, customer: str) -> "Kept":
    """The customer's closed statements."""
    from worker.policies import PolicyArchive
    from worker.reporting.customers import Kept
    from worker.store.statements import statements_of

    with store.database.read(store.account.name) as books:
        found = [one.statement for one in statements_of(books, customer)]
    return Kept(found, PolicyArchive(store.database, store.account.name).by_hash)


def _closed(found: "Account", store: Store, at: datetime) -> "Statement":
    """The statement as it would be kept.

    Raises:
        CannotClose: it is closed already, something is missing, or it is too early.
    """
    from rules.statements import CannotClose
    from rules.statements import close as closed
    from worker.store.statements import closed_statement

    with store.database.read(store.account.name) as books:
        before = closed_statement(books, found.statement.ident)
    if before is not None:
        raise CannotClose(
            f"{found.statement.ident} is closed (stipt report show {before[:12]}); "
            "later facts become corrections"
        )
    if found.doubts:
        raise CannotClose("; ".join(found.doubts))
    return closed(found.statement, at)


def _ask(closed: "Statement", language: "Language") -> None:
    from worker.reporting.text import statement_lines

    for line in statement_lines(closed, language=language):
        say(line)
    if not typer.confirm("Close this statement for good?", err=True):
        raise CommandFailed("nothing was closed")


def _keep(closed: "Statement", store: Store, folder: Path) -> "Sealed":
    """Keep the statement, and the texts of the rules under which it was closed."""
    from rules.statements import seal
    from worker.rule_folder import read_files, rule_paths
    from worker.store.policy_log import store_policy
    from worker.store.statements import keep_statement

    at, key = closed.closed_at or closed.origin.cut_off, signing_key(store.settings)
    with store.database.write(store.account.name) as books:
        store_policy(
            books, closed.origin.policy, read_files(rule_paths(folder), named_as_given=False), at
        )
        return keep_statement(books, seal(closed, key))
